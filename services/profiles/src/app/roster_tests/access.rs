use super::{
    rosters::{csv, pupil, with},
    *,
};
use xinqiao_kit::{authz::AccessError, status::ApiError as _};

fn at(county: &County, role: &str, school: usize) -> Principal {
    let scope = Scope::School(county.schools[school].id.uuid());
    testing::user(county.app.deps.ids.new_id(), &[(role, scope)])
}

#[tokio::test]
async fn a_school_imports_its_own_rows_and_knows_no_other_school() {
    in_county(|county| async move {
        let rows = [
            pupil("王一", 1),
            with(pupil("王二", 2), &[("学校标识码", "4199000101"), ("学校名称", "示范县第2小学")]),
        ];
        for role in ["school_admin", "principal"] {
            let who = at(&county, role, 0);
            let import = county.import_as(&who, &csv(&rows), Policy::GoodRows, false).await;
            assert_eq!(import.counts.rejected, 1, "{role}");
            assert_eq!(county.said(&import).await, ["F3 ROSTER_SCHOOL_UNKNOWN"], "{role}");
        }
        assert_eq!(county.count("SELECT COUNT(*) FROM students").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_school_cannot_take_a_pupil_from_another_one() {
    in_county(|county| async move {
        county.import_good_rows(&csv(&[pupil("王一", 1)])).await;
        let who = at(&county, "school_admin", 1);
        let mine = with(pupil("王一", 1), &[("学校标识码", "4199000101"), ("学校名称", "示范县第2小学")]);
        let import = county.import_as(&who, &csv(&[mine]), Policy::GoodRows, false).await;
        assert_eq!(county.said(&import).await, ["F2 ROSTER_ENROLLED_ELSEWHERE"]);
        assert_eq!(county.pupil("王一").await.school, county.schools[0].id);
    })
    .await;
}

#[tokio::test]
async fn nobody_else_imports_and_nobody_else_sees_an_import() {
    in_county(|county| async move {
        for role in ["subject", "psychologist", "homeroom"] {
            let who = at(&county, role, 0);
            let refused = county.accept_as(&who, &csv(&[pupil("王一", 1)]), Policy::GoodRows, true).await;
            assert!(matches!(refused, Err(Error::Access(AccessError::Denied))), "{role}");
        }
        let import = county.import_good_rows(&csv(&[pupil("王一", 1)])).await;
        let other = testing::user(county.app.deps.ids.new_id(), &[("county_it", Scope::County)]);
        let ctx = county.ctx(&other, "/xinqiao.profiles.v1.RosterService/GetImport");
        assert_eq!(county.app.get_import(&ctx, import.id).await.unwrap_err().reason(), "NOT_FOUND");
        let ctx = county.ctx(&county.technician, "/xinqiao.profiles.v1.RosterService/GetImport");
        assert!(county.app.get_import(&ctx, import.id).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn only_so_many_imports_of_one_account_wait() {
    in_county(|county| async move {
        let content = csv(&[pupil("王一", 1)]);
        for _ in 0..crate::domain::roster::import::WAITING_MAX {
            county.accept_as(&county.technician, &content, Policy::GoodRows, true).await.unwrap();
        }
        let refused = county.accept_as(&county.technician, &content, Policy::GoodRows, true).await;
        assert_eq!(refused.unwrap_err().reason(), "ROSTER_IMPORTS_WAITING");
        county.work().await;
        assert!(county.accept_as(&county.technician, &content, Policy::GoodRows, true).await.is_ok());
    })
    .await;
}
