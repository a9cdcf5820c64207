//! What the other services say: signals, and who is where.

use super::{
    App, Error,
    change::Change,
    intake::{Incoming, Placement},
};
use crate::{
    domain::{
        ClassId, SchoolId, Severity, StaffId, StudentId, UserId,
        grid::{Class, StaffFacts},
        report::{EntryLevel, Source},
    },
    store::{alerts, grid, signals},
};
use uuid::Uuid;
use xinqiao_kit::{
    authz::Target,
    ctx::Ctx,
    db::Tx,
    inbox,
    time::Ts,
    validate::{Invalid, Violations},
};
use xinqiao_proto::internal::v1::{
    ClassChanged, Event, SchoolChanged, SignalRaised, StaffChanged, StudentMoved, event::Payload,
};

impl App {
    /// Takes one event. OK means that its effect is committed; the same event again changes nothing.
    ///
    /// # Errors
    /// Not a service; an event that is malformed.
    pub async fn deliver(&self, ctx: &Ctx, event: Event) -> Result<(), Error> {
        self.deps.authz.require(ctx, &Target::new("event"))?;
        let mut v = Violations::new();
        let id = v.uuid("event.event_id", &event.event_id);
        let id = v.finish(id)?;
        let now = self.deps.clock.now();
        let mut tx = self.deps.db.begin().await?;
        if !inbox::first_time(&mut tx, id, now).await? {
            return Ok(());
        }
        match event.payload {
            Some(Payload::SignalRaised(signal)) => self.signal_raised(&mut tx, &signal, now).await?,
            Some(Payload::SchoolChanged(school)) => self.school_changed(&mut tx, &school, now).await?,
            Some(Payload::ClassChanged(class)) => self.class_changed(&mut tx, &class, now).await?,
            Some(Payload::StaffChanged(staff)) => self.staff_changed(&mut tx, &staff, now).await?,
            Some(Payload::StudentMoved(moved)) => self.student_moved(&mut tx, &moved, now).await?,
            // Teams are none of our business, and a newer sender may say what we do not know: taken, nothing to do.
            Some(Payload::TeamChanged(_)) | None => {}
        }
        tx.commit().await?;
        Ok(())
    }

    async fn signal_raised(&self, tx: &mut Tx, signal: &SignalRaised, now: Ts) -> Result<(), Error> {
        let incoming = parse_signal(signal)?;
        if signals::alert_of(tx, incoming.id).await?.is_none() {
            self.take_in(tx, incoming, now).await?;
        }
        Ok(())
    }

    async fn school_changed(&self, tx: &mut Tx, school: &SchoolChanged, now: Ts) -> Result<(), Error> {
        let id: SchoolId = required("school_id", &school.school_id)?.into();
        grid::put_school(tx, id, school.active).await?;
        self.record_gaps(tx, id, now).await?;
        Ok(())
    }

    async fn class_changed(&self, tx: &mut Tx, class: &ClassChanged, now: Ts) -> Result<(), Error> {
        let known = Class {
            id: required("class_id", &class.class_id)?.into(),
            school: required("school_id", &class.school_id)?.into(),
            grade: format!("{}:{}", class.stage, class.entry_year),
        };
        grid::put_class(tx, &known, class.active).await?;
        self.record_gaps(tx, known.school, now).await?;
        Ok(())
    }

    async fn staff_changed(&self, tx: &mut Tx, staff: &StaffChanged, now: Ts) -> Result<(), Error> {
        let id: StaffId = required("staff_id", &staff.staff_id)?.into();
        let school: Option<SchoolId> = optional("school_id", &staff.school_id)?.map(Into::into);
        let user: Option<UserId> = optional("user_id", &staff.user_id)?.map(Into::into);
        let classes = staff.homeroom_class_ids.iter().map(|class| required("homeroom_class_ids", class));
        let facts = StaffFacts {
            school,
            posts: staff.posts.clone(),
            homeroom_classes: classes.map(|class| class.map(ClassId::from)).collect::<Result<_, _>>()?,
            led_grades: staff.led_grades.clone(),
        };
        let before = grid::schools_of_staff(tx, id).await?;
        let facts = staff.active.then_some(&facts);
        grid::put_staff(tx, &self.deps.ids, (id, user), facts, staff.on_leave, now).await?;
        let changed = before.into_iter().chain(school).collect::<std::collections::BTreeSet<_>>();
        for school in changed {
            self.record_gaps(tx, school, now).await?;
        }
        Ok(())
    }

    /// The pupil's open alerts go with the pupil. One who has left stays where the alert was: somebody there still answers for it.
    async fn student_moved(&self, tx: &mut Tx, moved: &StudentMoved, now: Ts) -> Result<(), Error> {
        let student: StudentId = required("student_id", &moved.student_id)?.into();
        let school = optional("school_id", &moved.school_id)?.map(SchoolId::from);
        let class = optional("class_id", &moved.class_id)?.map(ClassId::from);
        if !moved.enrolled || school.is_none() {
            return Ok(());
        }
        for alert in alerts::lock_all_open(tx, student).await? {
            if (alert.school, alert.class, alert.placed) != (school, class, true) {
                let mut change = Change::of(alert, now);
                self.place(&mut change, Placement { school, class, known: true })?;
                self.save(tx, change).await?;
            }
        }
        Ok(())
    }
}

fn parse_signal(signal: &SignalRaised) -> Result<Incoming, Error> {
    let mut v = Violations::new();
    let id = v.uuid("signal_id", &signal.signal_id);
    let student = v.uuid("student_id", &signal.student_id);
    let school = v.uuid("school_id", &signal.school_id);
    let class = v.uuid("class_id", &signal.class_id);
    let severity = v.check("severity", Severity::from_code(&signal.severity).ok_or("UNKNOWN_VALUE"));
    let source = v.check("source", Source::from_code(&signal.source).ok_or("UNKNOWN_VALUE"));
    let parsed = (|| {
        Some(Incoming {
            id: id?.into(),
            student: student?.into(),
            placement: Placement { school: Some(school?.into()), class: Some(class?.into()), known: true },
            drill: signal.drill,
            severity: severity?,
            source: source?,
            entry_level: EntryLevel::School,
            evidence: signal.evidence.clone(),
            reporter: None,
            body: signals::Body::default(),
            dedupe: None,
        })
    })();
    Ok(v.finish(parsed)?)
}

fn required(field: &'static str, text: &str) -> Result<Uuid, Invalid> {
    let mut v = Violations::new();
    let id = v.uuid(field, text);
    v.finish(id)
}

fn optional(field: &'static str, text: &str) -> Result<Option<Uuid>, Invalid> {
    if text.is_empty() { Ok(None) } else { required(field, text).map(Some) }
}
