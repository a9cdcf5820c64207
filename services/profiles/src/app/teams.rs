//! Support teams (P5.3, P5.5): formed by the school, ended by events, counted again whenever something that matters changes.

use super::{App, Key, ListAnswer, access::target};
use crate::{
    domain::{
        colour::Colour,
        ids::{SchoolId, StaffId, StudentId},
        staff::StaffMember,
        team::Team,
    },
    error::Error,
    store::{Part, placements, placements::Place, staff, teams, teams::Vacant},
};
use std::collections::BTreeSet;
use xinqiao_kit::{
    authz::Target, ctx::Ctx, db::Tx, etag, page::Page, requests, status::Violation, time::Ts,
    validate::Violations,
};

impl App {
    fn load_limit(&self) -> u32 {
        self.deps.settings.profiles.support_load_limit
    }

    async fn team(&self, tx: &mut Tx, place: &Place) -> Result<Team, Error> {
        let found = teams::of_students(tx, &self.deps.keys, self.load_limit(), &[place.student]).await?;
        let none = || Team::empty(place.student, place.colour);
        Ok(found.into_values().next().unwrap_or_else(none))
    }

    /// The support team of a pupil.
    ///
    /// # Errors
    /// Access.
    pub async fn get_team(&self, ctx: &Ctx, student: StudentId) -> Result<Team, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.place(&mut tx, ctx, student, "team").await?;
        let team = self.team(&mut tx, &place).await?;
        self.shown(tx, ctx, &target(&place, "team"), team).await
    }

    /// Makes these people, and nobody else, the support team of a pupil. Fewer than needed are taken; the vacancy shows.
    ///
    /// # Errors
    /// Access; a stale etag; a green or sealed record; people who cannot be in the team, each named.
    pub async fn set_team(
        &self,
        ctx: &Ctx,
        student: StudentId,
        members: Vec<StaffId>,
        etag: &str,
        key: &Key,
    ) -> Result<Team, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.locked_place(&mut tx, ctx, student, "team").await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let team = self.team(&mut tx, &place).await?;
        etag::check(etag, team.version)?;
        if place.colour == Colour::Green {
            return Err(Error::RecordGreen);
        }
        if place.transfer_to.is_some() {
            return Err(Error::Sealed);
        }
        let present: BTreeSet<StaffId> = team.members.iter().map(|member| member.staff).collect();
        self.check_members(&mut tx, &place, &members, &present).await?;
        let wanted: BTreeSet<StaffId> = members.into_iter().collect();
        let leaving: Vec<StaffId> = present.difference(&wanted).copied().collect();
        let joining: Vec<StaffId> = wanted.difference(&present).copied().collect();
        let saved = teams::save(&mut tx, team, ctx.now()).await?;
        teams::leave(&mut tx, student, &leaving, ctx.now()).await?;
        teams::join(&mut tx, student, &joining, ctx.now()).await?;
        let team = self.recount(&mut tx, &place, saved, ctx.now()).await?;
        self.tell_team(&mut tx, &place, &team).await?;
        for gone in leaving {
            self.recount_teams_of(&mut tx, ctx, gone).await?;
        }
        self.written(tx, ctx, key, &target(&place, "team"), team).await
    }

    /// Every member is known, named once, at work, of the pupil's school or of the county, and has room for one more.
    async fn check_members(
        &self,
        tx: &mut Tx,
        place: &Place,
        members: &[StaffId],
        present: &BTreeSet<StaffId>,
    ) -> Result<(), Error> {
        let known = staff::lock_all(tx, &self.deps.keys, members).await?;
        let loads = teams::loads(tx, members).await?;
        let limit = i64::from(self.load_limit());
        let mut v = Violations::new();
        for (at, id) in members.iter().enumerate() {
            let field = format!("staff[{at}]");
            let here = |member: &&StaffMember| {
                member.id == *id && member.school.is_none_or(|school| school == place.school)
            };
            let load = loads.get(id).copied().unwrap_or_default();
            let stays = present.contains(id);
            match known.iter().find(here) {
                None => v.push(Violation::new(field, "REFERENCE_UNKNOWN")),
                Some(_) if members.iter().take(at).any(|earlier| earlier == id) => {
                    v.push(Violation::new(field, "DUPLICATE"));
                }
                Some(member) if !member.is_at_work() && !stays => {
                    v.push(Violation::new(field, "TEAM_MEMBER_AWAY"));
                }
                Some(_) if load >= limit && !stays => {
                    v.push(Violation::new(field, "TEAM_MEMBER_OVERLOADED").param("max", limit));
                }
                Some(_) => {}
            }
        }
        Ok(v.into_result()?)
    }

    /// Counts a team again as it is now and writes what comes out.
    async fn recount(&self, tx: &mut Tx, place: &Place, before: Team, now: Ts) -> Result<Team, Error> {
        let found = teams::of_students(tx, &self.deps.keys, self.load_limit(), &[place.student]).await?;
        let members = found.into_values().next().map(|team| team.members).unwrap_or_default();
        Ok(teams::save(tx, Team { members, ..before }, now).await?)
    }

    /// A pupil's colour, school or state is another one now: as many members as that needs, none of them if `dissolve`.
    pub(super) async fn refit_team(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        place: &Place,
        dissolve: bool,
    ) -> Result<(), Error> {
        let team = self.team(tx, place).await?;
        let required = if place.state.has_place() { place.colour.team_size() } else { 0 };
        if team.version == 0 && required == 0 {
            return Ok(());
        }
        let leaving: Vec<StaffId> =
            if dissolve { team.members.iter().map(|member| member.staff).collect() } else { Vec::new() };
        teams::leave(tx, place.student, &leaving, ctx.now()).await?;
        // After an end the clock starts anew; it never runs on from the team before.
        let vacant_since = if dissolve { None } else { team.vacant_since };
        let team = self.recount(tx, place, Team { required, vacant_since, ..team }, ctx.now()).await?;
        if !leaving.is_empty() {
            self.tell_team(tx, place, &team).await?;
        }
        for gone in leaving {
            self.recount_teams_of(tx, ctx, gone).await?;
        }
        Ok(())
    }

    /// Somebody's leave, account or load changed: all teams of the person are counted again and told.
    pub(super) async fn recount_teams_of(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        person: StaffId,
    ) -> Result<(), Error> {
        let pupils = teams::of_staff(tx, person).await?;
        self.recount_all(tx, ctx, &pupils).await
    }

    /// Somebody has left: out of all teams.
    pub(super) async fn leave_all_teams(&self, tx: &mut Tx, ctx: &Ctx, person: StaffId) -> Result<(), Error> {
        let pupils = teams::of_staff(tx, person).await?;
        for pupil in &pupils {
            teams::leave(tx, *pupil, &[person], ctx.now()).await?;
        }
        self.recount_all(tx, ctx, &pupils).await
    }

    /// Counts teams again. Each pupil is locked first: nobody else forms the team meanwhile.
    async fn recount_all(&self, tx: &mut Tx, ctx: &Ctx, pupils: &[StudentId]) -> Result<(), Error> {
        for pupil in pupils {
            let Some(place) = placements::lock(tx, *pupil).await? else { continue };
            let team = self.team(tx, &place).await?;
            let team = teams::save(tx, team, ctx.now()).await?;
            self.tell_team(tx, &place, &team).await?;
        }
        Ok(())
    }

    /// Teams that lack members, the longest vacancy first.
    ///
    /// # Errors
    /// Access.
    pub async fn list_team_vacancies(
        &self,
        ctx: &Ctx,
        school: Option<SchoolId>,
        page: &Page,
    ) -> Result<ListAnswer<Vacant>, Error> {
        let seen = self.seen(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let since =
            page.after.as_ref().and_then(|parts| parts.first()?.parse::<i64>().ok()).map(Ts::from_micros);
        let after = since.map(|since| (since, StudentId(page.after_id(1))));
        let part = Part { after: page.after_id(1), limit: page.fetch() };
        let mut rows = teams::vacant(&mut tx, &seen, school, after, part).await?;
        let key = |row: &Vacant| vec![row.since.micros().to_string(), row.student.to_string()];
        let next_page_token = page.cut(&mut rows, key);
        let target = Target::new("teams");
        self.shown(tx, ctx, &target, ListAnswer { rows, next_page_token }).await
    }
}
