//! Changing a colour: propose, sign, reject, withdraw (P5.2, P5.4).

use super::{
    App, Key, ListAnswer,
    access::{capacity, part, target},
    students::list_target,
};
use crate::{
    domain::{
        care::DeedKind,
        colour::Colour,
        ids::{CareId, EntryId, ProposalId, ReferralId, StudentId, UserId},
        proposal::{Draft, Effect, EvidenceKind, Proposal, ProposalState, Signature, Situation},
        record::{Entry, EntryKind},
        student::StudentState,
    },
    error::Error,
    store::{care, placements, placements::Place, proposals, records, referrals},
};
use chrono::Duration;
use xinqiao_kit::{
    authz::{AccessError, Target},
    ctx::Ctx,
    db::Tx,
    etag, names,
    page::Page,
    requests,
    status::Violation,
    validate::Violations,
};

/// The pupil and the id in a name such as `students/{}/proposals/{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceOf<T> {
    /// The pupil.
    pub student: StudentId,
    /// The id.
    pub id: T,
}

/// What access to a proposal depends on: the pupil's place, the proposer, and whether it is about orange.
fn proposal_target(place: &Place, proposal: &Proposal) -> Target {
    let orange = proposal.from == Colour::Orange || proposal.to == Colour::Orange;
    let colour = if orange { Colour::Orange } else { proposal.to };
    target(place, "proposal").id(proposal.id).owner(proposal.proposer).state(colour.word())
}

impl App {
    async fn situation(&self, tx: &mut Tx, place: &Place) -> Result<Situation, Error> {
        let live = proposals::live_of(tx, &self.deps.keys, place.student).await?;
        Ok(Situation {
            colour: place.colour,
            sealed: place.state == StudentState::Transferring,
            has_place: place.state.has_place(),
            open_proposal: live.iter().any(|proposal| proposal.state == ProposalState::Open),
            open_referral: referrals::any_open(tx, place.student).await?,
        })
    }

    /// Proposes a colour.
    ///
    /// # Errors
    /// Access; evidence that there is not; a rule of the three colours.
    pub async fn propose_colour(
        &self,
        ctx: &Ctx,
        student: StudentId,
        draft: Draft,
        key: &Key,
    ) -> Result<Proposal, Error> {
        let proposer = UserId(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let found = placements::lock(&mut tx, student).await?;
        let orange = draft.to == Colour::Orange;
        let at = |place: &Place| {
            let target = target(place, "record");
            if orange { target.state(Colour::Orange.word()) } else { target }
        };
        let place = self.deps.authz.require_found(ctx, found, at)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        self.check_evidence(&mut tx, student, &draft).await?;
        let situation = self.situation(&mut tx, &place).await?;
        let id = ProposalId(self.deps.ids.new_id());
        let proposal = Proposal::make(id, student, proposer, draft, situation, ctx.now())?;
        if situation.open_proposal {
            // Only an urgent one is made beside an open one.
            self.overtake(&mut tx, ctx, student, None, &[ProposalState::Open]).await?;
        }
        proposals::insert(&mut tx, &self.deps.keys, &proposal).await?;
        self.written(tx, ctx, key, &proposal_target(&place, &proposal), proposal).await
    }

    /// Follow-ups and feedback are of this pupil and are there; other evidence is kept by others and taken by its name.
    async fn check_evidence(&self, tx: &mut Tx, student: StudentId, draft: &Draft) -> Result<(), Error> {
        let mut v = Violations::new();
        for (at, item) in draft.evidence.iter().enumerate() {
            let there = match item.kind {
                EvidenceKind::FollowUp => {
                    match names::parse2::<StudentId, CareId>(&item.resource, "students/{}/followUps/{}") {
                        Some((of, id)) if of == student => {
                            care::exists(tx, student, DeedKind::FollowUp, id).await?
                        }
                        _ => false,
                    }
                }
                EvidenceKind::InstitutionFeedback => {
                    match names::parse2::<StudentId, ReferralId>(&item.resource, "students/{}/referrals/{}") {
                        Some((of, id)) if of == student => {
                            let referral = referrals::get(tx, &self.deps.keys, student, id).await?;
                            referral.is_some_and(|referral| !referral.story.feedback.is_empty())
                        }
                        _ => false,
                    }
                }
                _ => true,
            };
            if !there {
                v.push(Violation::new(format!("proposal.evidence[{at}].resource"), "REFERENCE_UNKNOWN"));
            }
        }
        Ok(v.into_result()?)
    }

    /// A proposal.
    ///
    /// # Errors
    /// Access.
    pub async fn get_proposal(&self, ctx: &Ctx, of: PlaceOf<ProposalId>) -> Result<Proposal, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = placements::get(&mut tx, of.student).await?;
        let (place, proposal) = self.proposal(&mut tx, ctx, place, of).await?;
        self.shown(tx, ctx, &proposal_target(&place, &proposal), proposal).await
    }

    async fn proposal(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        place: Option<Place>,
        of: PlaceOf<ProposalId>,
    ) -> Result<(Place, Proposal), Error> {
        let proposal = proposals::get(tx, &self.deps.keys, of.student, of.id).await?;
        let found = place.zip(proposal);
        Ok(self.deps.authz.require_found(ctx, found, |(place, proposal)| proposal_target(place, proposal))?)
    }

    /// Proposals that the caller may see.
    ///
    /// # Errors
    /// Access.
    pub async fn list_proposals(
        &self,
        ctx: &Ctx,
        filter: proposals::Filter,
        page: &Page,
    ) -> Result<ListAnswer<Proposal>, Error> {
        let seen = self.seen(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let rows = proposals::list(&mut tx, &self.deps.keys, &seen, filter, part(page)).await?;
        let answer = ListAnswer::by_id(rows, page, |proposal| proposal.id.uuid());
        let target = list_target("proposals", filter.school, None);
        let target = match filter.student {
            Some(student) => target.student(student),
            None => target,
        };
        self.shown(tx, ctx, &target, answer).await
    }

    /// Signs a proposal; the last needed signature puts the colour in force, the first one of an urgent orange does.
    ///
    /// # Errors
    /// Access; a stale etag; a rule of the three colours.
    pub async fn sign_proposal(
        &self,
        ctx: &Ctx,
        of: PlaceOf<ProposalId>,
        note: String,
        etag: &str,
        key: &Key,
    ) -> Result<Proposal, Error> {
        let signer = UserId(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let place = placements::lock(&mut tx, of.student).await?;
        let (place, proposal) = self.proposal(&mut tx, ctx, place, of).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, proposal.version)?;
        let capacity = capacity(ctx, &place).ok_or(AccessError::Denied)?;
        let signature = Signature { signer, capacity, signed_at: ctx.now(), note };
        let situation = self.situation(&mut tx, &place).await?;
        let within = Duration::hours(self.deps.settings.profiles.urgent_second_signature_hours.into());
        let (signed, effect) = proposal.sign(signature, situation, within)?;
        let signed = proposals::update(&mut tx, &self.deps.keys, signed).await?;
        match effect {
            Effect::None => {}
            Effect::InForce => self.put_in_force(&mut tx, ctx, &place, &signed).await?,
            Effect::Confirmed => self.confirm(&mut tx, ctx, &signed).await?,
        }
        self.written(tx, ctx, key, &proposal_target(&place, &signed), signed).await
    }

    /// The colour of a proposal takes force: record, history, other proposals, team.
    async fn put_in_force(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        place: &Place,
        proposal: &Proposal,
    ) -> Result<(), Error> {
        let record = records::get(tx, place.student).await?.ok_or(AccessError::NotFound)?;
        records::update(tx, record.coloured(proposal.to, proposal.second_due_at, ctx.now())).await?;
        self.add_line(tx, ctx, proposal, EntryKind::Colour).await?;
        let live = [ProposalState::Open, ProposalState::AwaitingSecond];
        self.overtake(tx, ctx, place.student, Some(proposal.id), &live).await?;
        let coloured = Place { colour: proposal.to, ..*place };
        self.refit_team(tx, ctx, &coloured, proposal.to == Colour::Green).await
    }

    /// An urgent orange that is in force got its second signature.
    async fn confirm(&self, tx: &mut Tx, ctx: &Ctx, proposal: &Proposal) -> Result<(), Error> {
        let record = records::get(tx, proposal.student).await?.ok_or(AccessError::NotFound)?;
        let mut record = record;
        record.second_due_at = None;
        records::update(tx, record).await?;
        self.add_line(tx, ctx, proposal, EntryKind::SecondSignature).await
    }

    async fn add_line(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        proposal: &Proposal,
        kind: EntryKind,
    ) -> Result<(), Error> {
        let actor = Some(UserId(ctx.user()?));
        let entry = Entry {
            kind,
            from: proposal.from,
            to: proposal.to,
            proposal: Some(proposal.id),
            ..Entry::opened(EntryId(self.deps.ids.new_id()), proposal.student, actor, ctx.now())
        };
        Ok(records::add_entry(tx, &self.deps.keys, &entry).await?)
    }

    async fn overtake(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        student: StudentId,
        by: Option<ProposalId>,
        states: &[ProposalState],
    ) -> Result<(), Error> {
        for other in proposals::live_of(tx, &self.deps.keys, student).await? {
            if Some(other.id) != by
                && states.contains(&other.state)
                && let Some(over) = other.overtaken(ctx.now())
            {
                proposals::update(tx, &self.deps.keys, over).await?;
            }
        }
        Ok(())
    }

    /// Rejects an open proposal.
    ///
    /// # Errors
    /// Access; a stale etag; a proposal that is in force or closed.
    pub async fn reject_proposal(
        &self,
        ctx: &Ctx,
        of: PlaceOf<ProposalId>,
        reason: String,
        etag: &str,
        key: &Key,
    ) -> Result<Proposal, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = placements::lock(&mut tx, of.student).await?;
        let (place, proposal) = self.proposal(&mut tx, ctx, place, of).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, proposal.version)?;
        let rejected =
            proposals::update(&mut tx, &self.deps.keys, proposal.reject(reason, ctx.now())?).await?;
        self.add_line(&mut tx, ctx, &rejected, EntryKind::Rejected).await?;
        self.written(tx, ctx, key, &proposal_target(&place, &rejected), rejected).await
    }

    /// Withdraws an own open proposal.
    ///
    /// # Errors
    /// Access, which only the proposer has; a stale etag; a proposal that is in force or closed.
    pub async fn withdraw_proposal(
        &self,
        ctx: &Ctx,
        of: PlaceOf<ProposalId>,
        etag: &str,
        key: &Key,
    ) -> Result<Proposal, Error> {
        let who = UserId(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let place = placements::lock(&mut tx, of.student).await?;
        let (place, proposal) = self.proposal(&mut tx, ctx, place, of).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, proposal.version)?;
        let gone = proposals::update(&mut tx, &self.deps.keys, proposal.withdraw(who, ctx.now())?).await?;
        self.written(tx, ctx, key, &proposal_target(&place, &gone), gone).await
    }
}
