use super::{
    rosters::{Cells, csv, id_number, pupil, with},
    *,
};
use crate::domain::{
    roster::{import::Outcome, plan::Change},
    student::{GroupKind, StudentState},
};

/// What became of the only row, and what changed.
async fn only(county: &County, row: &Cells) -> (Outcome, Vec<Change>) {
    let import = county.import_good_rows(&csv(std::slice::from_ref(row))).await;
    let mut rows = county.rows(&import).await;
    let row = rows.pop().unwrap();
    (row.outcome, row.changes)
}

/// The reasons against the only row.
async fn against(county: &County, row: &Cells) -> Vec<String> {
    let import = county.import_good_rows(&csv(std::slice::from_ref(row))).await;
    county.said(&import).await
}

#[tokio::test]
async fn an_empty_cell_wipes_nothing_and_a_filled_one_is_taken() {
    in_county(|county| async move {
        let full = with(
            pupil("王一", 1),
            &[("是否留守儿童", "是"), ("监护人2姓名", "王母"), ("监护人2关系", "母亲")],
        );
        assert_eq!(only(&county, &full).await, (Outcome::Created, vec![]));
        let before = county.pupil("王一").await;
        let bare = with(
            pupil("王一", 1),
            &[
                ("性别", ""),
                ("出生日期", ""),
                ("学籍号", ""),
                ("入学年月", ""),
                ("监护人1姓名", ""),
                ("监护人1关系", ""),
                ("监护人1电话", ""),
            ],
        );
        assert_eq!(only(&county, &bare).await, (Outcome::Unchanged, vec![]));
        assert_eq!(county.pupil("王一").await, before);
        let by_number =
            with(bare, &[("身份证件号", ""), ("学籍号", &format!("G{}", id_number("20180110", 1)))]);
        assert_eq!(only(&county, &by_number).await, (Outcome::Unchanged, vec![]));
        let more = with(full, &[("监护人1电话", "13800000001"), ("是否单亲家庭", "是")]);
        assert_eq!(only(&county, &more).await, (Outcome::Updated, vec![Change::Groups, Change::Guardians]));
        let after = county.pupil("王一").await;
        assert_eq!(after.guardians.len(), 2, "the same father with another phone");
        assert_eq!(after.guardians[0].phone.unwrap().as_str(), "13800000001");
        assert_eq!((after.version, after.person), (before.version + 1, before.person));
    })
    .await;
}

#[tokio::test]
async fn a_number_that_was_not_known_is_added_and_one_that_was_is_not_changed() {
    in_county(|county| async move {
        let id = id_number("20180110", 1);
        let by_id = with(pupil("王一", 1), &[("学籍号", "")]);
        only(&county, &by_id).await;
        assert_eq!(only(&county, &pupil("王一", 1)).await, (Outcome::Updated, vec![Change::StudentNumber]));
        let other = with(pupil("王一", 1), &[("学籍号", "J419901202600000001")]);
        assert_eq!(against(&county, &other).await, ["E2 ROSTER_STUDENT_NUMBER_CONFLICT"]);
        let mixed = with(pupil("王一", 3), &[("学籍号", &format!("G{id}"))]);
        assert_eq!(against(&county, &mixed).await, ["E2 ROSTER_NUMBERS_DIFFER", "D2 ROSTER_ID_CONFLICT"]);
        only(&county, &pupil("王二", 3)).await;
        assert_eq!(against(&county, &mixed).await, ["E2 ROSTER_NUMBERS_DIFFER", "E2 ROSTER_TWO_PUPILS"]);
        assert_eq!(county.count("SELECT COUNT(*) FROM students").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_name_that_was_corrected_is_taken_with_a_warning() {
    in_county(|county| async move {
        only(&county, &pupil("王一", 1)).await;
        let renamed = county
            .import_good_rows(&csv(&[with(pupil("王壹", 1), &[("监护人1姓名", ""), ("监护人1电话", "")])]))
            .await;
        assert_eq!(figures(renamed.counts), [0, 1, 0, 0, 0, 0]);
        assert_eq!(renamed.counts.with_warnings, 1);
        assert_eq!(county.said(&renamed).await, ["A2 ROSTER_NAME_CHANGED"]);
        assert_eq!(county.pupil("王壹").await.guardians.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_pupil_who_changes_class_is_moved_and_the_others_are_told() {
    in_county(|county| async move {
        only(&county, &pupil("王一", 1)).await;
        let events = county.count("SELECT COUNT(*) FROM kit_outbox").await;
        let moved = with(pupil("王一", 1), &[("班级", "3班")]);
        assert_eq!(only(&county, &moved).await, (Outcome::Moved, vec![Change::Class]));
        assert!(county.count("SELECT COUNT(*) FROM kit_outbox").await > events);
        let (school, class) = (county.pupil("王一").await.school, county.pupil("王一").await.class);
        assert_eq!(school, county.schools[0].id);
        let elsewhere = with(moved, &[("学校标识码", "4199000101"), ("学校名称", "示范县第2小学")]);
        assert_eq!(only(&county, &elsewhere).await, (Outcome::Moved, vec![Change::Class]));
        let now = county.pupil("王一").await;
        assert_eq!(now.school, county.schools[1].id);
        assert_ne!(now.class, class);
        assert_eq!(
            county.count("SELECT COUNT(*) FROM record_entries WHERE kind = 'transferred'").await,
            1,
            "the history tells of the new school"
        );
    })
    .await;
}

#[tokio::test]
async fn a_pupil_whose_record_is_not_green_changes_schools_by_transfer_only() {
    in_county(|county| async move {
        only(&county, &pupil("王一", 1)).await;
        county.app.deps.db.write("UPDATE records SET colour = 'yellow'").exec().await.unwrap();
        let elsewhere =
            with(pupil("王一", 1), &[("学校标识码", "4199000101"), ("学校名称", "示范县第2小学")]);
        assert_eq!(against(&county, &elsewhere).await, ["F2 ROSTER_ENROLLED_ELSEWHERE"]);
        let other_class = with(pupil("王一", 1), &[("班级", "3班")]);
        assert_eq!(only(&county, &other_class).await, (Outcome::Moved, vec![Change::Class]));
    })
    .await;
}

#[tokio::test]
async fn who_has_graduated_comes_back_in_the_next_stage() {
    in_county(|county| async move {
        only(&county, &pupil("王一", 1)).await;
        county.app.deps.db.write("UPDATE students SET state = 'graduated'").exec().await.unwrap();
        let junior = with(
            pupil("王一", 1),
            &[("学校标识码", "4199000102"), ("学校名称", ""), ("年级", "七年级"), ("入学年月", "202609")],
        );
        assert_eq!(only(&county, &junior).await.0, Outcome::Moved);
        let now = county.pupil("王一").await;
        assert_eq!((now.state, now.school), (StudentState::Enrolled, county.schools[2].id));
    })
    .await;
}

#[tokio::test]
async fn a_pupil_on_the_way_to_another_school_is_left_alone() {
    in_county(|county| async move {
        only(&county, &pupil("王一", 1)).await;
        county.app.deps.db.write("UPDATE students SET state = 'transferring'").exec().await.unwrap();
        assert_eq!(only(&county, &pupil("王一", 1)).await.0, Outcome::Unchanged);
        let other = with(pupil("王一", 1), &[("班级", "3班")]);
        assert_eq!(against(&county, &other).await, ["I2 ROSTER_TRANSFERRING"]);
        assert_eq!(county.count("SELECT COUNT(*) FROM classes").await, 1, "no class was opened for it");
    })
    .await;
}

#[tokio::test]
async fn groups_are_dated_and_only_the_rosters_own_are_ended_by_it() {
    in_county(|county| async move {
        let yes = with(pupil("王一", 1), &[("是否留守儿童", "√"), ("是否学习困难", "是")]);
        only(&county, &yes).await;
        let tagged = county.pupil("王一").await.groups;
        let today = testing::start().shanghai_date();
        assert_eq!(tagged.len(), 2);
        assert!(tagged.iter().all(|group| group.since == today && group.source == "roster"));
        county
            .app
            .deps
            .db
            .write("UPDATE special_groups SET source = 'school' WHERE kind = 'learning_difficulty'")
            .exec()
            .await
            .unwrap();
        county.clock.advance(Duration::days(30));
        let no =
            with(pupil("王一", 1), &[("是否留守儿童", "否"), ("是否学习困难", "否"), ("是否独生子女", "/")]);
        assert_eq!(only(&county, &no).await, (Outcome::Updated, vec![Change::Groups]));
        let later = today + Duration::days(30);
        let groups = county.pupil("王一").await.groups;
        let holds: Vec<GroupKind> =
            groups.iter().filter(|group| group.holds_on(later)).map(|group| group.kind).collect();
        assert_eq!(holds, [GroupKind::LearningDifficulty]);
        assert!(groups.iter().any(|group| group.kind == GroupKind::LeftBehind && group.holds_on(today)));
        assert_eq!(only(&county, &no).await, (Outcome::Unchanged, vec![]));
    })
    .await;
}

#[tokio::test]
async fn siblings_share_a_guardian_and_guardians_are_only_ever_added() {
    in_county(|county| async move {
        let parent = [("监护人1姓名", "王江"), ("监护人1电话", "13800000001")];
        let siblings = [with(pupil("王一", 1), &parent), with(pupil("王二", 2), &parent)];
        county.import_good_rows(&csv(&siblings)).await;
        let (one, two) = (county.pupil("王一").await, county.pupil("王二").await);
        assert_eq!(one.guardians[0].id, two.guardians[0].id);
        for (name, phone) in [("李梅", "13800000002"), ("王祖", "13800000003"), ("李外", "13800000004")]
        {
            let added = with(
                pupil("王一", 1),
                &[("监护人1姓名", name), ("监护人1关系", "其他"), ("监护人1电话", phone)],
            );
            assert_eq!(only(&county, &added).await, (Outcome::Updated, vec![Change::Guardians]), "{name}");
        }
        assert_eq!(county.pupil("王一").await.guardians.len(), 4);
        let fifth = with(pupil("王一", 1), &[("监护人1姓名", "张三"), ("监护人1电话", "13800000005")]);
        assert_eq!(against(&county, &fifth).await, ["P2 ROSTER_TOO_MANY_GUARDIANS"]);
        let shared_phone = with(
            pupil("王二", 2),
            &[("监护人1姓名", "李梅"), ("监护人1关系", "母亲"), ("监护人1电话", "13800000001")],
        );
        only(&county, &shared_phone).await;
        assert_eq!(county.pupil("王二").await.guardians.len(), 2, "mother and father may share a phone");
        let corrected = with(
            pupil("王二", 2),
            &[("监护人1姓名", "王疆"), ("监护人1关系", "父亲"), ("监护人1电话", "13800000001")],
        );
        only(&county, &corrected).await;
        let names: Vec<String> =
            county.pupil("王二").await.guardians.iter().map(|g| g.name.as_str().to_owned()).collect();
        assert_eq!(names, ["王疆", "李梅"], "the same phone and relation: a name that was corrected");
        assert_eq!(county.pupil("王一").await.guardians[0].name.as_str(), "王江", "not for the sibling");
    })
    .await;
}

#[tokio::test]
async fn a_row_for_a_closed_class_is_rejected() {
    in_county(|county| async move {
        only(&county, &pupil("王一", 1)).await;
        county.app.deps.db.write("UPDATE classes SET state = 'closed'").exec().await.unwrap();
        assert_eq!(against(&county, &pupil("王二", 2)).await, ["I2 ROSTER_CLASS_CLOSED"]);
    })
    .await;
}
