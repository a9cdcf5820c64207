//! What may be bound and what may be read: values and rows that both engines know.

use sqlx::{
    ColumnIndex, Decode, Encode, Postgres, Row as _, Sqlite, Type,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

/// A value that may be bound on both engines: `Uuid` and typed ids, `Ts`, `NaiveDate`, `String` and `&str`, `i32`, `i64`,
/// `bool`, `f64`, `Vec<u8>` and `&[u8]`, `Json<T>`, `IdList`, `TextList`, and `Option` of these.
pub trait Value<'q>: Encode<'q, Postgres> + Type<Postgres> + Encode<'q, Sqlite> + Type<Sqlite> {}

impl<'q, T> Value<'q> for T where T: Encode<'q, Postgres> + Type<Postgres> + Encode<'q, Sqlite> + Type<Sqlite> {}

/// A value that may be read from a column on both engines.
pub trait Column:
    for<'r> Decode<'r, Postgres> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}

impl<T> Column for T where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}

/// A row that may be read on both engines: `#[derive(sqlx::FromRow)]`, or a tuple of columns.
pub trait FromRow:
    for<'r> sqlx::FromRow<'r, PgRow> + for<'r> sqlx::FromRow<'r, SqliteRow> + Send + Unpin
{
}

impl<T> FromRow for T where
    T: for<'r> sqlx::FromRow<'r, PgRow> + for<'r> sqlx::FromRow<'r, SqliteRow> + Send + Unpin
{
}

/// Arguments already encoded for the engine that will get them.
pub(super) enum Arguments {
    Pg(PgArguments),
    Lite(SqliteArguments),
}

impl Arguments {
    pub(super) fn add<'q, T: Value<'q>>(&mut self, value: T) -> Result<(), sqlx::error::BoxDynError> {
        use sqlx::Arguments as _;
        match self {
            Self::Pg(arguments) => arguments.add(value),
            Self::Lite(arguments) => arguments.add(value),
        }
    }

    pub(super) fn len(&self) -> usize {
        use sqlx::Arguments as _;
        match self {
            Self::Pg(arguments) => arguments.len(),
            Self::Lite(arguments) => arguments.len(),
        }
    }
}

/// Rows as the engine gave them.
pub(super) enum Rows {
    Pg(Vec<PgRow>),
    Lite(Vec<SqliteRow>),
}

impl Rows {
    pub(super) fn read<R: FromRow>(self) -> Result<Vec<R>, sqlx::Error> {
        match self {
            Self::Pg(rows) => rows.iter().map(R::from_row).collect(),
            Self::Lite(rows) => rows.iter().map(R::from_row).collect(),
        }
    }

    pub(super) fn first<R: FromRow>(self) -> Result<Option<R>, sqlx::Error> {
        match self {
            Self::Pg(rows) => rows.first().map(R::from_row).transpose(),
            Self::Lite(rows) => rows.first().map(R::from_row).transpose(),
        }
    }

    pub(super) fn first_column<T: Column>(self) -> Result<Option<T>, sqlx::Error>
    where
        usize: ColumnIndex<PgRow> + ColumnIndex<SqliteRow>,
    {
        match self {
            Self::Pg(rows) => rows.first().map(|row| row.try_get::<T, _>(0)).transpose(),
            Self::Lite(rows) => rows.first().map(|row| row.try_get::<T, _>(0)).transpose(),
        }
    }
}
