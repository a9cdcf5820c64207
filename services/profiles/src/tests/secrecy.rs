//! Who reads the database's files finds nobody.

use super::{
    County,
    county::{BOY, GIRL, draft, for_pupil},
};
use xinqiao_kit::{db::DbConfig, testing::TestDb};
use xinqiao_proto::profiles::v1 as pb;

#[tokio::test]
async fn no_name_number_phone_or_note_stands_in_the_files() {
    let database = TestDb::sqlite().await;
    let county = County::open(database.db()).await;
    let boy = county.pupil(&county.a1, BOY).await;
    county.teacher(11, "欧阳慕容").await;
    county.make_orange(&boy).await;
    let contact = pb::CreateParentContactRequest {
        parent: boy.clone(),
        parent_contact: Some(pb::ParentContact {
            channel: pb::ContactChannel::Phone as i32,
            reached: true,
            note: "约定周五来校".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    county.care(&for_pupil(11, "support", &boy)).create_parent_contact(contact).await.unwrap();
    let request_id = uuid::Uuid::from_u128(3).to_string();
    let keyed = pb::CreateStudentRequest { student: Some(draft(&county.a2, GIRL.0, GIRL.1)), request_id };
    county.students(&county.principal()).create_student(keyed).await.unwrap();

    let DbConfig::Sqlite(path) = database.config() else { panic!("an SQLite file") };
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let secrets =
        ["宋子佳", "宋建国", "欧阳慕容", "19916343706", BOY.0, GIRL.0, BOY.1, GIRL.1, "低落", "约定周五来校"];
    for secret in secrets {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret}");
    }
    let plain = "示范县第1小学";
    assert!(
        bytes.windows(plain.len()).any(|window| window == plain.as_bytes()),
        "the search would have found it"
    );
}
