//! Classes.

use super::{App, Key, ListAnswer, access::part};
use crate::{
    domain::{
        class::Class,
        ids::{ClassId, SchoolId},
        school::Running,
        stage::Stage,
    },
    error::{Error, Thing},
    store::{classes, schools},
};
use xinqiao_kit::{authz::Target, ctx::Ctx, db::Tx, etag, page::Page, requests, status::Violation};

fn target(class: &Class) -> Target {
    Target::new("class").id(class.id).school(class.school).class(class.id)
}

impl App {
    /// Opens a class.
    ///
    /// # Errors
    /// Access; a closed school; a stage that it does not teach; a number that is taken.
    pub async fn create_class(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        stage: Stage,
        entry_year: i32,
        number: i32,
        key: &Key,
    ) -> Result<Class, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = schools::lock(&mut tx, school).await?;
        let school =
            self.deps.authz.require_found(ctx, found, |school| Target::new("class").school(school.id))?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if school.state == Running::Closed {
            return Err(Error::Closed(Thing::School));
        }
        if !school.stages.contains(stage) {
            return Err(Violation::new("class.stage", "CLASS_STAGE_NOT_TAUGHT").into());
        }
        let id = ClassId(self.deps.ids.new_id());
        let class = Class::open(id, school.id, stage, entry_year, number, ctx.now());
        if classes::insert(&mut tx, std::slice::from_ref(&class)).await? == 0 {
            return Err(Error::Exists(Thing::Class));
        }
        self.tell_class(&mut tx, &class).await?;
        self.written(tx, ctx, key, &target(&class), class).await
    }

    /// A class.
    ///
    /// # Errors
    /// Access.
    pub async fn get_class(&self, ctx: &Ctx, school: SchoolId, id: ClassId) -> Result<Class, Error> {
        let class = classes::get(&mut self.deps.db.clone(), id).await?.filter(|class| class.school == school);
        Ok(self.deps.authz.require_found(ctx, class, target)?)
    }

    /// The classes that the caller has to do with.
    ///
    /// # Errors
    /// Access.
    pub async fn list_classes(
        &self,
        ctx: &Ctx,
        filter: &classes::Filter,
        page: &Page,
    ) -> Result<ListAnswer<Class>, Error> {
        let seen = self.deps.authz.visibility(ctx)?;
        let rows = classes::list(&mut self.deps.db.clone(), &seen, filter, part(page)).await?;
        Ok(ListAnswer::by_id(rows, page, |class| class.id.uuid()))
    }

    /// Changes the number of a class.
    ///
    /// # Errors
    /// Access; a stale etag; a closed class; a number that is taken.
    pub async fn update_class(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        id: ClassId,
        number: i32,
        etag: &str,
    ) -> Result<Class, Error> {
        let mut tx = self.deps.db.begin().await?;
        let class = self.locked_class(&mut tx, ctx, school, id, etag).await?;
        if class.state == Running::Closed {
            return Err(Error::Closed(Thing::Class));
        }
        let class = classes::update(&mut tx, Class { number, ..class }, ctx.now()).await?;
        let class = class.ok_or(Error::Exists(Thing::Class))?;
        self.tell_class(&mut tx, &class).await?;
        self.written(tx, ctx, &None, &target(&class), class).await
    }

    /// Closes a class.
    ///
    /// # Errors
    /// Access; a stale etag; pupils who still belong to it.
    pub async fn close_class(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        id: ClassId,
        etag: &str,
    ) -> Result<Class, Error> {
        let mut tx = self.deps.db.begin().await?;
        let class = self.locked_class(&mut tx, ctx, school, id, etag).await?;
        if class.state == Running::Closed {
            return Ok(class);
        }
        if classes::pupils_with_place(&mut tx, id).await? > 0 {
            return Err(Error::ClassHasPupils);
        }
        let class = classes::update(&mut tx, Class { state: Running::Closed, ..class }, ctx.now()).await?;
        let class = class.ok_or(Error::Exists(Thing::Class))?;
        self.tell_class(&mut tx, &class).await?;
        self.written(tx, ctx, &None, &target(&class), class).await
    }

    async fn locked_class(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        school: SchoolId,
        id: ClassId,
        etag: &str,
    ) -> Result<Class, Error> {
        let class = classes::lock(tx, id).await?.filter(|class| class.school == school);
        let class = self.deps.authz.require_found(ctx, class, target)?;
        etag::check(etag, class.version)?;
        Ok(class)
    }

    /// A running class of a school, or the violation that it is none.
    pub(super) async fn running_class(
        &self,
        tx: &mut Tx,
        field: &'static str,
        school: SchoolId,
        class: ClassId,
    ) -> Result<Class, Error> {
        let found = classes::get(tx, class).await?.filter(|class| class.school == school);
        let class = found.ok_or_else(|| Violation::new(field, "REFERENCE_UNKNOWN"))?;
        if class.state == Running::Closed {
            return Err(Violation::new(field, "CLASS_CLOSED").into());
        }
        Ok(class)
    }
}
