//! All SQL of screening, a file a resource. Sealing and opening happens here: nothing above sees a sealed value, nothing below a plain one.

pub mod assignments;
pub mod campaigns;
pub mod classes;
pub mod coverage;
pub mod entries;
pub mod findings;
pub mod instruments;
pub mod interviews;
pub mod moves;
pub mod observations;
pub mod responses;
pub mod schools;
pub mod signals;
pub mod submissions;
pub mod targets;

use crate::domain::{finding::Evidence, finding::EvidenceKind, ids::Place};
use uuid::Uuid;
use xinqiao_kit::{
    db::{IdList, Query},
    keys::KeyError,
};

/// What a store function gives.
pub type Stored<T> = Result<T, KeyError>;

/// What a list may show, and where it goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Everything.
    pub all: bool,
    /// Rows of these schools.
    pub schools: IdList,
    /// Rows of these classes.
    pub classes: IdList,
    /// Rows of these pupils.
    pub students: IdList,
    /// Lists in descending order go on below this id, those in ascending order above it.
    pub from: Uuid,
    /// Rows to fetch.
    pub fetch: i64,
}

impl Window {
    /// Binds visibility by school: `$1`, `$2`.
    fn bind_schools<'t>(&self, query: Query<'t>) -> Query<'t> {
        query.bind(self.all).bind(self.schools.clone())
    }

    /// Binds visibility by school and class: `$1`, `$2`, `$3`.
    fn bind_places<'t>(&self, query: Query<'t>) -> Query<'t> {
        self.bind_schools(query).bind(self.classes.clone())
    }
}

/// A stored word that is none of ours: somebody changed the row by hand, or a newer program wrote it.
fn unknown(table: &'static str, column: &'static str) -> KeyError {
    KeyError::Content { table, column }
}

fn place(school: Uuid, class: Uuid) -> Place {
    Place { school: school.into(), class: class.into() }
}

fn evidence(table: &'static str, kind: Option<String>, id: Option<Uuid>) -> Stored<Option<Evidence>> {
    match (kind, id) {
        (Some(kind), Some(id)) => {
            let kind = EvidenceKind::of_word(&kind).ok_or_else(|| unknown(table, "evidence_kind"))?;
            Ok(Some(Evidence { kind, id }))
        }
        _ => Ok(None),
    }
}
