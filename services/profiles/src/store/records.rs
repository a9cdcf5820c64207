//! Three-colour records and their history.

use super::{
    Part, Seen, Source, StoreError, known,
    students::{granted, seen},
};
use crate::domain::{
    colour::Colour,
    ids::{ClassId, EntryId, ProposalId, SchoolId, StudentId, UserId},
    record::{Entry, EntryKind, Record},
};
use xinqiao_kit::{db::Tx, insert_rows, keys::Keys, time::Ts};

#[derive(sqlx::FromRow)]
pub(super) struct RecordRow {
    student_id: StudentId,
    colour: String,
    since: Ts,
    second_due_at: Option<Ts>,
    followed_up_at: Option<Ts>,
    parents_reached_at: Option<Ts>,
    planned_at: Option<Ts>,
    version: i64,
}

impl TryFrom<RecordRow> for Record {
    type Error = StoreError;

    fn try_from(row: RecordRow) -> Result<Self, StoreError> {
        Ok(Self {
            student: row.student_id,
            colour: known("records", "colour", Colour::of_word(&row.colour))?,
            since: row.since,
            second_due_at: row.second_due_at,
            followed_up_at: row.followed_up_at,
            parents_reached_at: row.parents_reached_at,
            planned_at: row.planned_at,
            version: row.version,
        })
    }
}

/// Opens records with their first line.
pub async fn open(tx: &mut Tx, records: &[Record], entries: &[Entry]) -> Result<(), StoreError> {
    let row = |record: &Record| (record.student, record.colour.word(), record.since, record.version);
    let rows: Vec<_> = records.iter().map(row).collect();
    insert_rows!(tx, "records", [student_id, colour, since, version], rows).await?;
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            let (from, to) = (entry.from.word(), entry.to.word());
            (entry.id, entry.student, entry.kind.word(), from, to, entry.actor, entry.created_at)
        })
        .collect();
    insert_rows!(
        tx,
        "record_entries",
        [id, student_id, kind, from_colour, to_colour, actor, created_at],
        rows
    )
    .await?;
    Ok(())
}

/// A pupil's record.
pub async fn get(source: &mut impl Source, student: StudentId) -> Result<Option<Record>, StoreError> {
    let query = source.query("SELECT * FROM records WHERE student_id = $1");
    query.bind(student).opt::<RecordRow>().await?.map(Record::try_from).transpose()
}

/// Writes a record whose pupil was locked, as its next version.
pub async fn update(tx: &mut Tx, record: Record) -> Result<Record, StoreError> {
    let next = Record { version: record.version + 1, ..record };
    tx.q("UPDATE records SET colour = $2, since = $3, second_due_at = $4, followed_up_at = $5, parents_reached_at = $6, \
          planned_at = $7, version = $8 WHERE student_id = $1")
        .bind(next.student)
        .bind(next.colour.word())
        .bind(next.since)
        .bind(next.second_due_at)
        .bind(next.followed_up_at)
        .bind(next.parents_reached_at)
        .bind(next.planned_at)
        .bind(next.version)
        .exec()
        .await?;
    Ok(next)
}

/// What a list of records is narrowed by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only this school.
    pub school: Option<SchoolId>,
    /// Only this class.
    pub class: Option<ClassId>,
    /// Only this colour.
    pub colour: Option<Colour>,
    /// Only yellow and orange.
    pub attention: bool,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    record: RecordRow,
    school_id: SchoolId,
    class_id: ClassId,
    sealed: bool,
    open_proposal: Option<ProposalId>,
}

/// A record with what its resource says besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The record.
    pub record: Record,
    /// School of the pupil.
    pub school: SchoolId,
    /// Class of the pupil.
    pub class: ClassId,
    /// Whether a transfer seals it.
    pub sealed: bool,
    /// The proposal that is being signed.
    pub open_proposal: Option<ProposalId>,
}

impl TryFrom<ListedRow> for Listed {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> Result<Self, StoreError> {
        let ListedRow { record, school_id, class_id, sealed, open_proposal } = row;
        Ok(Self { record: record.try_into()?, school: school_id, class: class_id, sealed, open_proposal })
    }
}

macro_rules! select_listed {
    ($($rest:expr),+) => {
        concat!(
            "SELECT r.student_id, r.colour, r.since, r.second_due_at, r.followed_up_at, r.parents_reached_at, r.planned_at, \
             r.version, s.school_id, s.class_id, s.state = 'transferring' AS sealed, p.id AS open_proposal \
             FROM records r JOIN students s ON s.id = r.student_id \
             LEFT JOIN proposals p ON p.student_id = r.student_id AND p.state = 'open' ",
            $($rest),+
        )
    };
}

/// A pupil's record with what its resource says besides.
pub async fn listed(source: &mut impl Source, student: StudentId) -> Result<Option<Listed>, StoreError> {
    let query = source.query(select_listed!("WHERE r.student_id = $1"));
    query.bind(student).opt::<ListedRow>().await?.map(Listed::try_from).transpose()
}

/// Records, of pupils with a place, that the caller may see.
pub async fn list(
    source: &mut impl Source,
    seen: &Seen,
    filter: Filter,
    part: Part,
) -> Result<Vec<Listed>, StoreError> {
    let query = source.query(select_listed!(
        "WHERE ",
        seen!(),
        " AND s.state IN ('enrolled', 'transferring', 'on_leave') AND ($6 IS NULL OR s.school_id = $6) \
         AND ($7 IS NULL OR s.class_id = $7) AND ($8 = '' OR r.colour = $8) AND (NOT $9 OR r.colour <> 'green') \
         AND r.student_id > $10 ORDER BY r.student_id LIMIT $11"
    ));
    let grants = &seen.grants;
    let query = query.bind(grants.all).bind(grants.schools.clone()).bind(grants.classes.clone());
    let query = query.bind(grants.students.clone()).bind(seen.orange).bind(filter.school).bind(filter.class);
    let query = query.bind(filter.colour.map_or("", Colour::word)).bind(filter.attention);
    let rows = query.bind(part.after).bind(part.limit).all::<ListedRow>().await?;
    rows.into_iter().map(Listed::try_from).collect()
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: EntryId,
    student_id: StudentId,
    kind: String,
    from_colour: String,
    to_colour: String,
    proposal_id: Option<ProposalId>,
    actor: Option<UserId>,
    corrects: Option<EntryId>,
    note: Option<Vec<u8>>,
    created_at: Ts,
}

/// Adds a line to a record's history.
pub async fn add_entry(tx: &mut Tx, keys: &Keys, entry: &Entry) -> Result<(), StoreError> {
    let key = keys.subject(tx, entry.student.uuid()).await?;
    let note = match entry.note.as_str() {
        "" => None,
        note => Some(key.seal_text("record_entries", "note", entry.id, note)?),
    };
    tx.q("INSERT INTO record_entries \
          (id, student_id, kind, from_colour, to_colour, proposal_id, actor, corrects, note, created_at) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(entry.id)
        .bind(entry.student)
        .bind(entry.kind.word())
        .bind(entry.from.word())
        .bind(entry.to.word())
        .bind(entry.proposal)
        .bind(entry.actor)
        .bind(entry.corrects)
        .bind(note)
        .bind(entry.created_at)
        .exec()
        .await?;
    Ok(())
}

/// The lines of a record's history, oldest first.
pub async fn entries(
    source: &mut impl Source,
    keys: &Keys,
    student: StudentId,
    part: Part,
) -> Result<Vec<Entry>, StoreError> {
    let query =
        source.query("SELECT * FROM record_entries WHERE student_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows: Vec<EntryRow> = query.bind(student).bind(part.after).bind(part.limit).all().await?;
    let opened = source.keys(keys, &[student.uuid()]).await?;
    rows.into_iter()
        .map(|row| {
            let note = match (row.note, opened.get(&student.uuid())) {
                (Some(sealed), Some(key)) => key.open_text("record_entries", "note", row.id, &sealed)?,
                _ => String::new(),
            };
            Ok(Entry {
                id: row.id,
                student: row.student_id,
                kind: known("record_entries", "kind", EntryKind::of_word(&row.kind))?,
                from: known("record_entries", "from_colour", Colour::of_word(&row.from_colour))?,
                to: known("record_entries", "to_colour", Colour::of_word(&row.to_colour))?,
                proposal: row.proposal_id,
                actor: row.actor,
                corrects: row.corrects,
                note,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The colours that a line of a record's history tells of; `None` if the record has no such line.
pub async fn entry_colours(
    source: &mut impl Source,
    student: StudentId,
    id: EntryId,
) -> Result<Option<(Colour, Colour)>, StoreError> {
    let query =
        source.query("SELECT from_colour, to_colour FROM record_entries WHERE student_id = $1 AND id = $2");
    let Some((from, to)) = query.bind(student).bind(id).opt::<(String, String)>().await? else {
        return Ok(None);
    };
    let colour = |word: &str| known("record_entries", "from_colour", Colour::of_word(word));
    Ok(Some((colour(&from)?, colour(&to)?)))
}
