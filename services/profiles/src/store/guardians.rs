//! Guardians. The same name and phone is the same person for every child, so siblings share one row.

use super::{Source, StoreError, lookup_id};
use crate::domain::{
    identifiers::{PersonName, Phone},
    ids::{GuardianId, StudentId},
    student::Guardian,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::{IdList, Tx},
    insert_rows,
    keys::Keys,
};

#[derive(Serialize, Deserialize)]
struct Person {
    name: PersonName,
    phone: Option<Phone>,
}

#[derive(sqlx::FromRow)]
struct Row {
    student_id: StudentId,
    id: GuardianId,
    person: Vec<u8>,
    relation: String,
}

/// The guardians of these pupils, each list in the order in which they are called.
pub async fn of_students(
    source: &mut impl Source,
    keys: &Keys,
    students: &IdList,
) -> Result<HashMap<StudentId, Vec<Guardian>>, StoreError> {
    let query = source.query(
        "SELECT l.student_id, g.id, g.person, l.relation FROM student_guardians l JOIN guardians g ON g.id = l.guardian_id \
         WHERE l.student_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY l.student_id, l.position",
    );
    let key = keys.service_subject();
    let mut found: HashMap<StudentId, Vec<Guardian>> = HashMap::new();
    for row in query.bind(students.clone()).all::<Row>().await? {
        let person: Person = key.open_json("guardians", "person", row.id, &row.person)?;
        let guardian =
            Guardian { id: row.id, name: person.name, relation: row.relation, phone: person.phone };
        found.entry(row.student_id).or_default().push(guardian);
    }
    Ok(found)
}

/// Puts these guardians in the place of those whom the pupils had, and gives each the id under which the person is known.
///
/// A guardian without a phone is known only within the family: two of the same name are not taken for one person.
pub async fn replace(
    tx: &mut Tx,
    keys: &Keys,
    of: &mut [(StudentId, &mut Vec<Guardian>)],
) -> Result<(), StoreError> {
    let students: IdList = of.iter().map(|(student, _)| *student).collect();
    let before: Vec<(GuardianId,)> = tx
        .q("SELECT DISTINCT guardian_id FROM student_guardians \
            WHERE student_id IN (SELECT unhex(value) FROM json_each($1))")
        .bind(students.clone())
        .all()
        .await?;
    tx.q("DELETE FROM student_guardians WHERE student_id IN (SELECT unhex(value) FROM json_each($1))")
        .bind(students)
        .exec()
        .await?;
    let mut people: HashMap<Uuid, GuardianId> = HashMap::new();
    let mut rows = Vec::new();
    let key = keys.service_subject();
    for guardian in of.iter().flat_map(|(_, guardians)| guardians.iter()) {
        let lookup = own_lookup(keys, guardian);
        if let std::collections::hash_map::Entry::Vacant(place) = people.entry(lookup) {
            place.insert(guardian.id);
            let person = Person { name: guardian.name.clone(), phone: guardian.phone };
            rows.push((guardian.id, key.seal_json("guardians", "person", guardian.id, &person)?, lookup));
        }
    }
    insert_rows!(tx, "guardians", [id, person, lookup], rows, "ON CONFLICT (lookup) DO NOTHING").await?;
    let people = ids_of(tx, people.into_keys().collect()).await?;
    let mut links = Vec::new();
    for (student, guardians) in of.iter_mut() {
        for guardian in guardians.iter_mut() {
            if let Some(id) = people.get(&own_lookup(keys, guardian)) {
                guardian.id = *id;
            }
        }
        // The same person named twice for one pupil is one guardian.
        let mut seen = Vec::new();
        guardians.retain(|guardian| {
            let first = !seen.contains(&guardian.id);
            seen.push(guardian.id);
            first
        });
        for (position, guardian) in (0..).zip(guardians.iter()) {
            links.push((*student, guardian.id, guardian.relation.clone(), position));
        }
    }
    insert_rows!(tx, "student_guardians", [student_id, guardian_id, relation, position], links).await?;
    if !before.is_empty() {
        // Whom no child names any more is not kept.
        tx.q("DELETE FROM guardians WHERE id IN (SELECT unhex(value) FROM json_each($1)) \
              AND NOT EXISTS (SELECT 1 FROM student_guardians l WHERE l.guardian_id = guardians.id)")
            .bind(IdList::from(before.into_iter().map(|(id,)| id).collect::<Vec<_>>()))
            .exec()
            .await?;
    }
    Ok(())
}

fn own_lookup(keys: &Keys, guardian: &Guardian) -> Uuid {
    match &guardian.phone {
        Some(phone) => {
            let person = format!("{}\n{}", guardian.name.as_str(), phone.as_str());
            lookup_id(keys, "guardians.person", &person)
        }
        None => guardian.id.uuid(),
    }
}

async fn ids_of(tx: &mut Tx, lookups: Vec<Uuid>) -> Result<HashMap<Uuid, GuardianId>, StoreError> {
    let query =
        tx.q("SELECT lookup, id FROM guardians WHERE lookup IN (SELECT unhex(value) FROM json_each($1))");
    Ok(query.bind(IdList::from(lookups)).all::<(Uuid, GuardianId)>().await?.into_iter().collect())
}

/// Whether somebody is a guardian of a pupil.
pub async fn is_guardian(
    source: &mut impl Source,
    student: StudentId,
    guardian: GuardianId,
) -> Result<bool, StoreError> {
    let query =
        source.query("SELECT COUNT(*) FROM student_guardians WHERE student_id = $1 AND guardian_id = $2");
    Ok(query.bind(student).bind(guardian).get::<i64>().await? > 0)
}
