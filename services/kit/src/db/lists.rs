//! Lists as one argument, with the same SQL on both engines:
//! `id IN (SELECT unhex(value) FROM json_each($1))` for ids, `code IN (SELECT value FROM json_each($1))` for texts.
//!
//! SQLite has both functions. The first migration gives PostgreSQL a `json_each(text)` and an `unhex(text)` that makes a
//! `uuid`, in the service's schema.

use sqlx::{
    Encode, Postgres, Sqlite, Type, encode::IsNull, error::BoxDynError, postgres::PgArgumentBuffer,
    postgres::PgTypeInfo, sqlite::SqliteArgumentsBuffer, sqlite::SqliteTypeInfo,
};
use std::fmt::Write as _;
use uuid::Uuid;

/// Ids as one argument for `IN (SELECT unhex(value) FROM json_each($1))`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdList(Vec<Uuid>);

/// Texts as one argument for `IN (SELECT value FROM json_each($1))`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextList(Vec<String>);

impl IdList {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ids.
    pub fn ids(&self) -> &[Uuid] {
        &self.0
    }

    /// Whether `id` is in it.
    pub fn contains(&self, id: impl Into<Uuid>) -> bool {
        self.0.contains(&id.into())
    }

    fn json(&self) -> String {
        let mut json = String::with_capacity(2 + 35 * self.0.len());
        json.push('[');
        for (at, id) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            // Writing to a String does not fail.
            let _ = write!(json, "{comma}\"{}\"", id.simple());
        }
        json.push(']');
        json
    }
}

impl<T: Into<Uuid>> From<Vec<T>> for IdList {
    fn from(ids: Vec<T>) -> Self {
        ids.into_iter().collect()
    }
}

impl<T: Into<Uuid> + Copy> From<&[T]> for IdList {
    fn from(ids: &[T]) -> Self {
        ids.iter().copied().collect()
    }
}

impl<T: Into<Uuid>> FromIterator<T> for IdList {
    fn from_iter<I: IntoIterator<Item = T>>(ids: I) -> Self {
        Self(ids.into_iter().map(Into::into).collect())
    }
}

impl TextList {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn json(&self) -> Result<String, BoxDynError> {
        // SQLite ends a text at a zero character, and PostgreSQL refuses one.
        if self.0.iter().any(|text| text.contains('\0')) {
            return Err("a text with a zero character".into());
        }
        Ok(serde_json::to_string(&self.0)?)
    }
}

impl<T: Into<String>> From<Vec<T>> for TextList {
    fn from(texts: Vec<T>) -> Self {
        texts.into_iter().collect()
    }
}

impl<T: Into<String>> FromIterator<T> for TextList {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        Self(texts.into_iter().map(Into::into).collect())
    }
}

macro_rules! bound_as_text {
    ($list:ty, |$value:ident| $json:expr) => {
        impl Type<Postgres> for $list {
            fn type_info() -> PgTypeInfo {
                <String as Type<Postgres>>::type_info()
            }
        }

        impl Type<Sqlite> for $list {
            fn type_info() -> SqliteTypeInfo {
                <String as Type<Sqlite>>::type_info()
            }
        }

        impl<'q> Encode<'q, Postgres> for $list {
            fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
                let $value = self;
                <String as Encode<'q, Postgres>>::encode($json, buffer)
            }
        }

        impl<'q> Encode<'q, Sqlite> for $list {
            fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
                let $value = self;
                <String as Encode<'q, Sqlite>>::encode($json, buffer)
            }
        }
    };
}

bound_as_text!(IdList, |list| list.json());
bound_as_text!(TextList, |list| list.json()?);
