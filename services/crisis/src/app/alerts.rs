//! Handling alerts: seeing them, acknowledging, acting, closing.

use super::{App, Error, change::Change};
use crate::{
    domain::{
        Alert, AlertId, UserId,
        escalation::Event,
        timeline::{ActionKind, Entry, EntryKind},
    },
    store::{self, alerts, alerts::Filter, signals, timeline},
};
use xinqiao_kit::{
    audit,
    authz::{AccessError, Target},
    ctx::{Ctx, RequestKey},
    db::Tx,
    etag,
    page::Page,
    requests,
};

/// The state that policies look at once an alert has reached the county.
const ESCALATED_TO_COUNTY: &str = "escalated_to_county";

/// What somebody does with an alert, in words where there are any.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Takes it in hand.
    TakeInHand,
    /// Did something for the pupil.
    Act {
        /// What kind.
        kind: ActionKind,
        /// In words.
        text: Option<String>,
    },
    /// Closes it: the danger is over.
    Resolve {
        /// What became of it.
        summary: String,
    },
    /// Closes it: there was no danger.
    CloseUnfounded {
        /// Why.
        reason: String,
    },
    /// Opens it again.
    Reopen {
        /// Why.
        reason: String,
    },
}

/// A keyed change of one alert.
#[derive(Debug, Clone)]
pub struct Handling {
    /// Which alert.
    pub alert: AlertId,
    /// What is done.
    pub deed: Deed,
    /// The etag that the caller last saw; empty is not checked.
    pub etag: String,
    /// The client's key for this request.
    pub key: Option<RequestKey>,
}

impl App {
    /// An alert. Seeing it goes to the timeline the first time and is no acknowledgement (R15).
    ///
    /// # Errors
    /// Not there or not the caller's to see: the same answer.
    pub async fn get_alert(&self, ctx: &Ctx, id: AlertId) -> Result<Alert, Error> {
        let user = UserId::from(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let alert = alerts::get(&mut tx, id).await?;
        let (alert, target) = self.permitted_alert(&mut tx, ctx, alert).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target)).await?;
        if alerts::view(&mut tx, id, user).await? {
            let mut change = Change::of(alert.clone(), self.deps.clock.now());
            change.note_by(self, EntryKind::Viewed, user, None, None);
            timeline::add(&mut tx, &self.deps.keys, (id, alert.student), change.into_entries()).await?;
        }
        tx.commit().await?;
        Ok(alert)
    }

    /// The alerts that the caller may see, newest first, and the token of the next page.
    ///
    /// # Errors
    /// The caller may see none anywhere.
    pub async fn list_alerts(
        &self,
        ctx: &Ctx,
        filter: &Filter,
        page: &Page,
    ) -> Result<(Vec<Alert>, String), Error> {
        let grants = self.deps.authz.visibility(ctx)?;
        let county_target = Target::new("alert").state(ESCALATED_TO_COUNTY);
        let county = self.deps.authz.permits(&ctx.principal, &ctx.method.policy.action, &county_target);
        let seen = store::Seen { grants, county };
        let before = page.after.is_some().then(|| AlertId::from(page.after_id(0)));
        let mut tx = self.deps.db.begin().await?;
        let mut found = alerts::list(&mut tx, seen, filter, before, page.fetch()).await?;
        let target = Target { school: filter.school.map(Into::into), ..Target::new("alert") };
        audit::record(&mut tx, ctx, audit::Entry::read(&target).note("list")).await?;
        tx.commit().await?;
        let next = page.cut(&mut found, |alert| vec![alert.id.to_string()]);
        Ok((found, next))
    }

    /// Says that the caller takes care. Works however often, and on a closed alert changes nothing (R8).
    ///
    /// # Errors
    /// Not there or not the caller's to see.
    pub async fn acknowledge_alert(&self, ctx: &Ctx, id: AlertId) -> Result<Alert, Error> {
        let user = UserId::from(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let alert = alerts::lock(&mut tx, id).await?;
        let (alert, target) = self.permitted_alert(&mut tx, ctx, alert).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&target)).await?;
        let state = alert.state();
        let mut change = Change::of(alert, self.deps.clock.now());
        change.happen(self, Event::Acknowledge).map_err(|refused| Error::refused(refused, state))?;
        let alert = if change.alert.state() == state {
            change.alert
        } else {
            self.acknowledged(&mut change, user);
            self.save(&mut tx, change).await?
        };
        tx.commit().await?;
        Ok(alert)
    }

    /// Does something with an alert.
    ///
    /// # Errors
    /// Not the caller's; a state that does not allow it; a stale etag.
    pub async fn handle_alert(&self, ctx: &Ctx, handling: &Handling) -> Result<Alert, Error> {
        let user = UserId::from(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let alert = alerts::lock(&mut tx, handling.alert).await?;
        let (alert, target) = self.permitted_alert(&mut tx, ctx, alert).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &handling.key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(&handling.etag, alert.version)?;
        let mut change = Change::of(alert, self.deps.clock.now());
        self.do_deed(&mut change, user, &handling.deed)?;
        let alert = self.save(&mut tx, change).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&target)).await?;
        requests::finish(&mut tx, ctx, &handling.key, &alert, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(alert)
    }

    fn do_deed(&self, change: &mut Change, user: UserId, deed: &Deed) -> Result<(), Error> {
        let before = change.alert.escalation;
        let event = match deed {
            Deed::TakeInHand => Event::TakeInHand,
            Deed::Act { .. } => Event::Act,
            Deed::Resolve { .. } => Event::Resolve,
            Deed::CloseUnfounded { .. } => Event::CloseUnfounded,
            Deed::Reopen { .. } => Event::Reopen,
        };
        change.happen(self, event).map_err(|refused| Error::refused(refused, before.state()))?;
        if before.state() == crate::domain::AlertState::Open {
            self.acknowledged(change, user);
        }
        let now = change.now;
        match deed {
            Deed::TakeInHand => {
                if change.alert.state() != before.state() {
                    change.note_by(self, EntryKind::TakenInHand, user, None, None);
                }
            }
            Deed::Act { kind, text } => {
                change.alert.action_at = change.alert.action_at.or(Some(now));
                change.note_by(self, EntryKind::Action, user, Some(*kind), text.clone());
            }
            Deed::Resolve { summary } => {
                change.alert.closed_at = Some(now);
                change.note_by(self, EntryKind::Resolved, user, None, Some(summary.clone()));
            }
            Deed::CloseUnfounded { reason } => {
                change.alert.closed_at = Some(now);
                change.note_by(self, EntryKind::ClosedUnfounded, user, None, Some(reason.clone()));
            }
            Deed::Reopen { reason } => {
                (change.alert.closed_at, change.alert.acknowledged, change.alert.action_at) =
                    (None, None, None);
                change.note_by(self, EntryKind::Reopened, user, None, Some(reason.clone()));
            }
        }
        Ok(())
    }

    /// Notes who acknowledged, and that their first action is still to come.
    fn acknowledged(&self, change: &mut Change, user: UserId) {
        change.alert.acknowledged = Some((user, change.now));
        change.alert.action_at = None;
        change.note_by(self, EntryKind::Acknowledged, user, None, None);
    }

    /// What an alert is about: the signals that it gathered.
    ///
    /// # Errors
    /// Not there or not the caller's to see.
    pub async fn list_alert_signals(
        &self,
        ctx: &Ctx,
        id: AlertId,
        page: &Page,
    ) -> Result<(Vec<signals::Signal>, String), Error> {
        let mut tx = self.deps.db.begin().await?;
        let alert = alerts::get(&mut tx, id).await?;
        let (alert, target) = self.permitted_alert(&mut tx, ctx, alert).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target)).await?;
        let of = (id, alert.student);
        let mut found = signals::list(&mut tx, &self.deps.keys, of, page.after_id(0), page.fetch()).await?;
        tx.commit().await?;
        let next = page.cut(&mut found, |signal| vec![signal.id.to_string()]);
        Ok((found, next))
    }

    /// Who knew what when (P8.5).
    ///
    /// # Errors
    /// Not there or not the caller's to see.
    pub async fn list_alert_timeline(
        &self,
        ctx: &Ctx,
        id: AlertId,
        page: &Page,
    ) -> Result<(Vec<Entry>, String), Error> {
        let mut tx = self.deps.db.begin().await?;
        let alert = alerts::get(&mut tx, id).await?;
        let (alert, target) = self.permitted_alert(&mut tx, ctx, alert).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target)).await?;
        let of = (id, alert.student);
        let mut found = timeline::list(&mut tx, &self.deps.keys, of, page.after_id(0), page.fetch()).await?;
        tx.commit().await?;
        let next = page.cut(&mut found, |entry| vec![entry.id.to_string()]);
        Ok((found, next))
    }

    /// The alert if there is one and the caller may; the same refusal otherwise.
    pub(super) async fn permitted_alert(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        alert: Option<Alert>,
    ) -> Result<(Alert, Target), Error> {
        let user = UserId::from(ctx.user()?);
        let found = match alert {
            Some(alert) => {
                let told = !alerts::told(tx, &[alert.id], user).await?.is_empty();
                let target = alert_target(&alert, told.then_some(user));
                Some((alert, target))
            }
            None => None,
        };
        let found: Result<_, AccessError> =
            self.deps.authz.require_found(ctx, found, |(_, target)| target.clone());
        Ok(found?)
    }
}

/// An alert, reduced to what access depends on. Whoever was told of it is among its owners.
pub(super) fn alert_target(alert: &Alert, told: Option<UserId>) -> Target {
    let state = if alert.escalation.county { ESCALATED_TO_COUNTY } else { alert.state().code() };
    Target {
        school: alert.school.map(Into::into),
        class: alert.class.map(Into::into),
        owner: told.map(Into::into),
        ..Target::new("alert").id(alert.id).student(alert.student).state(state)
    }
}
