//! Secrets that are made here and shown once: activation codes, first passwords, session tokens. Randomness is passed in.

/// Characters of codes and first passwords: none that is read for another (0 and O, 1, I and L, U and V).
const ALPHABET: &[u8; 30] = b"ABCDEFGHJKMNPQRSTVWXYZ23456789";
const GROUP: usize = 4;
/// Characters of an activation code: 16 of 30 are 78 bits, out of reach of guessing.
pub const CODE_LENGTH: usize = 16;
/// Characters of a first password: 12 of 30 are 58 bits.
pub const PASSWORD_LENGTH: usize = 12;
/// Random bytes that one character may use up.
pub const BYTES_PER_CHARACTER: usize = 4;

fn character(bytes: &[u8]) -> char {
    let number = bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    // 2^32 modulo 30 leaves a bias of one in a hundred million.
    let index = usize::try_from(number % ALPHABET.len() as u64).unwrap_or_default();
    ALPHABET.get(index).map_or('A', |byte| char::from(*byte))
}

fn characters(random: &[u8]) -> impl Iterator<Item = char> {
    random.chunks_exact(BYTES_PER_CHARACTER).map(character)
}

/// An activation code, as it is printed: `XXXX-XXXX-XXXX-XXXX`.
pub fn activation_code(random: &[u8; CODE_LENGTH * BYTES_PER_CHARACTER]) -> String {
    let mut code = String::with_capacity(CODE_LENGTH + CODE_LENGTH / GROUP);
    for (index, character) in characters(random).enumerate() {
        if index > 0 && index % GROUP == 0 {
            code.push('-');
        }
        code.push(character);
    }
    code
}

/// An activation code as it is compared: capitals, without hyphens and spaces.
pub fn fold_code(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// A first password to hand out on paper.
pub fn first_password(random: &[u8; PASSWORD_LENGTH * BYTES_PER_CHARACTER]) -> String {
    characters(random).map(|c| c.to_ascii_lowercase()).collect()
}
