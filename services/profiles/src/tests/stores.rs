//! Many pupils at once, as an import writes them.

use super::{County, county::id, each};
use crate::{
    domain::{
        identifiers::{PersonName, Phone, Sex, StudentNumber},
        ids::{ClassId, EntryId, GuardianId, SchoolId, StudentId},
        record::{Entry, Record},
        student::{GroupKind, Guardian, Person, SpecialGroup, Student, StudentState},
    },
    store::{records, students},
};

fn pupils(county: &County, count: usize) -> Vec<Student> {
    let deps = &county.h.deps;
    let now = deps.clock.now();
    let pupil = |number: usize| {
        let birth_date = now.shanghai_date() - chrono::Duration::days(3000 + number as i64 % 300);
        let name = PersonName::parse("王小明").unwrap();
        let phone = Phone::parse(&format!("199{:08}", number / 2)).ok();
        let guardian = Guardian {
            id: GuardianId(deps.ids.new_id()),
            name: name.clone(),
            relation: "母亲".into(),
            phone,
        };
        Student {
            id: StudentId(deps.ids.new_id()),
            school: SchoolId(id(&county.a)),
            class: ClassId(id(&county.a1)),
            state: StudentState::Enrolled,
            person: Person {
                name,
                sex: Sex::Male,
                birth_date,
                id_number: None,
                student_number: StudentNumber::parse(&format!("J{number:018}")).ok(),
                enrol_month: None,
            },
            groups: vec![SpecialGroup {
                kind: GroupKind::Migrant,
                since: birth_date,
                until: None,
                source: "roster".into(),
            }],
            guardians: vec![guardian],
            transfer_to: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    };
    (0..count).map(pupil).collect()
}

#[tokio::test]
async fn what_is_written_in_bulk_is_read_back_whole_and_nobody_twice() {
    each(|county| async move {
        let deps = county.h.deps.clone();
        let (keys, now) = (&deps.keys, deps.clock.now());
        let mut written = pupils(&county, 1_500);
        let mut tx = deps.db.begin().await.unwrap();
        assert_eq!(students::insert(&mut tx, keys, &mut written).await.unwrap(), []);
        let opened: Vec<Record> = written.iter().map(|pupil| Record::open(pupil.id, now)).collect();
        let lines: Vec<Entry> = written
            .iter()
            .map(|pupil| Entry::opened(EntryId(deps.ids.new_id()), pupil.id, None, now))
            .collect();
        records::open(&mut tx, &opened, &lines).await.unwrap();
        tx.commit().await.unwrap();

        let ids: Vec<StudentId> = written.iter().map(|pupil| pupil.id).collect();
        let mut db = deps.db.clone();
        assert_eq!(students::by_ids(&mut db, keys, &ids).await.unwrap(), written);
        let guardians: i64 = db.read("SELECT COUNT(*) FROM guardians").get().await.unwrap();
        assert_eq!(guardians, 750, "two children a guardian");

        let mut again = pupils(&county, 3);
        let mut tx = deps.db.begin().await.unwrap();
        again[1].person.student_number = StudentNumber::parse("J000000000000099999").ok();
        let refused = students::insert(&mut tx, keys, &mut again).await.unwrap();
        let mut expected = vec![again[0].id, again[2].id];
        expected.sort();
        let mut refused = refused;
        refused.sort();
        assert_eq!(refused, expected);

        let numbers = again.iter().filter_map(|pupil| pupil.person.student_number.as_ref());
        let lookups = numbers.map(|number| students::number_lookup(keys, number)).collect();
        let found = students::by_lookups(&mut tx, keys, Vec::new(), lookups).await.unwrap();
        assert_eq!(found.len(), 3);
        let mut changed = vec![found[0].clone()];
        changed[0].person.student_number = found[1].person.student_number;
        assert_eq!(students::update(&mut tx, keys, &mut changed, now).await.unwrap(), [found[0].id]);
        changed[0].person.student_number = StudentNumber::parse("J000000000000088888").ok();
        changed[0].groups.clear();
        assert_eq!(students::update(&mut tx, keys, &mut changed, now).await.unwrap(), []);
        let read = students::get(&mut tx, keys, found[0].id).await.unwrap().unwrap();
        assert_eq!((read.version, read.groups.len()), (2, 0));
    })
    .await;
}
