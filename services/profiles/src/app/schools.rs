//! Schools (P0.1, P7.1).

use super::{
    App, Key, ListAnswer,
    access::part,
    school_file::{self, FileProblem, SchoolFileReport},
};
use crate::{
    domain::{
        ids::SchoolId,
        school::{Running, School, SchoolLine, Stages},
    },
    error::{Error, Thing},
    store::{classes, schools},
};
use std::collections::HashMap;
use xinqiao_kit::{audit, authz::Target, ctx::Ctx, db::Tx, etag, page::Page, requests};

/// What is changed of a school; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct SchoolPatch {
    /// The name.
    pub display_name: Option<String>,
    /// The stages.
    pub stages: Option<Stages>,
    /// The etag that the caller holds.
    pub etag: String,
}

fn target(school: &School) -> Target {
    Target::new("school").id(school.id).school(school.id)
}

impl App {
    /// Registers schools, all or none.
    ///
    /// # Errors
    /// Access; a code that is taken, also by another of them.
    pub async fn create_schools(
        &self,
        ctx: &Ctx,
        lines: Vec<SchoolLine>,
        key: &Key,
    ) -> Result<Vec<School>, Error> {
        let all = Target::new("school");
        self.deps.authz.require(ctx, &all)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let made = self.open_schools(lines, ctx);
        if schools::insert(&mut tx, &made).await? < made.len() as u64 {
            return Err(Error::Exists(Thing::School));
        }
        for school in &made {
            self.tell_school(&mut tx, school).await?;
        }
        self.written(tx, ctx, key, &all, made).await
    }

    fn open_schools(&self, lines: Vec<SchoolLine>, ctx: &Ctx) -> Vec<School> {
        let open = |line| School::open(SchoolId(self.deps.ids.new_id()), line, ctx.now());
        lines.into_iter().map(open).collect()
    }

    /// Registers the schools of a file, updates those that are known, and says what it did with each row.
    ///
    /// # Errors
    /// Access; a file that is no list of schools.
    pub async fn import_schools(
        &self,
        ctx: &Ctx,
        content: &[u8],
        skip_bad_rows: bool,
        validate_only: bool,
    ) -> Result<SchoolFileReport, Error> {
        let all = Target::new("school");
        self.deps.authz.require(ctx, &all)?;
        let file = school_file::read(content)?;
        let mut report = SchoolFileReport { rows: file.rows, problems: file.problems, ..Default::default() };
        let mut tx = self.deps.db.begin().await?;
        let codes = file.good.iter().map(|row| row.line.code.as_str().to_owned()).collect();
        let known = schools::by_codes(&mut tx, codes).await?;
        let mut known: HashMap<String, School> =
            known.into_iter().map(|school| (school.code.as_str().to_owned(), school)).collect();
        for row in file.good {
            let code = row.line.code.as_str().to_owned();
            match known.get(&code) {
                None => {
                    let school = self.register(&mut tx, ctx, row.line).await?;
                    known.insert(code, school);
                    report.created += 1;
                }
                Some(school) if school.says(&row.line) => report.unchanged += 1,
                Some(school) => match self.overwrite(&mut tx, ctx, school.id, &row.line).await {
                    Ok(school) => {
                        known.insert(code, school);
                        report.updated += 1;
                    }
                    Err(Error::StageInUse) => {
                        let (row, cell) = (row.row, row.stages_cell);
                        report.problems.push(FileProblem { row, cell, reason: "SCHOOL_STAGE_IN_USE" });
                    }
                    Err(other) => return Err(other),
                },
            }
        }
        report.problems.sort_by(|a, b| (a.row, &a.cell).cmp(&(b.row, &b.cell)));
        report.rejected = report.rows - report.created - report.updated - report.unchanged;
        report.committed = !validate_only && (report.rejected == 0 || skip_bad_rows);
        if report.committed {
            audit::record(&mut tx, ctx, audit::Entry::write(&all)).await?;
            tx.commit().await?;
        }
        Ok(report)
    }

    async fn register(&self, tx: &mut Tx, ctx: &Ctx, line: SchoolLine) -> Result<School, Error> {
        let school = School::open(SchoolId(self.deps.ids.new_id()), line, ctx.now());
        schools::insert(tx, std::slice::from_ref(&school)).await?;
        self.tell_school(tx, &school).await?;
        Ok(school)
    }

    async fn overwrite(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        id: SchoolId,
        line: &SchoolLine,
    ) -> Result<School, Error> {
        let school = schools::lock(tx, id).await?.ok_or(Error::Closed(Thing::School))?;
        self.stages_stay(tx, id, &line.stages).await?;
        let (display_name, stages) = (line.display_name.clone(), line.stages.clone());
        let school = schools::update(tx, School { display_name, stages, ..school }, ctx.now()).await?;
        self.tell_school(tx, &school).await?;
        Ok(school)
    }

    /// A stage with running classes cannot be taken away.
    async fn stages_stay(&self, tx: &mut Tx, id: SchoolId, stages: &Stages) -> Result<(), Error> {
        let running = schools::running_stages(tx, id).await?;
        let kept = running.iter().all(|word| stages.iter().any(|stage| stage.word() == word));
        if kept { Ok(()) } else { Err(Error::StageInUse) }
    }

    /// A school.
    ///
    /// # Errors
    /// Access.
    pub async fn get_school(&self, ctx: &Ctx, id: SchoolId) -> Result<School, Error> {
        let school = schools::get(&mut self.deps.db.clone(), id).await?;
        Ok(self.deps.authz.require_found(ctx, school, target)?)
    }

    /// The schools that the caller has to do with.
    ///
    /// # Errors
    /// Access.
    pub async fn list_schools(
        &self,
        ctx: &Ctx,
        code: &str,
        page: &Page,
    ) -> Result<ListAnswer<School>, Error> {
        let seen = self.deps.authz.visibility(ctx)?;
        let rows = schools::list(&mut self.deps.db.clone(), &seen, code, part(page)).await?;
        Ok(ListAnswer::by_id(rows, page, |school| school.id.uuid()))
    }

    /// Changes a school.
    ///
    /// # Errors
    /// Access; a stale etag; a closed school; a stage with running classes.
    pub async fn update_school(&self, ctx: &Ctx, id: SchoolId, patch: SchoolPatch) -> Result<School, Error> {
        let mut tx = self.deps.db.begin().await?;
        let school = schools::lock(&mut tx, id).await?;
        let mut school = self.deps.authz.require_found(ctx, school, target)?;
        etag::check(&patch.etag, school.version)?;
        if school.state == Running::Closed {
            return Err(Error::Closed(Thing::School));
        }
        if let Some(stages) = patch.stages {
            self.stages_stay(&mut tx, id, &stages).await?;
            school.stages = stages;
        }
        school.display_name = patch.display_name.unwrap_or(school.display_name);
        let school = schools::update(&mut tx, school, ctx.now()).await?;
        self.tell_school(&mut tx, &school).await?;
        self.written(tx, ctx, &None, &target(&school), school).await
    }

    /// Closes a school for good.
    ///
    /// # Errors
    /// Access; a stale etag; running classes.
    pub async fn close_school(&self, ctx: &Ctx, id: SchoolId, etag: &str) -> Result<School, Error> {
        let mut tx = self.deps.db.begin().await?;
        let school = schools::lock(&mut tx, id).await?;
        let school = self.deps.authz.require_found(ctx, school, target)?;
        etag::check(etag, school.version)?;
        if school.state == Running::Closed {
            return Ok(school);
        }
        let running = classes::by_schools(&mut tx, &[id]).await?;
        if running.iter().any(|class| class.state == Running::Active) {
            return Err(Error::SchoolHasClasses);
        }
        let school = schools::update(&mut tx, School { state: Running::Closed, ..school }, ctx.now()).await?;
        self.tell_school(&mut tx, &school).await?;
        self.written(tx, ctx, &None, &target(&school), school).await
    }
}
