//! A person's own notifications: listing and confirming them. Neither acknowledges anything (R15).

use super::{App, Error};
use crate::{
    domain::{
        NotificationId, UserId,
        notification::{Notification, NotificationState},
        timeline::EntryKind,
    },
    store::notifications,
};
use xinqiao_kit::{authz::Target, ctx::Ctx, page::Page};

impl App {
    /// The caller's own notifications, newest first, and the token of the next page.
    ///
    /// # Errors
    /// Not a person.
    pub async fn list_notifications(
        &self,
        ctx: &Ctx,
        page: &Page,
    ) -> Result<(Vec<Notification>, String), Error> {
        let user = self.own(ctx)?;
        let before = page.after.as_ref().and_then(|parts| parts.first()?.parse().ok()).unwrap_or(i64::MAX);
        let mut found = notifications::newest(&self.deps.db, user, before, page.fetch()).await?;
        let next = page.cut(&mut found, |notification| vec![notification.sequence.to_string()]);
        Ok((found, next))
    }

    /// Confirms that the caller's device has a notification (R7). Again changes nothing.
    ///
    /// # Errors
    /// Not the caller's.
    pub async fn confirm_receipt(&self, ctx: &Ctx, id: NotificationId) -> Result<Notification, Error> {
        let user = UserId::from(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let own = notifications::own(&mut tx, id, user).await?;
        let mut own = self
            .deps
            .authz
            .require_found(ctx, own, |n| Target::new("notification").id(n.id).owner(n.recipient))?;
        let now = self.deps.clock.now();
        for received in notifications::receive(&mut tx, &[id], now).await? {
            self.trace(&mut tx, &received, EntryKind::Received, now).await?;
            own = received;
        }
        tx.commit().await?;
        Ok(own)
    }

    /// Notes that a stream took these.
    pub(super) async fn take_receipt(&self, ids: &[NotificationId]) -> Result<(), Error> {
        let now = self.deps.clock.now();
        let mut tx = self.deps.db.begin().await?;
        for received in notifications::receive(&mut tx, ids, now).await? {
            debug_assert_eq!(received.state, NotificationState::Seen);
            self.trace(&mut tx, &received, EntryKind::Received, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The caller, who asks for nothing but their own.
    pub(super) fn own(&self, ctx: &Ctx) -> Result<UserId, Error> {
        let user = ctx.user()?;
        self.deps.authz.require(ctx, &Target::new("notification").owner(user))?;
        Ok(user.into())
    }
}
