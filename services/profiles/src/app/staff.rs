//! Staff, duties, assigned pupils, vacancies (P2.3, P7.2, P7.3, P7.4).

use super::{App, Key, ListAnswer, access::part};
use crate::{
    domain::{
        identifiers::PersonName,
        ids::{ClassId, DutyId, SchoolId, StaffId, StudentId, UserId},
        school::Running,
        staff::{Duty, LedGrade, Post, StaffDetails, StaffFault, StaffMember, Vacancy, vacancies},
    },
    error::{Error, Thing},
    store::{classes, placements, schools, staff},
};
use std::collections::BTreeSet;
use xinqiao_kit::{
    authz::Target,
    ctx::{Actor, Ctx},
    db::Tx,
    etag,
    page::Page,
    requests,
    status::Violation,
    validate::Violations,
};

/// Somebody to enter.
#[derive(Debug, Clone)]
pub struct NewStaff {
    /// The school; `None` for the county.
    pub school: Option<SchoolId>,
    /// What may also be changed later.
    pub name: PersonName,
    /// The account.
    pub user: Option<UserId>,
    /// The posts.
    pub posts: BTreeSet<Post>,
    /// Homeroom classes, with the school each name gives.
    pub homeroom_classes: Vec<(SchoolId, ClassId)>,
    /// Grades led.
    pub led_grades: BTreeSet<LedGrade>,
    /// Whether on leave.
    pub on_leave: bool,
}

/// What is changed of a member of staff; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct StaffPatch {
    /// The name.
    pub name: Option<PersonName>,
    /// The account.
    pub user: Option<Option<UserId>>,
    /// The posts.
    pub posts: Option<BTreeSet<Post>>,
    /// Homeroom classes, with the school each name gives.
    pub homeroom_classes: Option<Vec<(SchoolId, ClassId)>>,
    /// Grades led.
    pub led_grades: Option<BTreeSet<LedGrade>>,
    /// Whether on leave.
    pub on_leave: Option<bool>,
    /// The etag that the caller holds.
    pub etag: String,
}

fn target(member: &StaffMember) -> Target {
    let target = Target::new("staff").id(member.id);
    let target = match member.school {
        Some(school) => target.school(school),
        None => target,
    };
    match member.user {
        Some(user) => target.owner(user),
        None => target,
    }
}

fn staff_reason(fault: StaffFault) -> Violation {
    match fault {
        StaffFault::NoPost => Violation::new("staff.posts", "REQUIRED"),
        StaffFault::WrongPlace => Violation::new("staff.posts", "STAFF_POST_WRONG_PLACE"),
        StaffFault::NotHomeroom => Violation::new("staff.homeroom_classes", "STAFF_NOT_HOMEROOM"),
        StaffFault::NotGradeLeader => Violation::new("staff.led_grades", "STAFF_NOT_GRADE_LEADER"),
    }
}

/// Nobody gives oneself a post: a record of one's own account is somebody else's to write.
fn not_own(ctx: &Ctx, user: Option<UserId>) -> Result<(), Error> {
    let own = user.is_some_and(|user| ctx.principal.actor == Actor::User(user.uuid()));
    if own { Err(Error::OwnPosts) } else { Ok(()) }
}

impl App {
    /// Enters a member of staff.
    ///
    /// # Errors
    /// Access; an unknown school or class; posts that do not go together; an own account.
    pub async fn create_staff(&self, ctx: &Ctx, new: NewStaff, key: &Key) -> Result<StaffDetails, Error> {
        let now = ctx.now();
        let member = StaffMember {
            id: StaffId(self.deps.ids.new_id()),
            school: new.school,
            name: new.name,
            user: new.user,
            posts: new.posts,
            homeroom_classes: new.homeroom_classes.iter().map(|(_, class)| *class).collect(),
            led_grades: new.led_grades,
            on_leave: new.on_leave,
            state: Running::Active,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        // The place decides who may; an account that is named gives nobody a say.
        let place = target(&StaffMember { user: None, ..member.clone() });
        self.deps.authz.require(ctx, &place)?;
        not_own(ctx, member.user)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if let Some(school) = member.school {
            let school = schools::get(&mut tx, school).await?;
            let school = school.ok_or_else(|| Violation::new("staff.school", "REFERENCE_UNKNOWN"))?;
            if school.state == Running::Closed {
                return Err(Error::Closed(Thing::School));
            }
        }
        self.check_staff(&mut tx, &member, &new.homeroom_classes).await?;
        staff::insert(&mut tx, &self.deps.keys, &member).await?;
        self.tell_staff(&mut tx, &member).await?;
        let details = StaffDetails { member, duties: Vec::new(), assigned: Vec::new() };
        self.written(tx, ctx, key, &target(&details.member), details).await
    }

    async fn check_staff(
        &self,
        tx: &mut Tx,
        member: &StaffMember,
        named: &[(SchoolId, ClassId)],
    ) -> Result<(), Error> {
        let mut v = Violations::new();
        if let Err(fault) = member.check() {
            v.push(staff_reason(fault));
        }
        let ids: Vec<ClassId> = named.iter().map(|(_, class)| *class).collect();
        let known = classes::by_ids(tx, &ids).await?;
        for (at, (school, class)) in named.iter().enumerate() {
            let found = known.iter().find(|known| known.id == *class && known.school == *school);
            let fits = found.is_some_and(|class| Some(class.school) == member.school);
            if !fits {
                v.push(Violation::new(format!("staff.homeroom_classes[{at}]"), "REFERENCE_UNKNOWN"));
            } else if found.is_some_and(|class| class.state == Running::Closed) {
                v.push(Violation::new(format!("staff.homeroom_classes[{at}]"), "CLASS_CLOSED"));
            }
        }
        Ok(v.into_result()?)
    }

    /// A member of staff with duties and assigned pupils.
    ///
    /// # Errors
    /// Access.
    pub async fn get_staff(&self, ctx: &Ctx, id: StaffId) -> Result<StaffDetails, Error> {
        let (mut db, keys) = (self.deps.db.clone(), &self.deps.keys);
        let member = staff::get(&mut db, keys, id).await?;
        let member = self.deps.authz.require_found(ctx, member, target)?;
        let duties = staff::duties(&mut db, keys, id).await?;
        let assigned = staff::assigned(&mut db, id).await?;
        Ok(StaffDetails { member, duties, assigned })
    }

    /// Staff whom the caller may see.
    ///
    /// # Errors
    /// Access.
    pub async fn list_staff(
        &self,
        ctx: &Ctx,
        filter: &staff::Filter,
        page: &Page,
    ) -> Result<ListAnswer<StaffMember>, Error> {
        let seen = self.deps.authz.visibility(ctx)?;
        let rows = staff::list(&mut self.deps.db.clone(), &self.deps.keys, &seen, filter, part(page)).await?;
        Ok(ListAnswer::by_id(rows, page, |member| member.id.uuid()))
    }

    /// Changes a member of staff. Leave, and another account, change the support teams of the person too.
    ///
    /// # Errors
    /// Access; a stale etag; somebody who has left; posts that do not go together; own posts.
    pub async fn update_staff(
        &self,
        ctx: &Ctx,
        id: StaffId,
        patch: StaffPatch,
    ) -> Result<StaffDetails, Error> {
        let mut tx = self.deps.db.begin().await?;
        let before = self.locked_staff(&mut tx, ctx, id, &patch.etag).await?;
        let mut after = before.clone();
        after.name = patch.name.unwrap_or(after.name);
        after.user = patch.user.unwrap_or(after.user);
        after.posts = patch.posts.unwrap_or(after.posts);
        after.led_grades = patch.led_grades.unwrap_or(after.led_grades);
        after.on_leave = patch.on_leave.unwrap_or(after.on_leave);
        if let Some(named) = &patch.homeroom_classes {
            after.homeroom_classes = named.iter().map(|(_, class)| *class).collect();
        }
        let power = |member: &StaffMember| {
            (member.user, member.posts.clone(), member.homeroom_classes.clone(), member.led_grades.clone())
        };
        if power(&before) != power(&after) {
            not_own(ctx, before.user)?;
            not_own(ctx, after.user)?;
        }
        let named = patch.homeroom_classes.unwrap_or_default();
        self.check_staff(&mut tx, &after, &named).await?;
        let teams_change = (before.on_leave, before.user) != (after.on_leave, after.user);
        let after = staff::update(&mut tx, &self.deps.keys, after, ctx.now()).await?;
        self.tell_staff(&mut tx, &after).await?;
        if teams_change {
            self.recount_teams_of(&mut tx, ctx, id).await?;
        }
        self.staff_written(tx, ctx, after).await
    }

    /// Records that somebody has left.
    ///
    /// # Errors
    /// Access; a stale etag.
    pub async fn retire_staff(&self, ctx: &Ctx, id: StaffId, etag: &str) -> Result<StaffDetails, Error> {
        let mut tx = self.deps.db.begin().await?;
        let member = self.locked_staff(&mut tx, ctx, id, etag).await?;
        let assigned = staff::assigned(&mut tx, id).await?;
        staff::unassign(&mut tx, id, &assigned).await?;
        let member = staff::update(&mut tx, &self.deps.keys, member.retired(), ctx.now()).await?;
        self.leave_all_teams(&mut tx, ctx, id).await?;
        self.tell_staff(&mut tx, &member).await?;
        self.staff_written(tx, ctx, member).await
    }

    async fn locked_staff(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        id: StaffId,
        etag: &str,
    ) -> Result<StaffMember, Error> {
        let member = staff::lock(tx, &self.deps.keys, id).await?;
        let member = self.deps.authz.require_found(ctx, member, target)?;
        etag::check(etag, member.version)?;
        if member.state == Running::Closed {
            return Err(Error::Closed(Thing::Staff));
        }
        Ok(member)
    }

    async fn staff_written(&self, mut tx: Tx, ctx: &Ctx, member: StaffMember) -> Result<StaffDetails, Error> {
        let duties = staff::duties(&mut tx, &self.deps.keys, member.id).await?;
        let assigned = staff::assigned(&mut tx, member.id).await?;
        let details = StaffDetails { member, duties, assigned };
        self.written(tx, ctx, &None, &target(&details.member), details).await
    }

    /// Gives a duty to a member of staff (P7.3).
    ///
    /// # Errors
    /// Access; somebody who has left.
    pub async fn assign_duty(
        &self,
        ctx: &Ctx,
        holder: StaffId,
        description: String,
        key: &Key,
    ) -> Result<Duty, Error> {
        let assigner = UserId(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let member = self.locked_staff(&mut tx, ctx, holder, "").await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let id = DutyId(self.deps.ids.new_id());
        let duty =
            Duty { id, staff: holder, description, assigner, assigned_at: ctx.now(), confirmed_at: None };
        staff::insert_duty(&mut tx, &self.deps.keys, &duty).await?;
        self.written(tx, ctx, key, &target(&member), duty).await
    }

    /// Confirms a duty, by its holder.
    ///
    /// # Errors
    /// Access, which only the holder has.
    pub async fn confirm_duty(&self, ctx: &Ctx, holder: StaffId, id: DutyId) -> Result<Duty, Error> {
        let mut tx = self.deps.db.begin().await?;
        let member = self.locked_staff(&mut tx, ctx, holder, "").await?;
        let duty = staff::confirm_duty(&mut tx, &self.deps.keys, holder, id, ctx.now()).await?;
        let duty = self.deps.authz.require_found(ctx, duty, |_| target(&member))?;
        self.written(tx, ctx, &None, &target(&member), duty).await
    }

    /// Changes which pupils a member of staff looks after (P7.4).
    ///
    /// # Errors
    /// Access; pupils who are not of the same school or have left.
    pub async fn assign_pupils(
        &self,
        ctx: &Ctx,
        id: StaffId,
        add: &[StudentId],
        remove: &[StudentId],
    ) -> Result<StaffDetails, Error> {
        let mut tx = self.deps.db.begin().await?;
        let member = self.locked_staff(&mut tx, ctx, id, "").await?;
        let places = placements::by_ids(&mut tx, add).await?;
        let mut v = Violations::new();
        for (at, student) in add.iter().enumerate() {
            let here = |place: &&placements::Place| {
                place.student == *student && Some(place.school) == member.school && place.state.has_place()
            };
            if !places.iter().any(|place| here(&place)) {
                v.push(Violation::new(format!("add_students[{at}]"), "REFERENCE_UNKNOWN"));
            }
        }
        v.into_result()?;
        staff::unassign(&mut tx, id, remove).await?;
        staff::assign(&mut tx, id, add, ctx.now()).await?;
        self.staff_written(tx, ctx, member).await
    }

    /// What a school lacks: vacancies, unconfirmed duties, pupils nobody looks after.
    ///
    /// # Errors
    /// Access.
    pub async fn vacancies(&self, ctx: &Ctx, school: SchoolId) -> Result<(Vec<Vacancy>, i64, i64), Error> {
        let mut db = self.deps.db.clone();
        let found = schools::get(&mut db, school).await?;
        self.deps
            .authz
            .require_found(ctx, found, |school| Target::new("school").id(school.id).school(school.id))?;
        let members = staff::active_of(&mut db, &self.deps.keys, &[school]).await?;
        let classes = classes::by_schools(&mut db, &[school]).await?;
        let unconfirmed = staff::unconfirmed_duties(&mut db, school).await?;
        let unassigned = staff::unassigned_pupils(&mut db, school).await?;
        Ok((vacancies(&members, &classes), unconfirmed, unassigned))
    }
}
