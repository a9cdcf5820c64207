//! Referrals to institutions (P5.7).

use super::{
    App, Key, ListAnswer, PlaceOf,
    access::{part, target},
    students::list_target,
};
use crate::{
    domain::{
        colour::Colour,
        ids::{ReferralId, StudentId, UserId},
        referral::{Move, Referral, ReferralState},
    },
    error::{Error, Thing},
    store::{placements, referrals},
};
use xinqiao_kit::{ctx::Ctx, etag, page::Page, requests};

impl App {
    /// Opens a referral of an orange pupil.
    ///
    /// # Errors
    /// Access; another colour; an open referral.
    pub async fn create_referral(
        &self,
        ctx: &Ctx,
        student: StudentId,
        institution: String,
        reason: String,
        key: &Key,
    ) -> Result<Referral, Error> {
        let author = UserId(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let place = self.locked_place(&mut tx, ctx, student, "referral").await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if place.colour != Colour::Orange {
            return Err(Error::NotOrange);
        }
        let id = ReferralId(self.deps.ids.new_id());
        let referral = Referral::open(id, student, author, institution, reason, ctx.now());
        if !referrals::insert(&mut tx, &self.deps.keys, &referral).await? {
            return Err(Error::Exists(Thing::Referral));
        }
        self.written(tx, ctx, key, &target(&place, "referral").id(id), referral).await
    }

    /// A referral.
    ///
    /// # Errors
    /// Access.
    pub async fn get_referral(&self, ctx: &Ctx, of: PlaceOf<ReferralId>) -> Result<Referral, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.place(&mut tx, ctx, of.student, "referral").await?;
        let referral = referrals::get(&mut tx, &self.deps.keys, of.student, of.id).await?;
        let target = target(&place, "referral").id(of.id);
        let referral = self.deps.authz.require_found(ctx, referral, |_| target.clone())?;
        self.shown(tx, ctx, &target, referral).await
    }

    /// Referrals that the caller may see, of one pupil or of all.
    ///
    /// # Errors
    /// Access.
    pub async fn list_referrals(
        &self,
        ctx: &Ctx,
        student: Option<StudentId>,
        state: Option<ReferralState>,
        page: &Page,
    ) -> Result<ListAnswer<Referral>, Error> {
        let seen = self.seen(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let rows = referrals::list(&mut tx, &self.deps.keys, &seen, student, state, part(page)).await?;
        let answer = ListAnswer::by_id(rows, page, |referral| referral.id.uuid());
        let target = list_target("referrals", None, None);
        let target = match student {
            Some(student) => target.student(student),
            None => target,
        };
        self.shown(tx, ctx, &target, answer).await
    }

    /// Takes a step of a referral.
    ///
    /// # Errors
    /// Access; a stale etag; a step that is not next; a guardian who is none of the pupil's.
    pub async fn move_referral(
        &self,
        ctx: &Ctx,
        of: PlaceOf<ReferralId>,
        step: Move,
        etag: &str,
        key: &Key,
    ) -> Result<Referral, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = placements::lock(&mut tx, of.student).await?;
        let referral = referrals::get(&mut tx, &self.deps.keys, of.student, of.id).await?;
        let found = place.zip(referral);
        let at = |(place, _): &(placements::Place, Referral)| target(place, "referral").id(of.id);
        let (place, referral) = self.deps.authz.require_found(ctx, found, at)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, referral.version)?;
        if let Move::Consent { guardian, .. } = &step {
            self.check_guardian(&mut tx, of.student, *guardian, "consent.guardian").await?;
        }
        let referral = referrals::update(&mut tx, &self.deps.keys, referral.take(step, ctx.now())?).await?;
        self.written(tx, ctx, key, &target(&place, "referral").id(of.id), referral).await
    }
}
