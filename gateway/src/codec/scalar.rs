//! Scalars, both ways: JSON token or query text to wire, wire to JSON.

use super::{
    json::{self, number_len},
    tables::{Enum, EnumId, Kind, Tables},
    wire::{Malformed, Raw, array, put_varint, varint},
};
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};

/// What is wrong with a value, before it is known where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) reason: &'static str,
    pub(crate) params: Vec<(&'static str, String)>,
}

impl Fault {
    pub(crate) fn new(reason: &'static str) -> Self {
        Self { reason, params: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.push((name, value.to_string()));
        self
    }

    pub(crate) fn wrong_type(expected: &'static str) -> Self {
        Self::new("WRONG_TYPE").with("expected", expected)
    }
}

/// One scalar as the client wrote it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Token<'a> {
    /// A JSON string.
    Text(&'a str),
    /// A JSON number, as written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// A path variable or query parameter: text that may stand for any kind.
    Bare(&'a str),
}

/// Base64 of either alphabet, padded or not.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

impl Kind {
    /// What a client has to write, in a word.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Double | Self::Float => "number",
            Self::Bool => "boolean",
            Self::String => "string",
            Self::Bytes => "base64",
            Self::Enum(_) => "enum",
            Self::Message(_) => "object",
            _ => "integer",
        }
    }
}

/// Writes the value without its tag. Tells whether it is the kind's zero.
pub(crate) fn read(tables: &Tables, kind: Kind, token: Token<'_>, out: &mut Vec<u8>) -> Result<bool, Fault> {
    let wrong = || Fault::wrong_type(kind.expected());
    match kind {
        Kind::String => {
            let (Token::Text(text) | Token::Bare(text)) = token else { return Err(wrong()) };
            // PostgreSQL stores no U+0000, and nobody types one.
            if text.contains('\0') {
                return Err(Fault::new("INVALID_FORMAT"));
            }
            put_varint(out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
            Ok(text.is_empty())
        }
        Kind::Bytes => {
            let (Token::Text(text) | Token::Bare(text)) = token else { return Err(wrong()) };
            let engine = if text.contains(['-', '_']) { URL } else { PLAIN };
            let bytes = engine.decode(text).map_err(|_| wrong())?;
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(&bytes);
            Ok(bytes.is_empty())
        }
        Kind::Bool => {
            let value = match token {
                Token::Bool(value) => value,
                Token::Bare("true") => true,
                Token::Bare("false") => false,
                _ => return Err(wrong()),
            };
            out.push(u8::from(value));
            Ok(!value)
        }
        Kind::Double | Kind::Float => float(kind, token, out),
        Kind::Enum(id) => {
            let number = enum_number(tables.enumeration(id), token)?;
            put_varint(out, i64::from(number) as u64);
            Ok(number == 0)
        }
        Kind::Message(_) => Err(wrong()),
        _ => integer(kind, token, out),
    }
}

fn enum_number(enumeration: &Enum, token: Token<'_>) -> Result<i32, Fault> {
    let unknown = || Fault::new("UNKNOWN_VALUE");
    match token {
        Token::Text(name) => enumeration.number(name).ok_or_else(unknown),
        Token::Bare(name) if number_len(name) == 0 => enumeration.number(name).ok_or_else(unknown),
        Token::Number(text) | Token::Bare(text) => {
            let number = text.parse().map_err(|_| unknown())?;
            enumeration.name(number).map(|_| number).ok_or_else(unknown)
        }
        Token::Bool(_) => Err(Fault::wrong_type("enum")),
    }
}

/// The text of a number token; strings may hold numbers too, in the grammar of JSON.
fn number_text<'a>(token: Token<'a>, expected: &'static str) -> Result<&'a str, Fault> {
    match token {
        Token::Number(text) => Ok(text),
        Token::Text(text) | Token::Bare(text) if !text.is_empty() && number_len(text) == text.len() => {
            Ok(text)
        }
        _ => Err(Fault::wrong_type(expected)),
    }
}

fn float(kind: Kind, token: Token<'_>, out: &mut Vec<u8>) -> Result<bool, Fault> {
    let special = match token {
        Token::Text("NaN") | Token::Bare("NaN") => Some(f64::NAN),
        Token::Text("Infinity") | Token::Bare("Infinity") => Some(f64::INFINITY),
        Token::Text("-Infinity") | Token::Bare("-Infinity") => Some(f64::NEG_INFINITY),
        _ => None,
    };
    let value = match special {
        Some(value) => value,
        None => {
            let value: f64 =
                number_text(token, "number")?.parse().map_err(|_| Fault::wrong_type("number"))?;
            let max = if kind == Kind::Float { f64::from(f32::MAX) } else { f64::MAX };
            if !value.is_finite() || value.abs() > max {
                return Err(Fault::new("OUT_OF_RANGE")
                    .with("min", format!("{:e}", -max))
                    .with("max", format!("{max:e}")));
            }
            value
        }
    };
    if kind == Kind::Double {
        out.extend_from_slice(&value.to_le_bytes());
        return Ok(value.to_bits() == 0);
    }
    let single = value as f32;
    out.extend_from_slice(&single.to_le_bytes());
    Ok(single.to_bits() == 0)
}

/// A whole number; `1.0` and `1e3` are whole too. What is beyond any integer of ours comes out as the largest there is.
fn whole(text: &str) -> Result<i128, Fault> {
    if !text.contains(['.', 'e', 'E']) {
        return Ok(text.parse().unwrap_or(if text.starts_with('-') { i128::MIN } else { i128::MAX }));
    }
    let value: f64 = text.parse().map_err(|_| Fault::wrong_type("integer"))?;
    if value.is_finite() && value.fract() != 0.0 {
        return Err(Fault::wrong_type("integer"));
    }
    Ok(value as i128)
}

fn integer(kind: Kind, token: Token<'_>, out: &mut Vec<u8>) -> Result<bool, Fault> {
    let value = whole(number_text(token, "integer")?)?;
    let (min, max): (i128, i128) = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
        Kind::Uint32 | Kind::Fixed32 => (0, u32::MAX.into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (i64::MIN.into(), i64::MAX.into()),
        _ => (0, u64::MAX.into()),
    };
    if value < min || value > max {
        return Err(Fault::new("OUT_OF_RANGE").with("min", min).with("max", max));
    }
    let bits = value as u64;
    match kind {
        Kind::Fixed32 | Kind::Sfixed32 => out.extend_from_slice(&(bits as u32).to_le_bytes()),
        Kind::Fixed64 | Kind::Sfixed64 => out.extend_from_slice(&bits.to_le_bytes()),
        Kind::Sint32 | Kind::Sint64 => put_varint(out, zigzag(bits as i64)),
        _ => put_varint(out, bits),
    }
    Ok(value == 0)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// One value of a packed list.
pub(crate) fn unpack<'a>(kind: Kind, rest: &mut &[u8]) -> Result<Raw<'a>, Malformed> {
    Ok(match kind.layout() {
        super::wire::Layout::Varint => Raw::Varint(varint(rest)?),
        super::wire::Layout::Fixed64 => Raw::Fixed64(u64::from_le_bytes(array(rest)?)),
        super::wire::Layout::Fixed32 => Raw::Fixed32(u32::from_le_bytes(array(rest)?)),
        super::wire::Layout::Bytes => return Err(Malformed("a packed list of strings")),
    })
}

/// Writes a value as JSON.
pub(crate) fn write(tables: &Tables, kind: Kind, raw: Raw<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
    match (kind, raw) {
        (Kind::Int32, Raw::Varint(bits)) => display(out, bits as i32),
        (Kind::Uint32, Raw::Varint(bits)) => display(out, bits as u32),
        (Kind::Sint32, Raw::Varint(bits)) => display(out, unzigzag(u64::from(bits as u32)) as i32),
        (Kind::Fixed32, Raw::Fixed32(bits)) => display(out, bits),
        (Kind::Sfixed32, Raw::Fixed32(bits)) => display(out, bits as i32),
        (Kind::Int64, Raw::Varint(bits)) | (Kind::Sfixed64, Raw::Fixed64(bits)) => quoted(out, bits as i64),
        (Kind::Uint64, Raw::Varint(bits)) | (Kind::Fixed64, Raw::Fixed64(bits)) => quoted(out, bits),
        (Kind::Sint64, Raw::Varint(bits)) => quoted(out, unzigzag(bits)),
        (Kind::Bool, Raw::Varint(bits)) => display(out, bits != 0),
        (Kind::Double, Raw::Fixed64(bits)) => double(out, f64::from_bits(bits)),
        (Kind::Float, Raw::Fixed32(bits)) => single(out, f32::from_bits(bits)),
        (Kind::String, Raw::Bytes(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Malformed("a string is not UTF-8"))?;
            json::put_string(out, text);
        }
        (Kind::Bytes, Raw::Bytes(bytes)) => {
            out.push(b'"');
            let start = out.len();
            out.resize(start + bytes.len().div_ceil(3) * 4, 0);
            let written = BASE64_STANDARD
                .encode_slice(bytes, out.get_mut(start..).unwrap_or_default())
                .map_err(|_| Malformed("bytes are too long"))?;
            out.truncate(start + written);
            out.push(b'"');
        }
        (Kind::Enum(id), Raw::Varint(bits)) => enum_value(tables, id, bits as i32, out),
        _ => return Err(Malformed("a value has another wire type than its field")),
    }
    Ok(())
}

/// Writes the zero of a kind.
pub(crate) fn write_zero(tables: &Tables, kind: Kind, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let raw = match kind.layout() {
        super::wire::Layout::Varint => Raw::Varint(0),
        super::wire::Layout::Fixed64 => Raw::Fixed64(0),
        super::wire::Layout::Fixed32 => Raw::Fixed32(0),
        super::wire::Layout::Bytes => Raw::Bytes(&[]),
    };
    write(tables, kind, raw, out)
}

fn enum_value(tables: &Tables, id: EnumId, number: i32, out: &mut Vec<u8>) {
    let enumeration = tables.enumeration(id);
    match enumeration.name(number) {
        _ if enumeration.is_null => out.extend_from_slice(b"null"),
        Some(name) => json::put_string(out, name),
        // A newer service knows more values than this gateway: the number is better than nothing.
        None => display(out, number),
    }
}

fn display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    use std::io::Write as _;
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{value}");
}

fn quoted(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    out.push(b'"');
    display(out, value);
    out.push(b'"');
}

fn special(value: f64) -> Option<&'static [u8]> {
    match value {
        _ if value.is_nan() => Some(b"\"NaN\""),
        f64::INFINITY => Some(b"\"Infinity\""),
        f64::NEG_INFINITY => Some(b"\"-Infinity\""),
        _ => None,
    }
}

fn double(out: &mut Vec<u8>, value: f64) {
    match special(value) {
        Some(word) => out.extend_from_slice(word),
        // serde_json prints the shortest text that reads back the same, with an exponent where that is shorter.
        None => drop(serde_json::to_writer(out, &value)),
    }
}

fn single(out: &mut Vec<u8>, value: f32) {
    match special(value.into()) {
        Some(word) => out.extend_from_slice(word),
        None => drop(serde_json::to_writer(out, &value)),
    }
}
