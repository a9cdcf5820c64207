//! From the domain to protobuf, and enums back.

use crate::{
    domain::{
        Alert, AlertState, Level, Severity, UserId,
        notification::{Notification, NotificationKind, NotificationState},
        report::{EntryLevel, Sign},
        timeline::{ActionKind, Entry, EntryKind},
    },
    store::signals,
};
use xinqiao_kit::{catalogue::Catalogue, ctx::Ctx, etag, names, time::Ts};
use xinqiao_proto::crisis::v1 as pb;

/// Maps a domain enum to its protobuf twin, and back where it comes in requests.
macro_rules! twins {
    ($to:ident: $domain:ident => $proto:ident { $($value:ident),+ $(,)? }) => {
        pub(super) fn $to(value: $domain) -> pb::$proto {
            match value {
                $($domain::$value => pb::$proto::$value,)+
            }
        }
    };
    ($to:ident, $from:ident: $domain:ident <=> $proto:ident { $($value:ident),+ $(,)? }) => {
        twins! { $to: $domain => $proto { $($value),+ } }

        /// The value of a number on the wire; none for zero and for numbers of a newer client.
        pub(super) fn $from(number: i32) -> Option<$domain> {
            match pb::$proto::try_from(number).ok()? {
                $(pb::$proto::$value => Some($domain::$value),)+
                pb::$proto::Unspecified => None,
            }
        }
    };
}

twins! { to_level, from_level: Level <=> Level {
    Peer, Class, Grade, School, Psychologist, Principal, Deputy, LeadingGroup, CountyDuty,
} }
twins! { to_severity, from_severity: Severity <=> Severity { Yellow, Orange, Red } }
twins! { to_state, from_state: AlertState <=> AlertState { Open, Acknowledged, InHand, Resolved, Unfounded } }
twins! { to_sign, from_sign: Sign <=> Sign {
    AttemptNow, AtDangerousPlace, PlanOrMeans, MissingAfterFarewell, ViolenceNow, SelfHarm, TalkOfDeath, Farewell,
    AbuseSuspected, SuddenLoss, AsksForHelp, Withdrawal, MoodChange, SleepOrAppetite, Bullying, SchoolRefusal, Other,
} }
twins! { to_action_kind, from_action_kind: ActionKind <=> ActionKind {
    WithPupil, SpokeWithPupil, ParentContacted, EmergencyCalled, Referred, MadeSafe, Other,
} }
twins! { to_entry_level: EntryLevel => EntryLevel { Pupil, Family, Peer, Class, Grade, School, County } }
twins! { to_entry_kind: EntryKind => TimelineKind {
    Opened, SignalJoined, SeverityRaised, StepStarted, Gap, Notified, Sent, Received, DeliveryFailed, NoReceipt, Viewed,
    Acknowledged, Action, TakenInHand, Lapsed, EscalatedToCounty, NobodyReachable, Resolved, ClosedUnfounded, Reopened, Placed,
    PlanActivated, TaskCompleted, SetAside,
} }
twins! { to_kind: NotificationKind => NotificationKind { Escalation, SignalJoined, Acknowledged, Task, Alarm } }
twins! { to_notification_state: NotificationState => NotificationState { Queued, Sent, Seen, Failed } }

/// The name of a person's account; empty for nobody.
pub(super) fn user(user: Option<UserId>) -> String {
    user.map(|user| names::format("users/{}", user)).unwrap_or_default()
}

/// A time on the wire.
pub(super) fn time(at: Ts) -> Option<prost_types::Timestamp> {
    Some(at.into())
}

/// What to do about an alert of this severity: the reason of the text in the catalogue.
fn guidance(alert: &Alert) -> &'static str {
    match (alert.state().gathers(), alert.severity()) {
        (false, _) => "GUIDANCE_CLOSED",
        (true, Severity::Red) => "GUIDANCE_RED",
        (true, Severity::Orange) => "GUIDANCE_ORANGE",
        (true, Severity::Yellow) => "GUIDANCE_YELLOW",
    }
}

/// An alert in the reader's language.
pub(super) fn alert(ctx: &Ctx, alert: &Alert) -> pb::Alert {
    let escalation = &alert.escalation;
    let school = alert.school.map(|id| names::format("schools/{}", id)).unwrap_or_default();
    let class = alert
        .school
        .zip(alert.class)
        .map(|(school, class)| names::format2("schools/{}/classes/{}", school, class));
    let placement = if alert.placed { pb::Placement::Known } else { pb::Placement::Unknown };
    let none: &[(&str, &str)] = &[];
    pb::Alert {
        name: names::format("alerts/{}", alert.id),
        number: alert.number.clone(),
        severity: to_severity(alert.severity()).into(),
        state: to_state(alert.state()).into(),
        drill: alert.drill,
        student: names::format("students/{}", alert.student),
        school,
        class: class.unwrap_or_default(),
        placement: placement.into(),
        guidance: ctx.catalogue.text(ctx.locale, guidance(alert), none),
        round: count(escalation.round),
        steps_started: count(escalation.next_step),
        escalated_to_county: escalation.county,
        due_time: escalation.due().and_then(|due| time(due.at)),
        acknowledger: user(alert.acknowledged.map(|(user, _)| user)),
        acknowledge_time: alert.acknowledged.and_then(|(_, at)| time(at)),
        action_time: alert.action_at.and_then(time),
        close_time: alert.closed_at.and_then(time),
        create_time: time(alert.created_at),
        update_time: time(alert.updated_at),
        etag: etag::of(alert.version),
    }
}

/// A signal. A sealed reporter is not named.
pub(super) fn signal(signal: &signals::Signal) -> pb::Signal {
    pb::Signal {
        name: names::format2("alerts/{}/signals/{}", signal.alert, signal.id),
        source: signal.source.code().to_owned(),
        severity: to_severity(signal.severity).into(),
        entry_level: to_entry_level(signal.entry_level).into(),
        evidence: signal.evidence.clone(),
        signs: signal.body.signs.iter().map(|sign| to_sign(*sign).into()).collect(),
        text: signal.body.text.clone().unwrap_or_default(),
        reporter: user(signal.reporter.filter(|_| !signal.sealed)),
        sealed: signal.sealed,
        create_time: time(signal.created_at),
    }
}

/// An entry of an alert's timeline.
pub(super) fn entry(alert: crate::domain::AlertId, entry: &Entry) -> pb::TimelineEntry {
    pb::TimelineEntry {
        name: names::format2("alerts/{}/timeline/{}", alert, entry.id),
        occur_time: time(entry.at),
        kind: to_entry_kind(entry.kind).into(),
        user: user(entry.user),
        round: entry.round,
        step: entry.step,
        level: entry.level.map(to_level).unwrap_or_default().into(),
        channel: entry.channel.clone().unwrap_or_default(),
        action_kind: entry.action.map(to_action_kind).unwrap_or_default().into(),
        text: entry.text.clone().unwrap_or_default(),
    }
}

/// A notification in the reader's language.
pub(super) fn notification(ctx: &Ctx, notification: &Notification) -> pb::Notification {
    pb::Notification {
        name: names::format("notifications/{}", notification.id),
        kind: to_kind(notification.kind).into(),
        alert: notification.alert.map(|alert| names::format("alerts/{}", alert)).unwrap_or_default(),
        alert_number: notification.number.clone(),
        severity: to_severity(notification.severity).into(),
        drill: notification.drill,
        level: notification.level.map(to_level).unwrap_or_default().into(),
        round: notification.round,
        step: notification.step,
        state: to_notification_state(notification.state).into(),
        text: alarm_text(&ctx.catalogue, ctx, notification),
        create_time: time(notification.created_at),
        receipt_time: notification.receipt_at.and_then(time),
    }
}

fn alarm_text(catalogue: &Catalogue, ctx: &Ctx, notification: &Notification) -> String {
    let none: &[(&str, &str)] = &[];
    notification.alarm.map(|alarm| catalogue.text(ctx.locale, alarm.reason(), none)).unwrap_or_default()
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
