//! Handing in reports (P4.5, P4.7): any staff, peer observers, guardians, the pupil.

use super::{
    App, Error,
    intake::{Incoming, Placement},
};
use crate::{
    domain::{
        Severity, StudentId, UserId,
        report::{EntryLevel, Sign, Source, severity_of},
    },
    store::{self, signals},
};
use uuid::Uuid;
use xinqiao_kit::{
    audit,
    authz::{AccessError, Target},
    ctx::{Ctx, Grant, Scope},
    status::Violation,
    validate::Invalid,
};

/// What a person hands in.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// The pupil.
    pub student: StudentId,
    /// What was noticed; different signs, at least one.
    pub signs: Vec<Sign>,
    /// In the reporter's words.
    pub text: Option<String>,
    /// Made by the client before its first try.
    pub client_key: Uuid,
    /// Whether this is a drill.
    pub drill: bool,
}

/// A report that was taken, as its reporter sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The signal that it became.
    pub signal: signals::Signal,
    /// The client's key.
    pub client_key: Uuid,
    /// Whether this is a drill.
    pub drill: bool,
}

/// In which quality somebody reports, and what that says of the pupil's place.
struct Standing {
    entry_level: EntryLevel,
    target: Target,
    placement: Placement,
}

impl App {
    /// Takes a report. OK means that it is committed (R1); the same client key gives the same report (R2).
    ///
    /// # Errors
    /// Not permitted or no such pupil: the same answer. Words of a peer observer.
    pub async fn create_report(&self, ctx: &Ctx, new: NewReport) -> Result<Report, Error> {
        let user = UserId::from(ctx.user()?);
        let standing = self.standing(ctx, new.student).await?;
        if new.text.is_some() && !standing.entry_level.may_write_text() {
            return Err(Invalid::one(Violation::new("report.text", "NOT_ALLOWED")).into());
        }
        let key = new.client_key.to_string();
        let dedupe = store::lookup(&self.deps.keys, "signals.dedupe", &[&user.to_string(), &key]);
        let now = self.deps.clock.now();
        let mut tx = self.deps.db.begin().await?;
        if let Some(known) = signals::by_dedupe(&mut tx, &self.deps.keys, &dedupe).await? {
            return Ok(Report { signal: known, client_key: new.client_key, drill: new.drill });
        }
        let incoming = incoming(&new, &standing, user, self.deps.ids.make(), dedupe.clone());
        let alert = self.take_in(&mut tx, incoming, now).await?;
        let target = audited(&standing, &alert.id.uuid());
        audit::record(&mut tx, ctx, audit::Entry::write(&target)).await?;
        let signal = signals::by_dedupe(&mut tx, &self.deps.keys, &dedupe).await?;
        let signal = signal.ok_or(AccessError::NotFound)?;
        tx.commit().await?;
        Ok(Report { signal, client_key: new.client_key, drill: new.drill })
    }

    /// Finds out in which quality the caller reports, asking profiles only where that tells nobody anything.
    async fn standing(&self, ctx: &Ctx, student: StudentId) -> Result<Standing, Error> {
        let grants = &ctx.principal.grants;
        let own =
            |role: &str| grants.iter().any(|g| g.role == role && g.scope == Scope::Student(student.uuid()));
        if own("pupil") || own("guardian") {
            let entry_level = if own("pupil") { EntryLevel::Pupil } else { EntryLevel::Family };
            let placement = self.placement_or_unknown(student).await;
            return self.permitted(ctx, entry_level, student, placement);
        }
        if let Some(placement) = peer_place(grants) {
            // A peer learns nothing, not even by the time that the answer takes: profiles is not asked.
            return self.permitted(ctx, EntryLevel::Peer, student, placement);
        }
        match self.ask_placement(student).await {
            Ok(placement) => {
                let entry_level = entry_level(grants, student, placement);
                self.permitted(ctx, entry_level, student, placement)
            }
            Err(super::place::Unplaced::NoSuchPupil) => {
                let nobody: Option<()> = None;
                Err(self
                    .deps
                    .authz
                    .require_found(ctx, nobody, |()| Target::new("report"))
                    .map_or_else(Error::from, |()| AccessError::NotFound.into()))
            }
            Err(super::place::Unplaced::NoAnswer) => self.standing_without_answer(ctx, student),
        }
    }

    /// Profiles does not answer: a report is taken all the same from whoever may report anywhere in their own school.
    fn standing_without_answer(&self, ctx: &Ctx, student: StudentId) -> Result<Standing, Error> {
        let grants = &ctx.principal.grants;
        let mut refusal = AccessError::Denied;
        let places = grants.iter().map(|grant| match grant.scope {
            Scope::School(school) => (Some(school), None),
            Scope::Class { school, class } => (Some(school), Some(class)),
            Scope::County | Scope::Student(_) => (None, None),
        });
        for (school, class) in places {
            // The pupil's class is not known; the reporter's own is asked about only to see whether they may report at all.
            let target = target(student, school, class);
            match self.deps.authz.require(ctx, &target) {
                Ok(()) => {
                    let placement = Placement { school: school.map(Into::into), class: None, known: false };
                    let entry_level = entry_level(grants, student, placement);
                    return Ok(Standing { entry_level, target, placement });
                }
                Err(cause) => refusal = cause,
            }
        }
        Err(refusal.into())
    }

    fn permitted(
        &self,
        ctx: &Ctx,
        entry_level: EntryLevel,
        student: StudentId,
        placement: Placement,
    ) -> Result<Standing, Error> {
        let target = target(student, placement.school.map(Into::into), placement.class.map(Into::into));
        self.deps.authz.require(ctx, &target)?;
        Ok(Standing { entry_level, target, placement })
    }

    async fn placement_or_unknown(&self, student: StudentId) -> Placement {
        let unknown = Placement { school: None, class: None, known: false };
        self.ask_placement(student).await.unwrap_or(unknown)
    }
}

fn target(student: StudentId, school: Option<Uuid>, class: Option<Uuid>) -> Target {
    Target { school, class, ..Target::new("report").student(student) }
}

/// What the audit log keeps. Of a sealed report it keeps that there was one, not about whom: sealed is sealed.
fn audited(standing: &Standing, alert: &Uuid) -> Target {
    if standing.entry_level.is_sealed() { Target::new("report") } else { standing.target.clone().id(*alert) }
}

fn incoming(
    new: &NewReport,
    standing: &Standing,
    user: UserId,
    id: crate::domain::SignalId,
    dedupe: Vec<u8>,
) -> Incoming {
    let severity: Severity = severity_of(&new.signs);
    Incoming {
        id,
        student: new.student,
        placement: standing.placement,
        drill: new.drill,
        severity,
        source: Source::Report,
        entry_level: standing.entry_level,
        evidence: String::new(),
        reporter: Some(user),
        body: signals::Body { signs: new.signs.clone(), text: new.text.clone() },
        dedupe: Some(dedupe),
    }
}

/// The class of a peer observer who holds nothing else that would let them report about others.
fn peer_place(grants: &[Grant]) -> Option<Placement> {
    let staff = grants.iter().any(|grant| !matches!(grant.role.as_str(), "peer" | "pupil" | "guardian"));
    let place = |grant: &Grant| match grant.scope {
        Scope::Class { school, class } if grant.role == "peer" => {
            Some(Placement { school: Some(school.into()), class: Some(class.into()), known: true })
        }
        _ => None,
    };
    if staff { None } else { grants.iter().find_map(place) }
}

/// Where a report of staff enters the grid: as close to the pupil as the reporter stands.
fn entry_level(grants: &[Grant], student: StudentId, placement: Placement) -> EntryLevel {
    let (school, class) = (placement.school.map(Uuid::from), placement.class.map(Uuid::from));
    let level = |grant: &Grant| match (grant.role.as_str(), grant.scope) {
        (_, Scope::Student(id)) if id == student.uuid() => Some(EntryLevel::Class),
        (_, Scope::Class { class: own, .. }) if Some(own) == class => Some(EntryLevel::Class),
        ("grade_leader", Scope::School(own)) if Some(own) == school => Some(EntryLevel::Grade),
        ("subject", Scope::School(own)) if Some(own) == school => Some(EntryLevel::Class),
        (_, Scope::School(own)) if Some(own) == school => Some(EntryLevel::School),
        (_, Scope::County) => Some(EntryLevel::County),
        _ => None,
    };
    // Psychologists and heads also teach: the highest of what they are within the school counts, unless they stand at the class.
    let levels: Vec<EntryLevel> = grants.iter().filter_map(level).collect();
    let in_school = levels.iter().copied().filter(|level| *level != EntryLevel::County);
    in_school.max().or_else(|| levels.first().copied()).unwrap_or(EntryLevel::School)
}
