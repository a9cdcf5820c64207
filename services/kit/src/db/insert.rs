//! Many rows in one statement.
//!
//! PostgreSQL gets one array a column and UNNEST: one text whatever the number of rows. SQLite gets VALUES with bare `?`:
//! numbered parameters cost n^2 there (31,000 rows a second against 77,000).

use super::{DbError, Tx, Value, lease::dynamic, open::Engine, value::Arguments};
use futures::future::BoxFuture;
use sqlx::{
    Arguments as _,
    error::BoxDynError,
    postgres::{PgArguments, PgHasArrayType},
    sqlite::SqliteArguments,
};

/// Values in one statement on SQLite; its own limit is 32,766.
const SQLITE_VALUES_MAX: usize = 8_000;
/// Rows in one statement on PostgreSQL.
const POSTGRES_ROWS_MAX: usize = 5_000;

/// Inserts rows given as tuples, in as few statements as the limits allow, and gives the number of rows inserted.
///
/// ```ignore
/// let rows = pupils.iter().map(|p| (p.id, p.school, p.name_sealed.clone()));
/// insert_rows!(tx, "students", [id, school_id, name], rows).await?;
/// insert_rows!(tx, "students", [id, school_id, name], rows, "ON CONFLICT (id) DO NOTHING").await?;
/// ```
///
/// A tuple has up to 24 values; values are whatever may be bound (see [`Value`](crate::db::Value)), `Option` for NULL. Text
/// after the columns goes to the end of the statement.
#[macro_export]
macro_rules! insert_rows {
    ($tx:expr, $table:literal, [$($column:ident),+ $(,)?], $rows:expr $(,)?) => {
        $crate::insert_rows!($tx, $table, [$($column),+], $rows, "")
    };
    ($tx:expr, $table:literal, [$($column:ident),+ $(,)?], $rows:expr, $then:literal $(,)?) => {
        $tx.insert_rows(
            $crate::db::Insertion { table: $table, columns: &[$(stringify!($column)),+], then: $then },
            $rows,
        )
    };
}

/// Where rows go; made by [`insert_rows!`](crate::insert_rows).
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Insertion {
    /// The table.
    pub table: &'static str,
    /// Its columns, in the order of the tuples.
    pub columns: &'static [&'static str],
    /// What comes after the rows, such as ON CONFLICT.
    pub then: &'static str,
}

impl Tx {
    /// See [`insert_rows!`](crate::insert_rows).
    ///
    /// The rows are encoded before the future is made, so that it holds nothing of theirs over an await.
    #[doc(hidden)]
    pub fn insert_rows<'q, R, I>(&mut self, into: Insertion, rows: I) -> BoxFuture<'_, Result<u64, DbError>>
    where
        R: InsertRow<'q>,
        I: IntoIterator<Item = R>,
    {
        match into.statements(self.engine(), rows) {
            Ok(statements) => Box::pin(self.run_all(statements)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    async fn run_all(&mut self, statements: Vec<(String, Arguments)>) -> Result<u64, DbError> {
        let mut inserted = 0;
        for (sql, arguments) in statements {
            inserted += self.execute(dynamic(sql), arguments).await?;
        }
        Ok(inserted)
    }
}

impl Insertion {
    fn statements<'q, R, I>(&self, engine: Engine, rows: I) -> Result<Vec<(String, Arguments)>, DbError>
    where
        R: InsertRow<'q>,
        I: IntoIterator<Item = R>,
    {
        if self.columns.len() != R::WIDTH {
            return Err(DbError::fault(format!("{} columns for rows of {}", self.columns.len(), R::WIDTH)));
        }
        let chunk = match engine {
            Engine::Postgres => POSTGRES_ROWS_MAX,
            Engine::Sqlite => (SQLITE_VALUES_MAX / R::WIDTH).max(1),
        };
        let mut rows = rows.into_iter().peekable();
        let mut statements = Vec::new();
        while rows.peek().is_some() {
            let part: Vec<R> = rows.by_ref().take(chunk).collect();
            statements.push(self.statement(engine, part)?);
        }
        Ok(statements)
    }

    fn statement<'q, R: InsertRow<'q>>(
        &self,
        engine: Engine,
        rows: Vec<R>,
    ) -> Result<(String, Arguments), DbError> {
        let encoded = match engine {
            Engine::Postgres => {
                let numbers: Vec<String> = (1..=R::WIDTH).map(|n| format!("${n}")).collect();
                let sql = self.text(&format!("SELECT * FROM UNNEST({})", numbers.join(",")));
                let mut arguments = PgArguments::default();
                R::bind_columns(rows, &mut arguments).map(|()| (sql, Arguments::Pg(arguments)))
            }
            Engine::Sqlite => {
                let row = format!("({})", vec!["?"; R::WIDTH].join(","));
                let sql = self.text(&format!("VALUES {}", vec![row.as_str(); rows.len()].join(",")));
                let mut arguments = SqliteArguments::default();
                let bound = rows.into_iter().try_for_each(|row| row.bind_values(&mut arguments));
                bound.map(|()| (sql, Arguments::Lite(arguments)))
            }
        };
        encoded.map_err(|_| DbError::fault(format!("a value for {} does not encode", self.table)))
    }

    fn text(&self, rows: &str) -> String {
        format!("INSERT INTO {} ({}) {rows} {}", self.table, self.columns.join(","), self.then)
    }
}

/// A tuple that is a row.
#[doc(hidden)]
pub trait InsertRow<'q>: Sized {
    /// The number of values.
    const WIDTH: usize;
    /// Binds one array a column.
    fn bind_columns(rows: Vec<Self>, arguments: &mut PgArguments) -> Result<(), BoxDynError>;
    /// Binds the values of one row.
    fn bind_values(self, arguments: &mut SqliteArguments) -> Result<(), BoxDynError>;
}

/// A value that PostgreSQL has arrays of.
#[doc(hidden)]
pub trait Element<'q>: Value<'q> + PgHasArrayType {}

impl<'q, T: Value<'q> + PgHasArrayType> Element<'q> for T {}

/// Implements [`InsertRow`] for a tuple and for all its shorter ends. The capital names the type and a row's value, the small
/// letter the column's array.
macro_rules! rows_of {
    () => {};
    ($first:ident $first_column:ident $($value:ident $column:ident)*) => {
        impl<'q, $first: Element<'q>, $($value: Element<'q>),*> InsertRow<'q> for ($first, $($value,)*) {
            const WIDTH: usize = [stringify!($first) $(, stringify!($value))*].len();

            #[expect(non_snake_case, reason = "a value has the name of its type")]
            fn bind_columns(rows: Vec<Self>, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
                let mut $first_column = Vec::with_capacity(rows.len());
                $(let mut $column = Vec::with_capacity(rows.len());)*
                for ($first, $($value,)*) in rows {
                    $first_column.push($first);
                    $($column.push($value);)*
                }
                arguments.add($first_column)?;
                $(arguments.add($column)?;)*
                Ok(())
            }

            #[expect(non_snake_case, reason = "a value has the name of its type")]
            fn bind_values(self, arguments: &mut SqliteArguments) -> Result<(), BoxDynError> {
                let ($first, $($value,)*) = self;
                arguments.add($first)?;
                $(arguments.add($value)?;)*
                Ok(())
            }
        }

        rows_of!($($value $column)*);
    };
}

rows_of!(
    A a B b C c D d E e F f G g H h I i J j K k L l M m N n O o P p Q q R r S s T t U u V v W w X x
);
