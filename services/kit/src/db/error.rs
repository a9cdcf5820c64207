//! What can go wrong with the database, told apart by what a caller should do.

use std::{borrow::Cow, error::Error as StdError, fmt};

/// A failure of the database. Its text names SQL states and constraints, never values: drivers put values into theirs.
#[derive(Debug, Clone)]
pub enum DbError {
    /// [`Query::one`](super::Query::one) or [`Query::get`](super::Query::get) found no row.
    NotFound,
    /// The database cannot be reached, has no free connection, or does not answer in time. A write that was under way may
    /// have happened or not.
    Unavailable(Cow<'static, str>),
    /// Somebody else was in the way (serialization failure, deadlock, lock). The whole unit of work may be run again.
    Conflict(Cow<'static, str>),
    /// A constraint was violated. Duplicates are found with ON CONFLICT DO NOTHING, so this is a fault in most places.
    Constraint(Constraint),
    /// An earlier statement of this transaction failed, so it was rolled back instead of committed.
    Aborted,
    /// A fault of the program: wrong SQL, wrong types, a value that does not decode.
    Fault(Fault),
}

/// Which kind of constraint was violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// Unique or primary key.
    Unique,
    /// Foreign key.
    ForeignKey,
    /// NOT NULL.
    NotNull,
    /// CHECK.
    Check,
}

/// A fault of the program, in words for the log.
#[derive(Debug, Clone)]
pub struct Fault(Cow<'static, str>);

impl DbError {
    /// Whether the whole unit of work may succeed if it is run again from its start.
    ///
    /// A connection lost at COMMIT is among them: what is run again must carry keys made by the caller (guard 6).
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Unavailable(_))
    }

    /// Whether a unique or primary key was violated.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Constraint(Constraint::Unique))
    }

    pub(crate) fn fault(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Fault(Fault(text.into()))
    }

    pub(crate) fn unavailable(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Unavailable(text.into())
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such row"),
            Self::Unavailable(why) => write!(f, "the database is not available: {why}"),
            Self::Conflict(why) => write!(f, "another transaction was in the way: {why}"),
            Self::Constraint(kind) => write!(f, "a constraint was violated: {kind:?}"),
            Self::Aborted => {
                f.write_str("rolled back, since an earlier statement of the transaction had failed")
            }
            Self::Fault(fault) => write!(f, "wrong use of the database: {}", fault.0),
        }
    }
}

impl StdError for DbError {}

impl crate::status::ApiError for DbError {
    fn code(&self) -> tonic::Code {
        match self {
            Self::Unavailable(_) => tonic::Code::Unavailable,
            Self::Conflict(_) => tonic::Code::Aborted,
            // A use-case that expects a missing row asks with `opt`; here it is a fault like the others.
            Self::NotFound | Self::Constraint(_) | Self::Aborted | Self::Fault(_) => tonic::Code::Internal,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Conflict(_) => "CONFLICT",
            Self::NotFound | Self::Constraint(_) | Self::Aborted | Self::Fault(_) => "INTERNAL",
        }
    }
    /// Not when the database went away: whether the commit happened is unknown then, and only the client knows its key.
    fn retryable(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::RowNotFound => Self::NotFound,
            E::Database(error) => from_engine(&*error),
            E::Io(error) => Self::unavailable(error.kind().to_string()),
            E::Tls(_) => Self::unavailable("TLS failed"),
            E::PoolTimedOut => Self::unavailable("no connection became free in time"),
            E::PoolClosed => Self::unavailable("closed"),
            E::WorkerCrashed => Self::unavailable("its worker stopped"),
            E::BeginFailed => Self::unavailable("BEGIN failed"),
            E::Protocol(_) => Self::unavailable("the connection is out of step"),
            E::ColumnNotFound(name) => Self::fault(format!("no column {name}")),
            // The source of these may quote the value: it stays out of the text.
            E::ColumnDecode { index, .. } => Self::fault(format!("column {index} does not decode")),
            E::Decode(_) => Self::fault("a value does not decode"),
            E::Encode(_) => Self::fault("a value does not encode"),
            other => Self::fault(other.to_string()),
        }
    }
}

fn from_engine(error: &dyn sqlx::error::DatabaseError) -> DbError {
    use sqlx::error::ErrorKind;
    let constraint = match error.kind() {
        ErrorKind::UniqueViolation => Some(Constraint::Unique),
        ErrorKind::ForeignKeyViolation => Some(Constraint::ForeignKey),
        ErrorKind::NotNullViolation => Some(Constraint::NotNull),
        ErrorKind::CheckViolation => Some(Constraint::Check),
        _ => None,
    };
    if let Some(constraint) = constraint {
        return DbError::Constraint(constraint);
    }
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        from_sqlite(&code, error.message())
    } else {
        from_postgres(&code, error.message())
    }
}

/// Result codes: <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
fn from_sqlite(code: &str, message: &str) -> DbError {
    const ERROR: u32 = 1;
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const INTERRUPT: u32 = 9;
    const IOERR: u32 = 10;
    const CORRUPT: u32 = 11;
    const FULL: u32 = 13;
    const CANTOPEN: u32 = 14;
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(BUSY | LOCKED) => DbError::Conflict(format!("SQLite {code}").into()),
        Ok(INTERRUPT) => DbError::unavailable("interrupted"),
        Ok(FULL) => DbError::unavailable("the disk is full"),
        Ok(IOERR | CANTOPEN | CORRUPT) => DbError::unavailable(format!("SQLite {code}")),
        Ok(ERROR) => DbError::fault(format!("SQLite {code}: {message}")),
        _ => DbError::fault(format!("SQLite {code}")),
    }
}

/// States: <https://www.postgresql.org/docs/current/errcodes-appendix.html>; two characters are the class.
fn from_postgres(code: &str, message: &str) -> DbError {
    match code {
        "40001" | "40P01" | "55P03" => DbError::Conflict(format!("SQLSTATE {code}").into()),
        "57014" => DbError::unavailable("a statement took too long"),
        "25P02" => DbError::Aborted,
        "25P03" | "25P04" => DbError::unavailable("a transaction took too long"),
        _ => match code.get(..2) {
            Some("08" | "53" | "57" | "58" | "XX") => DbError::unavailable(format!("SQLSTATE {code}")),
            // Class 42 speaks of the SQL text, which is ours and static; others may quote values.
            Some("42") => DbError::fault(format!("SQLSTATE {code}: {message}")),
            _ => DbError::fault(format!("SQLSTATE {code}")),
        },
    }
}

/// Whether the connection on which this happened can still be used.
pub(super) fn keeps_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // The server said goodbye: shut down, crashed, terminated, or a time-out that ends the session.
            !(code.starts_with("57P") || code.starts_with("08") || matches!(&*code, "25P03" | "25P04"))
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_apart_by_what_to_do() {
        for (code, retryable) in [
            ("40001", true),
            ("40P01", true),
            ("55P03", true),
            ("57P01", true),
            ("53300", true),
            ("57014", true),
            ("22P02", false),
            ("42601", false),
        ] {
            assert_eq!(from_postgres(code, "m").is_retryable(), retryable, "{code}");
        }
        for (code, retryable) in
            [("5", true), ("517", true), ("6", true), ("13", true), ("1", false), ("21", false)]
        {
            assert_eq!(from_sqlite(code, "m").is_retryable(), retryable, "{code}");
        }
    }

    #[test]
    fn messages_that_may_quote_values_are_left_out() {
        let text = from_postgres("22P02", "invalid input syntax for type uuid: \"Zhang San\"").to_string();
        assert!(!text.contains("Zhang"), "{text}");
    }
}
