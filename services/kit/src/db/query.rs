//! A statement with its arguments: bound one by one, then run.

use super::{
    Column, Db, DbError, FromRow, Sql, Tx, Value,
    open::{Engine, Side},
    sql::parameters,
    value::{Arguments, Rows},
};
use sqlx::SqlSafeStr as _;

/// A statement on its way: `db.read(SQL).bind(a).bind(b).all::<Row>().await?`.
#[must_use = "a query does nothing until it is run"]
pub struct Query<'t> {
    target: Target<'t>,
    sql: &'static str,
    arguments: Result<Arguments, DbError>,
}

enum Target<'t> {
    Pool(Db, Side),
    Tx(&'t mut Tx),
}

impl Query<'static> {
    pub(super) fn on_pool(db: &Db, side: Side, sql: Sql) -> Self {
        let (sql, arguments) = for_engine(db.engine(), sql);
        Self { target: Target::Pool(db.clone(), side), sql, arguments: Ok(arguments) }
    }
}

fn for_engine(engine: Engine, sql: Sql) -> (&'static str, Arguments) {
    match engine {
        Engine::Postgres => (sql.pg, Arguments::Pg(Default::default())),
        Engine::Sqlite => (sql.lite, Arguments::Lite(Default::default())),
    }
}

impl<'t> Query<'t> {
    pub(super) fn on_tx(tx: &'t mut Tx, sql: Sql) -> Self {
        let (sql, arguments) = for_engine(tx.engine(), sql);
        Self { target: Target::Tx(tx), sql, arguments: Ok(arguments) }
    }

    /// Binds the next argument: the first call is `$1`.
    pub fn bind<'q, T: Value<'q>>(mut self, value: T) -> Self {
        if let Ok(arguments) = &mut self.arguments
            && arguments.add(value).is_err()
        {
            let number = arguments.len() + 1;
            self.arguments = Err(DbError::fault(format!("argument ${number} does not encode")));
        }
        self
    }

    /// The first row; [`DbError::NotFound`] if there is none.
    pub async fn one<R: FromRow>(self) -> Result<R, DbError> {
        self.opt().await?.ok_or(DbError::NotFound)
    }

    /// The first row, if there is one.
    pub async fn opt<R: FromRow>(self) -> Result<Option<R>, DbError> {
        Ok(self.fetch().await?.first()?)
    }

    /// All rows.
    pub async fn all<R: FromRow>(self) -> Result<Vec<R>, DbError> {
        Ok(self.fetch().await?.read()?)
    }

    /// The first column of the first row; [`DbError::NotFound`] if there is no row.
    pub async fn get<T: Column>(self) -> Result<T, DbError> {
        self.get_opt().await?.ok_or(DbError::NotFound)
    }

    /// The first column of the first row, if there is one.
    pub async fn get_opt<T: Column>(self) -> Result<Option<T>, DbError> {
        Ok(self.fetch().await?.first_column()?)
    }

    /// Runs it and gives the number of rows that it changed.
    pub async fn exec(self) -> Result<u64, DbError> {
        let (target, sql, arguments) = self.ready()?;
        let sql = sql.into_sql_str();
        match target {
            Target::Pool(db, side) => db.lease(side).await?.execute(sql, arguments).await,
            Target::Tx(tx) => tx.execute(sql, arguments).await,
        }
    }

    async fn fetch(self) -> Result<Rows, DbError> {
        let (target, sql, arguments) = self.ready()?;
        match target {
            Target::Pool(db, side) => db.lease(side).await?.fetch(sql, arguments).await,
            Target::Tx(tx) => tx.fetch(sql, arguments).await,
        }
    }

    /// Guard 4: SQLite binds NULL for an argument that is missing, and both engines swallow one too many.
    fn ready(self) -> Result<(Target<'t>, &'static str, Arguments), DbError> {
        let arguments = self.arguments?;
        let (want, have) = (parameters(self.sql), arguments.len());
        if want == have {
            Ok((self.target, self.sql, arguments))
        } else {
            Err(DbError::fault(format!("{have} arguments for {want} parameters: {}", self.sql)))
        }
    }
}
