use super::{
    rosters::{csv, pupil, with},
    *,
};
use calamine::{Data, Reader as _};
use tonic::{Code, Status};
use xinqiao_kit::{deps::Deps, status::details, testing::Harness};
use xinqiao_proto::profiles::v1::{self as pb, roster_service_client::RosterServiceClient};
use xinqiao_proto::transport::Transport;

struct Front {
    deps: Deps,
    clock: Arc<ManualClock>,
    client: RosterServiceClient<Transport>,
    worker: Worker,
}

async fn front(db: Db) -> Front {
    let harness = Harness::of(Role::Profiles, db.clone()).start(crate::MIGRATIONS, crate::build).await;
    let deps = harness.deps.clone();
    let line = SchoolLine {
        code: SchoolCode::parse(PRIMARY.0).unwrap(),
        display_name: PRIMARY.1.to_owned(),
        stages: Stages::of_chinese(PRIMARY.2).unwrap(),
    };
    let school = School::open(SchoolId(deps.ids.new_id()), line, testing::start());
    let mut tx = db.begin().await.unwrap();
    schools::insert(&mut tx, &[school]).await.unwrap();
    tx.commit().await.unwrap();
    let technician = testing::user(deps.ids.new_id(), &[("county_it", Scope::County)]);
    let client = RosterServiceClient::new(harness.as_user(&technician));
    Front { client, worker: Worker(Arc::new(App::new(deps.clone()))), deps, clock: harness.clock.clone() }
}

impl Front {
    async fn finish(&self) {
        while let Some(mut work) = self.worker.begin_work().await.unwrap() {
            while self.worker.step(&mut work).await.unwrap() == Progress::More {}
        }
    }
}

fn request(content: Vec<u8>) -> pb::ImportRosterRequest {
    pb::ImportRosterRequest {
        content: content.into(),
        filename: "名册.csv".to_owned(),
        dry_run: false,
        policy: pb::ImportPolicy::GoodRows as i32,
        request_id: String::new(),
    }
}

fn violations(status: &Status) -> Vec<(String, String)> {
    details(status).violations
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect()
}

#[tokio::test]
async fn a_roster_goes_from_the_file_to_the_marked_workbook() {
    TestDb::each_migrated(crate::MIGRATIONS, |db| async move {
        let mut front = front(db).await;
        let mut rows: Vec<_> = (1..=60).map(|serial| pupil("王一", serial)).collect();
        rows[9] = with(rows[9].clone(), &[("姓名", "=1+1"), ("监护人1电话", "1"), ("出生日期", "")]);
        rows[19] = rows[18].clone();
        rows[29] = with(rows[29].clone(), &[("入学年月", "202309")]);
        let accepted = front.client.import_roster(request(csv(&rows))).await.unwrap().into_inner();
        assert_eq!((accepted.state(), accepted.rows_total), (pb::ImportState::Pending, 60));
        let name = accepted.name.clone();
        let early = pb::DownloadImportErrorsRequest { name: name.clone(), only_with_reasons: false };
        let early = front.client.download_import_errors(early).await.unwrap_err();
        assert_eq!(details(&early).reason, "ROSTER_IMPORT_UNFINISHED");
        front.finish().await;

        let get = pb::GetImportRequest { name: name.clone() };
        let import = front.client.get_import(get).await.unwrap().into_inner();
        assert_eq!((import.state(), import.rows_done), (pb::ImportState::Succeeded, 60));
        let counts = import.counts.unwrap();
        assert_eq!((counts.created, counts.rejected, counts.duplicates, counts.with_warnings), (58, 1, 1, 1));
        assert!(import.finish_time.is_some() && import.erase_time.is_some());

        let rejected = all_rows(&mut front.client, &name, pb::RowOutcome::Rejected, 50).await;
        let [row] = &rejected[..] else { panic!("{rejected:?}") };
        assert_eq!((row.row, row.name.clone()), (11, format!("{name}/rows/11")));
        let said: Vec<(&str, &str, &str)> =
            row.reasons.iter().map(|r| (r.cell.as_str(), r.column.as_str(), r.reason.as_str())).collect();
        assert_eq!(
            said,
            [("A11", "姓名", "ROSTER_CELL_FORMULA"), ("R11", "监护人1电话", "ROSTER_PHONE_FORMAT")]
        );
        assert!(row.reasons[0].message.contains("公式"));
        let all = all_rows(&mut front.client, &name, pb::RowOutcome::Unspecified, 7).await;
        assert_eq!(all.iter().map(|row| row.row).collect::<Vec<_>>(), (2..=61).collect::<Vec<_>>());
        assert!(
            all.iter()
                .filter(|row| row.outcome() == pb::RowOutcome::Created)
                .all(|row| row.student.starts_with("students/"))
        );

        let download = pb::DownloadImportErrorsRequest { name: name.clone(), only_with_reasons: false };
        let marked = front.client.download_import_errors(download).await.unwrap().into_inner();
        assert_eq!(marked.filename, "名册-错误标注.xlsx");
        let sheet = read_back(&marked.content);
        assert_eq!(sheet.height(), 61);
        assert_eq!(sheet.get_value((10, 0)), Some(&Data::String("=1+1".to_owned())), "text, not a formula");
        let reasons = sheet.get_value((10, 21)).unwrap().to_string();
        assert!(reasons.contains("A11 姓名：") && reasons.contains("R11 监护人1电话："), "{reasons}");
        assert!(sheet.get_value((30, 21)).unwrap().to_string().starts_with("J31 入学年月："));
        assert_eq!(sheet.get_value((1, 21)), Some(&Data::Empty));

        let download = pb::DownloadImportErrorsRequest { name, only_with_reasons: true };
        let marked = front.client.download_import_errors(download).await.unwrap().into_inner();
        assert_eq!(
            read_back(&marked.content).height(),
            3,
            "headings, the rejected row, the row with a warning"
        );
        let again = front.client.import_roster(request(marked.content.to_vec())).await.unwrap().into_inner();
        assert_eq!(again.rows_total, 2, "the marked workbook can be corrected and sent again");
        assert_eq!(again.warnings.len(), 1, "the column of reasons is not one of the roster's");
    })
    .await;
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_told_so() {
    TestDb::each_migrated(crate::MIGRATIONS, |db| async move {
        let mut front = front(db).await;
        let refused = front.client.import_roster(request(vec![b'a'; (32 << 20) + 1])).await.unwrap_err();
        assert_eq!(violations(&refused), pairs(&[("content", "ROSTER_FILE_TOO_LARGE")]));
    })
    .await;
}

async fn all_rows(
    client: &mut RosterServiceClient<Transport>,
    parent: &str,
    outcome: pb::RowOutcome,
    page_size: i32,
) -> Vec<pb::ImportRow> {
    let (mut rows, mut page_token) = (Vec::new(), String::new());
    loop {
        let list = pb::ListImportRowsRequest {
            parent: parent.to_owned(),
            page_size,
            page_token,
            outcome: outcome as i32,
            only_with_reasons: false,
        };
        let page = client.list_import_rows(list).await.unwrap().into_inner();
        assert!(page.rows.len() <= page_size as usize);
        rows.extend(page.rows);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return rows;
        }
    }
}

fn read_back(content: &[u8]) -> calamine::Range<Data> {
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(content)).unwrap();
    assert!(book.worksheet_formula("Sheet1").unwrap().is_empty(), "no formula left");
    book.worksheet_range("Sheet1").unwrap()
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once_and_nothing_is_left_behind() {
    TestDb::each_migrated(crate::MIGRATIONS, |db| async move {
        let mut front = front(db.clone()).await;
        let wrong = pb::ImportRosterRequest { content: b"%PDF-1.7".to_vec().into(), ..Default::default() };
        let status = front.client.import_roster(wrong).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let expected = [("filename", "REQUIRED"), ("policy", "REQUIRED"), ("content", "ROSTER_FILE_KIND")];
        assert_eq!(violations(&status), pairs(&expected));

        let headings = "姓名,性别,出生日期\n王一,男,2018-01-10\n".as_bytes().to_vec();
        let status = front.client.import_roster(request(headings)).await.unwrap_err();
        assert_eq!(violations(&status), pairs(&[("content", "ROSTER_COLUMNS_MISSING")]));

        let unknown = pb::GetImportRequest { name: format!("imports/{}", Uuid::nil()) };
        let status = front.client.get_import(unknown).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        let misnamed = pb::GetImportRequest { name: "rosters/1".to_owned() };
        let status = front.client.get_import(misnamed).await.unwrap_err();
        assert_eq!(violations(&status), pairs(&[("name", "INVALID_NAME")]));
        let imports: i64 = db.read("SELECT COUNT(*) FROM imports").get().await.unwrap();
        assert_eq!(imports, 0);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_again_is_the_same_import() {
    TestDb::each_migrated(crate::MIGRATIONS, |db| async move {
        let mut front = front(db.clone()).await;
        let request_id = front.deps.ids.new_id().to_string();
        let first = pb::ImportRosterRequest { request_id, ..request(csv(&[pupil("王一", 1)])) };
        let one = front.client.import_roster(first.clone()).await.unwrap().into_inner();
        let two = front.client.import_roster(first.clone()).await.unwrap().into_inner();
        assert_eq!(one, two);
        let other = pb::ImportRosterRequest { dry_run: true, ..first };
        let status = front.client.import_roster(other).await.unwrap_err();
        assert_eq!(details(&status).reason, "REQUEST_ID_REUSED");
        let list = front.client.list_imports(pb::ListImportsRequest::default()).await.unwrap().into_inner();
        assert_eq!(list.imports.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn imports_are_listed_latest_first() {
    TestDb::each_migrated(crate::MIGRATIONS, |db| async move {
        let mut front = front(db).await;
        let mut names = Vec::new();
        for serial in 1..=3 {
            front.clock.advance(Duration::seconds(1));
            let import = front.client.import_roster(request(csv(&[pupil("王一", serial)]))).await.unwrap();
            names.insert(0, import.into_inner().name);
        }
        let list = pb::ListImportsRequest { page_size: 2, page_token: String::new() };
        let page = front.client.list_imports(list).await.unwrap().into_inner();
        let next = pb::ListImportsRequest { page_size: 2, page_token: page.next_page_token };
        let rest = front.client.list_imports(next).await.unwrap().into_inner();
        let listed: Vec<String> =
            page.imports.into_iter().chain(rest.imports).map(|import| import.name).collect();
        assert_eq!(listed, names);
        assert_eq!(rest.next_page_token, "");
    })
    .await;
}

#[test]
fn every_reason_has_its_texts_and_its_page() {
    use crate::domain::roster::{fault::FileFault, reason::Reason};
    let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let catalogue = testing::catalogue();
    let of_rows = Reason::ALL.iter().map(|reason| (reason.code(), reason.param()));
    let faults = FileFault::all();
    let of_files = faults.iter().map(|fault| (fault.reason(), fault.params().first().map(|(name, _)| *name)));
    let others = [
        ("ROSTER_COLUMN_UNKNOWN", Some("column")),
        ("ROSTER_OTHER_SHEET", Some("sheet")),
        ("ROSTER_IMPORTS_WAITING", Some("max")),
        ("ROSTER_IMPORT_UNFINISHED", None),
        ("ROSTER_IMPORT_ERASED", None),
        ("ROSTER_IMPORT_BROKE_OFF", None),
    ];
    for (code, param) in of_rows.chain(of_files).chain(others) {
        assert!(pages.join(format!("{code}.md")).exists(), "docs/errors/{code}.md");
        for locale in [xinqiao_kit::catalogue::Locale::ZhCn, xinqiao_kit::catalogue::Locale::En] {
            let plain = catalogue.text::<&str, &str>(locale, code, &[]);
            assert_ne!(plain, code, "no text");
            let named: Vec<&str> =
                plain.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
            assert_eq!(named, param.into_iter().collect::<Vec<_>>(), "{code}");
        }
    }
}
