//! Schools, as far as profiles has told of them.

use super::Stored;
use crate::domain::ids::SchoolId;
use xinqiao_kit::db::{Db, Tx};

/// Keeps a school's name and state.
pub async fn put(tx: &mut Tx, id: SchoolId, name: &str, active: bool) -> Stored<()> {
    let query = tx.q("INSERT INTO schools (id, display_name, active) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name, active = excluded.active");
    query.bind(id).bind(name).bind(active).exec().await?;
    Ok(())
}

/// Whether a school is known to be closed.
pub async fn is_closed(db: &Db, id: SchoolId) -> Stored<bool> {
    let active: Option<bool> = db.read("SELECT active FROM schools WHERE id = $1").bind(id).get_opt().await?;
    Ok(active == Some(false))
}
