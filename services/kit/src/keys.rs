//! Encryption: the county's key wraps one data key a pupil; every sensitive column is sealed with AES-256-GCM under it.
//!
//! A sealed value is `algorithm (1 byte) | nonce (12) | ciphertext and tag`. What it belongs to (table, column, row) is
//! authenticated with it, so that a value that was moved elsewhere does not open. Destroying a pupil's data key makes
//! everything of that pupil unreadable.

use crate::{
    db::{Db, DbError, IdList, Tx},
    insert_rows,
    role::Role,
    status::ApiError,
};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf, hmac, rand,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{collections::HashMap, path::Path, sync::Arc};
use uuid::Uuid;
use zeroize::Zeroizing;

/// AES-256-GCM with a random nonce. SM4-GCM would be another number.
const ALGORITHM_AES_256_GCM: u8 = 1;
const KEY_LEN: usize = 32;

/// What goes wrong with keys and sealed values. Says nothing of what they hold.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key file cannot be read or written.
    #[error("key file {path}: {cause}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        cause: String,
    },
    /// A value does not open: changed, moved, under another key, or of an unknown algorithm.
    #[error("a sealed value in {table}.{column} does not open")]
    Sealed {
        /// Its table.
        table: &'static str,
        /// Its column.
        column: &'static str,
    },
    /// What opened is not what was expected there.
    #[error("a sealed value in {table}.{column} holds something else than expected")]
    Content {
        /// Its table.
        table: &'static str,
        /// Its column.
        column: &'static str,
    },
    /// A data key does not open with the county's key.
    #[error("a data key does not open with this county's key")]
    Wrapped,
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Library,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl ApiError for KeyError {
    fn code(&self) -> tonic::Code {
        match self {
            Self::Db(cause) => cause.code(),
            _ => tonic::Code::Internal,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Db(cause) => cause.reason(),
            _ => "INTERNAL",
        }
    }
    fn retryable(&self) -> bool {
        matches!(self, Self::Db(cause) if cause.retryable())
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Fresh random bytes from the operating system.
///
/// # Errors
/// [`KeyError::Library`] when there are none to be had.
pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| KeyError::Library)?;
    Ok(bytes)
}

struct Secrets {
    county: Zeroizing<[u8; KEY_LEN]>,
    lookup: hmac::Key,
    service: SubjectKey,
}

/// The keys of one service. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Secrets>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    county_key: String,
    lookup_key: String,
}

impl Keys {
    /// Reads the county's keys from `file`, which must hold two 32-byte keys in hexadecimal. If there is no such file it is made,
    /// readable by its owner only.
    ///
    /// # Errors
    /// The file cannot be read, written or understood.
    pub fn open_or_create(file: &Path, role: Role) -> Result<Self, KeyError> {
        let fail = |cause: String| KeyError::File { path: file.display().to_string(), cause };
        if !file.exists() {
            let fresh = KeyFile {
                county_key: hex::encode(random::<KEY_LEN>()?),
                lookup_key: hex::encode(random::<KEY_LEN>()?),
            };
            let text = toml::to_string(&fresh).map_err(|e| fail(e.to_string()))?;
            write_secret(file, text.as_bytes()).map_err(|e| fail(e.to_string()))?;
        }
        let text = Zeroizing::new(std::fs::read_to_string(file).map_err(|e| fail(e.to_string()))?);
        // The parser's own message would quote the line, and with it the key.
        let parsed: KeyFile =
            toml::from_str(&text).map_err(|_| fail("county_key and lookup_key are expected".into()))?;
        let county =
            key_bytes(&parsed.county_key).ok_or_else(|| fail("county_key: 64 hexadecimal digits".into()))?;
        let lookup =
            key_bytes(&parsed.lookup_key).ok_or_else(|| fail("lookup_key: 64 hexadecimal digits".into()))?;
        Self::from_bytes(county, &lookup, role)
    }

    /// Keys from their bytes.
    ///
    /// # Errors
    /// [`KeyError::Library`] when a key cannot be derived.
    pub fn from_bytes(county: [u8; KEY_LEN], lookup: &[u8; KEY_LEN], role: Role) -> Result<Self, KeyError> {
        let service = derive(&county, &["service", role.name()])?;
        Ok(Self(Arc::new(Secrets {
            county: Zeroizing::new(county),
            lookup: hmac::Key::new(hmac::HMAC_SHA256, lookup),
            service: SubjectKey(Zeroizing::new(service)),
        })))
    }

    /// The key of a service's own secrets and of people who are no pupils: staff names, queued events, stored answers.
    pub fn service_subject(&self) -> SubjectKey {
        self.0.service.clone()
    }

    /// Keyed hash of an identifier, for finding rows by equality without storing it. `label` separates columns.
    pub fn lookup(&self, label: &'static str, value: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0.lookup);
        context.update(label.as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        context.sign().as_ref().to_vec()
    }

    /// The data key of a subject, made if there is none yet.
    ///
    /// # Errors
    /// The database fails, or the key does not open.
    pub async fn subject(&self, tx: &mut Tx, subject: Uuid) -> Result<SubjectKey, KeyError> {
        let mut keys = self.subjects(tx, &[subject]).await?;
        keys.remove(&subject).ok_or(KeyError::Wrapped)
    }

    /// The data keys of many subjects at once, made where there are none yet.
    ///
    /// # Errors
    /// The database fails, or a key does not open.
    pub async fn subjects(
        &self,
        tx: &mut Tx,
        subjects: &[Uuid],
    ) -> Result<HashMap<Uuid, SubjectKey>, KeyError> {
        let mut found =
            self.unwrap_rows(tx.q(SELECT_KEYS).bind(IdList::from(subjects.to_vec())).all().await?)?;
        let mut missing: Vec<Uuid> = subjects.iter().copied().filter(|id| !found.contains_key(id)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(found);
        }
        let mut rows = Vec::with_capacity(missing.len());
        for subject in &missing {
            rows.push((*subject, self.wrap(*subject, &random::<KEY_LEN>()?)?));
        }
        insert_rows!(tx, "kit_data_keys", [subject, wrapped], rows, "ON CONFLICT (subject) DO NOTHING")
            .await?;
        // Read back rather than remembered: another transaction may have been first.
        found.extend(self.unwrap_rows(tx.q(SELECT_KEYS).bind(IdList::from(missing)).all().await?)?);
        Ok(found)
    }

    /// The data keys that there are among `subjects`; one that is missing was never made or has been destroyed.
    ///
    /// # Errors
    /// The database fails, or a key does not open.
    pub async fn existing(&self, db: &Db, subjects: &[Uuid]) -> Result<HashMap<Uuid, SubjectKey>, KeyError> {
        self.unwrap_rows(db.read(SELECT_KEYS).bind(IdList::from(subjects.to_vec())).all().await?)
    }

    /// The same inside a transaction.
    ///
    /// # Errors
    /// As [`Keys::existing`].
    pub async fn existing_tx(
        &self,
        tx: &mut Tx,
        subjects: &[Uuid],
    ) -> Result<HashMap<Uuid, SubjectKey>, KeyError> {
        self.unwrap_rows(tx.q(SELECT_KEYS).bind(IdList::from(subjects.to_vec())).all().await?)
    }

    /// The data key of one subject, if it has one.
    ///
    /// # Errors
    /// The database fails, or the key does not open.
    pub async fn subject_opt(&self, db: &Db, subject: Uuid) -> Result<Option<SubjectKey>, KeyError> {
        Ok(self.existing(db, &[subject]).await?.remove(&subject))
    }

    /// Destroys a subject's data key: everything sealed with it is gone for good.
    ///
    /// # Errors
    /// The database fails.
    pub async fn destroy(&self, tx: &mut Tx, subject: Uuid) -> Result<(), KeyError> {
        tx.q("DELETE FROM kit_data_keys WHERE subject = $1").bind(subject).exec().await?;
        Ok(())
    }

    fn wrap(&self, subject: Uuid, key: &[u8; KEY_LEN]) -> Result<Vec<u8>, KeyError> {
        seal(&self.0.county, &aad("kit_data_keys", "wrapped", subject), key)
    }

    fn unwrap_rows(&self, rows: Vec<KeyRow>) -> Result<HashMap<Uuid, SubjectKey>, KeyError> {
        rows.into_iter()
            .map(|row| {
                let plain = open(&self.0.county, &aad("kit_data_keys", "wrapped", row.subject), &row.wrapped)
                    .ok_or(KeyError::Wrapped)?;
                let key = <[u8; KEY_LEN]>::try_from(plain.as_slice()).map_err(|_| KeyError::Wrapped)?;
                Ok((row.subject, SubjectKey(Zeroizing::new(key))))
            })
            .collect()
    }
}

const SELECT_KEYS: &str =
    "SELECT subject, wrapped FROM kit_data_keys WHERE subject IN (SELECT unhex(value) FROM json_each($1))";

#[derive(sqlx::FromRow)]
struct KeyRow {
    subject: Uuid,
    wrapped: Vec<u8>,
}

/// The data key of one subject.
#[derive(Clone)]
pub struct SubjectKey(Zeroizing<[u8; KEY_LEN]>);

impl std::fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubjectKey(..)")
    }
}

impl SubjectKey {
    /// Seals bytes for one column of one row.
    ///
    /// # Errors
    /// [`KeyError::Library`] when there is no randomness.
    pub fn seal(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        seal(&self.0, &aad(table, column, row.into()), plain)
    }

    /// Opens what was sealed for that column of that row.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] when it was changed, moved or sealed under another key.
    pub fn open(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        open(&self.0, &aad(table, column, row.into()), sealed).ok_or(KeyError::Sealed { table, column })
    }

    /// Seals a text.
    ///
    /// # Errors
    /// As [`SubjectKey::seal`].
    pub fn seal_text(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        plain: &str,
    ) -> Result<Vec<u8>, KeyError> {
        self.seal(table, column, row, plain.as_bytes())
    }

    /// Opens a text.
    ///
    /// # Errors
    /// As [`SubjectKey::open`]; [`KeyError::Content`] when it is no text.
    pub fn open_text(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        sealed: &[u8],
    ) -> Result<String, KeyError> {
        String::from_utf8(self.open(table, column, row, sealed)?)
            .map_err(|_| KeyError::Content { table, column })
    }

    /// Seals any value as JSON.
    ///
    /// # Errors
    /// As [`SubjectKey::seal`]; [`KeyError::Content`] when it has no JSON form.
    pub fn seal_json<T: Serialize>(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        plain: &T,
    ) -> Result<Vec<u8>, KeyError> {
        let json = serde_json::to_vec(plain).map_err(|_| KeyError::Content { table, column })?;
        self.seal(table, column, row, &json)
    }

    /// Opens a value that was sealed as JSON.
    ///
    /// # Errors
    /// As [`SubjectKey::open`]; [`KeyError::Content`] when it is another kind of value.
    pub fn open_json<T: DeserializeOwned>(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        sealed: &[u8],
    ) -> Result<T, KeyError> {
        serde_json::from_slice(&self.open(table, column, row, sealed)?)
            .map_err(|_| KeyError::Content { table, column })
    }
}

fn aad(table: &str, column: &str, row: Uuid) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(table.len() + column.len() + 18);
    bytes.extend_from_slice(table.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(column.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(row.as_bytes());
    bytes
}

fn seal(key: &[u8; KEY_LEN], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(|_| KeyError::Library)?);
    let nonce = random::<NONCE_LEN>()?;
    let mut body = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut body)
        .map_err(|_| KeyError::Library)?;
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len());
    sealed.push(ALGORITHM_AES_256_GCM);
    sealed.extend_from_slice(&nonce);
    sealed.append(&mut body);
    Ok(sealed)
}

fn open(key: &[u8; KEY_LEN], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (&algorithm, rest) = sealed.split_first()?;
    if algorithm != ALGORITHM_AES_256_GCM {
        return None;
    }
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let mut body = body.to_vec();
    let plain = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut body).ok()?;
    let length = plain.len();
    body.truncate(length);
    Some(body)
}

struct KeyLen;
impl hkdf::KeyType for KeyLen {
    fn len(&self) -> usize {
        KEY_LEN
    }
}

fn derive(secret: &[u8], info: &[&str]) -> Result<[u8; KEY_LEN], KeyError> {
    let info: Vec<&[u8]> = info.iter().map(|part| part.as_bytes()).collect();
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"xinqiao").extract(secret);
    let mut out = [0; KEY_LEN];
    prk.expand(&info, KeyLen).and_then(|okm| okm.fill(&mut out)).map_err(|_| KeyError::Library)?;
    Ok(out)
}

fn key_bytes(hexadecimal: &str) -> Option<[u8; KEY_LEN]> {
    hex::decode(hexadecimal).ok()?.try_into().ok()
}

/// Writes a file that only its owner may read, durably and never half.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _};
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let temporary = path.with_extension("new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
