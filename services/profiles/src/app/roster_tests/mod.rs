//! Imports of rosters, driven piece by piece on both engines and through the service.

mod access;
mod changes;
mod crashes;
mod generated;
mod rosters;
mod rpc;
mod samples;

use super::{
    App, NewImport,
    roster_work::{Progress, Worker},
};
use crate::{
    domain::{
        ids::SchoolId,
        roster::import::{Counts, Import, Policy, RowResult},
        school::{School, SchoolCode, SchoolLine, Stages},
        student::Student,
    },
    error::Error,
    store::{Source as _, roster, roster::RowFilter, schools, students},
};
use chrono::Duration;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;
use xinqiao_kit::{
    ctx::{Ctx, Principal, Scope},
    db::{Db, IdList},
    role::Role,
    testing::{self, ManualClock, TestDb},
    token::TokenKeys,
};

const IMPORT: &str = "/xinqiao.profiles.v1.RosterService/ImportRoster";

/// A county with its service and its technician.
struct County {
    app: Arc<App>,
    clock: Arc<ManualClock>,
    technician: Principal,
    schools: Vec<School>,
}

impl County {
    /// A county on this database with these schools: code, name, stages in Chinese.
    async fn with(db: Db, lines: &[(&str, &str, &str)]) -> Self {
        let clock = testing::clock();
        let tokens = TokenKeys::ephemeral().unwrap();
        let deps = testing::deps_with(Role::Profiles, db, clock.clone(), &tokens, HashMap::new());
        let now = testing::start();
        let schools: Vec<School> = lines
            .iter()
            .map(|(code, name, stages)| {
                let line = SchoolLine {
                    code: SchoolCode::parse(code).unwrap(),
                    display_name: (*name).to_owned(),
                    stages: Stages::of_chinese(stages).unwrap(),
                };
                School::open(SchoolId(deps.ids.new_id()), line, now)
            })
            .collect();
        let mut tx = deps.db.begin().await.unwrap();
        schools::insert(&mut tx, &schools).await.unwrap();
        tx.commit().await.unwrap();
        let technician = testing::user(deps.ids.new_id(), &[("county_it", Scope::County)]);
        Self { app: Arc::new(App::new(deps)), clock, technician, schools }
    }

    fn worker(&self) -> Worker {
        Worker(self.app.clone())
    }

    fn ctx(&self, who: &Principal, method: &str) -> Ctx {
        testing::ctx(&self.app.deps, who.clone(), method)
    }

    async fn accept_as(
        &self,
        who: &Principal,
        content: &[u8],
        policy: Policy,
        dry_run: bool,
    ) -> Result<Import, Error> {
        let new = NewImport { filename: "名册.xlsx".to_owned(), dry_run, policy };
        self.app.import_roster(&self.ctx(who, IMPORT), content.to_vec().into(), Ok(new), &None).await
    }

    /// Works until nothing waits any more.
    async fn work(&self) {
        let worker = self.worker();
        while let Some(mut work) = worker.begin_work().await.unwrap() {
            while worker.step(&mut work).await.unwrap() == Progress::More {}
        }
    }

    /// Takes a roster from beginning to end.
    async fn import_as(&self, who: &Principal, content: &[u8], policy: Policy, dry_run: bool) -> Import {
        let accepted = self.accept_as(who, content, policy, dry_run).await.unwrap();
        self.work().await;
        self.import(&accepted).await
    }

    async fn import_good_rows(&self, content: &[u8]) -> Import {
        self.import_as(&self.technician, content, Policy::GoodRows, false).await
    }

    async fn import(&self, import: &Import) -> Import {
        roster::get(&mut self.app.deps.db.clone(), &self.app.deps.keys, import.id).await.unwrap().unwrap()
    }

    async fn rows(&self, import: &Import) -> Vec<RowResult> {
        let (mut position, mut all) = (0, Vec::new());
        let mut db = self.app.deps.db.clone();
        while let Some((chunk, rows)) =
            roster::next_results(&mut db, &self.app.deps.keys, import.id, position, RowFilter::default())
                .await
                .unwrap()
        {
            all.extend(rows);
            position = chunk + 1;
        }
        all
    }

    /// The address and reason of everything that was said of the rows.
    async fn said(&self, import: &Import) -> Vec<String> {
        let rows = self.rows(import).await;
        let said = rows.iter().flat_map(|row| {
            row.findings.iter().map(|finding| {
                format!("{} {}", import.about.address(row.row, finding.column), finding.reason.code())
            })
        });
        said.collect()
    }

    async fn count(&self, sql: &'static str) -> i64 {
        self.app.deps.db.read(sql).get().await.unwrap()
    }

    async fn pupils(&self) -> Vec<Student> {
        let mut db = self.app.deps.db.clone();
        let ids = db.query("SELECT id FROM students ORDER BY id").all::<(Uuid,)>().await.unwrap();
        let ids: Vec<_> = ids.into_iter().map(|(id,)| id.into()).collect();
        assert!(IdList::from(ids.as_slice()).ids().len() == ids.len());
        students::by_ids(&mut db, &self.app.deps.keys, &ids).await.unwrap()
    }

    async fn pupil(&self, name: &str) -> Student {
        let found: Vec<Student> =
            self.pupils().await.into_iter().filter(|pupil| pupil.person.name.as_str() == name).collect();
        assert_eq!(found.len(), 1, "{name}");
        found.into_iter().next().unwrap()
    }

    /// The claims of whoever works now have run out.
    fn let_claims_run_out(&self) {
        self.clock.advance(Duration::seconds(60));
    }
}

/// The counts that tests look at: created, updated, unchanged, moved, rejected, duplicates.
fn figures(counts: Counts) -> [i32; 6] {
    [counts.created, counts.updated, counts.unchanged, counts.moved, counts.rejected, counts.duplicates]
}

const PRIMARY: (&str, &str, &str) = ("4199000100", "示范县第1小学", "小学");
const OTHER_PRIMARY: (&str, &str, &str) = ("4199000101", "示范县第2小学", "小学");
const JUNIOR: (&str, &str, &str) = ("4199000102", "示范县第3初级中学", "初中");

/// Runs a test on both engines in a county of three schools.
async fn in_county<F, Fut>(test: F)
where
    F: Fn(County) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    TestDb::each_migrated(crate::MIGRATIONS, move |db| {
        let test = test.clone();
        async move { test(County::with(db, &[PRIMARY, OTHER_PRIMARY, JUNIOR]).await).await }
    })
    .await;
}
