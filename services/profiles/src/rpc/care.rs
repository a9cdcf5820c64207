//! CareService.

use super::{
    Rpc,
    wire::{
        CARE_NOTE, FOLLOW_UP, JOINT_PLAN, PARENT_CONTACT, STUDENT, Wire, parse_time, text, time, time_opt,
        user,
    },
};
use crate::{
    app::{NewDeed, NewPlan},
    domain::{
        care::{
            CARE_NOTE_MAX, CARE_TEXT_MAX, Care, Channel, Deed, FollowUpForm, JointPlan, Outcome,
            PLAN_STEPS_MAX, PlanStep,
        },
        ids::GuardianId,
    },
    error::Error,
};
use pb::care_service_server::CareService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    etag, names,
    page::Page,
    rpc::handle,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

/// Longest actor of a plan's step, in characters.
const ACTOR_MAX: usize = 50;
/// Longest action of a plan's step, in characters.
const ACTION_MAX: usize = 500;

fn follow_up(care: Care) -> pb::FollowUp {
    let name = names::format2(FOLLOW_UP, care.student, care.id);
    let Deed::FollowUp { form, outcome, note } = care.deed else { return pb::FollowUp::default() };
    pb::FollowUp {
        name,
        meet_time: time(care.happened_at),
        form: form.wire(),
        outcome: outcome.wire(),
        note,
        author: user(care.author),
        create_time: time(care.created_at),
    }
}

fn parent_contact(care: Care) -> pb::ParentContact {
    let name = names::format2(PARENT_CONTACT, care.student, care.id);
    let Deed::ParentContact { guardian, channel, reached, note } = care.deed else {
        return pb::ParentContact::default();
    };
    pb::ParentContact {
        name,
        contact_time: time(care.happened_at),
        guardian: guardian.map(|id| id.to_string()).unwrap_or_default(),
        channel: channel.wire(),
        reached,
        note,
        author: user(care.author),
        create_time: time(care.created_at),
    }
}

fn care_note(care: Care) -> pb::CareNote {
    let name = names::format2(CARE_NOTE, care.student, care.id);
    let Deed::CareNote { signs, action } = care.deed else { return pb::CareNote::default() };
    pb::CareNote {
        name,
        notice_time: time(care.happened_at),
        signs,
        action,
        author: user(care.author),
        create_time: time(care.created_at),
    }
}

impl From<JointPlan> for pb::JointPlan {
    fn from(plan: JointPlan) -> Self {
        let step = |step: PlanStep| pb::PlanStep {
            actor: step.actor,
            action: step.action,
            due_date: step.due.map(|date| date.to_string()).unwrap_or_default(),
        };
        Self {
            name: names::format(JOINT_PLAN, plan.student),
            goals: plan.goals,
            steps: plan.steps.into_iter().map(step).collect(),
            agreed_guardian: plan.agreed_by.map(|id| id.to_string()).unwrap_or_default(),
            author: user(plan.author),
            update_time: time(plan.written_at),
            etag: etag::of(plan.version),
        }
    }
}

fn new_follow_up(m: pb::CreateFollowUpRequest) -> Result<NewDeed, Invalid> {
    let mut v = Violations::new();
    let student = v.id("parent", &m.parent, STUDENT);
    let given = v.present("follow_up", m.follow_up).unwrap_or_default();
    let happened_at = parse_time(&mut v, "follow_up.meet_time", given.meet_time);
    let form = v.enum_value("follow_up.form", given.form, FollowUpForm::of_wire);
    let outcome = v.enum_value("follow_up.outcome", given.outcome, Outcome::of_wire);
    let note = text(&mut v, "follow_up.note", &given.note, 1, CARE_NOTE_MAX);
    let whole = (|| {
        let deed = Deed::FollowUp { form: form?, outcome: outcome?, note };
        Some(NewDeed { student: student?, happened_at, deed })
    })();
    v.finish(whole)
}

fn guardian(v: &mut Violations, field: &str, given: &str) -> Option<GuardianId> {
    if given.is_empty() { None } else { v.uuid(field, given).map(GuardianId) }
}

fn new_parent_contact(m: pb::CreateParentContactRequest) -> Result<NewDeed, Invalid> {
    let mut v = Violations::new();
    let student = v.id("parent", &m.parent, STUDENT);
    let given = v.present("parent_contact", m.parent_contact).unwrap_or_default();
    let happened_at = parse_time(&mut v, "parent_contact.contact_time", given.contact_time);
    let guardian = guardian(&mut v, "parent_contact.guardian", &given.guardian);
    let channel = v.enum_value("parent_contact.channel", given.channel, Channel::of_wire);
    let note = text(&mut v, "parent_contact.note", &given.note, 1, CARE_NOTE_MAX);
    let whole = (|| {
        let deed = Deed::ParentContact { guardian, channel: channel?, reached: given.reached, note };
        Some(NewDeed { student: student?, happened_at, deed })
    })();
    v.finish(whole)
}

fn new_care_note(m: pb::CreateCareNoteRequest) -> Result<NewDeed, Invalid> {
    let mut v = Violations::new();
    let student = v.id("parent", &m.parent, STUDENT);
    let given = v.present("care_note", m.care_note).unwrap_or_default();
    let happened_at = parse_time(&mut v, "care_note.notice_time", given.notice_time);
    let signs = text(&mut v, "care_note.signs", &given.signs, 1, CARE_TEXT_MAX);
    let action = text(&mut v, "care_note.action", &given.action, 0, CARE_TEXT_MAX);
    v.finish(student.map(|student| NewDeed { student, happened_at, deed: Deed::CareNote { signs, action } }))
}

fn new_plan(m: pb::SetJointPlanRequest) -> Result<NewPlan, Invalid> {
    let mut v = Violations::new();
    let given = v.present("joint_plan", m.joint_plan).unwrap_or_default();
    let student = v.id("joint_plan.name", &given.name, JOINT_PLAN);
    let goals = text(&mut v, "joint_plan.goals", &given.goals, 1, CARE_TEXT_MAX);
    v.count("joint_plan.steps", given.steps.len(), PLAN_STEPS_MAX);
    if given.steps.is_empty() {
        v.push(xinqiao_kit::status::Violation::new("joint_plan.steps", "REQUIRED"));
    }
    let mut steps = Vec::new();
    for (at, step) in given.steps.into_iter().take(PLAN_STEPS_MAX).enumerate() {
        let field = |name: &str| format!("joint_plan.steps[{at}].{name}");
        let actor = text(&mut v, &field("actor"), &step.actor, 1, ACTOR_MAX);
        let action = text(&mut v, &field("action"), &step.action, 1, ACTION_MAX);
        let due = if step.due_date.is_empty() { None } else { v.date(&field("due_date"), &step.due_date) };
        steps.push(PlanStep { actor, action, due });
    }
    let agreed_by = guardian(&mut v, "joint_plan.agreed_guardian", &given.agreed_guardian);
    let etag = given.etag;
    v.finish(student.map(|student| NewPlan { student, goals, steps, agreed_by, etag }))
}

/// The pupil and the part of a list that belongs to the pupil.
macro_rules! pupil_list {
    ($m:ident, $list:literal) => {{
        let mut v = Violations::new();
        let student = v.id("parent", &$m.parent, STUDENT);
        let student = v.finish(student)?;
        (student, Page::of($m.page_size, &$m.page_token, &format!(concat!($list, " {}"), $m.parent))?)
    }};
}

#[tonic::async_trait]
impl CareService for Rpc {
    async fn create_follow_up(
        &self,
        request: Request<pb::CreateFollowUpRequest>,
    ) -> Result<Response<pb::FollowUp>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let new = new_follow_up(m)?;
            Ok::<_, Error>(follow_up(app.add_care(&ctx, new, &key).await?))
        })
        .await
    }

    async fn list_follow_ups(
        &self,
        request: Request<pb::ListFollowUpsRequest>,
    ) -> Result<Response<pb::ListFollowUpsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let (student, page) = pupil_list!(m, "follow-ups");
            let found = app.list_follow_ups(&ctx, student, &page).await?;
            Ok::<_, Error>(pb::ListFollowUpsResponse {
                follow_ups: found.list.rows.into_iter().map(follow_up).collect(),
                next_page_token: found.list.next_page_token,
                due_time: time_opt(found.due),
                overdue: found.due.is_some_and(|due| due < ctx.now()),
            })
        })
        .await
    }

    async fn create_parent_contact(
        &self,
        request: Request<pb::CreateParentContactRequest>,
    ) -> Result<Response<pb::ParentContact>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let new = new_parent_contact(m)?;
            Ok::<_, Error>(parent_contact(app.add_care(&ctx, new, &key).await?))
        })
        .await
    }

    async fn list_parent_contacts(
        &self,
        request: Request<pb::ListParentContactsRequest>,
    ) -> Result<Response<pb::ListParentContactsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let (student, page) = pupil_list!(m, "parent contacts");
            let found = app.list_parent_contacts(&ctx, student, &page).await?;
            Ok::<_, Error>(pb::ListParentContactsResponse {
                parent_contacts: found.rows.into_iter().map(parent_contact).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn get_joint_plan(
        &self,
        request: Request<pb::GetJointPlanRequest>,
    ) -> Result<Response<pb::JointPlan>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let student = v.id("name", &m.name, JOINT_PLAN);
            Ok::<_, Error>(app.get_joint_plan(&ctx, v.finish(student)?).await?.into())
        })
        .await
    }

    async fn set_joint_plan(
        &self,
        request: Request<pb::SetJointPlanRequest>,
    ) -> Result<Response<pb::JointPlan>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let new = new_plan(m)?;
            Ok::<_, Error>(app.set_joint_plan(&ctx, new, &key).await?.into())
        })
        .await
    }

    async fn create_care_note(
        &self,
        request: Request<pb::CreateCareNoteRequest>,
    ) -> Result<Response<pb::CareNote>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let new = new_care_note(m)?;
            Ok::<_, Error>(care_note(app.add_care(&ctx, new, &key).await?))
        })
        .await
    }

    async fn list_care_notes(
        &self,
        request: Request<pb::ListCareNotesRequest>,
    ) -> Result<Response<pb::ListCareNotesResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let (student, page) = pupil_list!(m, "care notes");
            let found = app.list_care_notes(&ctx, student, &page).await?;
            Ok::<_, Error>(pb::ListCareNotesResponse {
                care_notes: found.rows.into_iter().map(care_note).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }
}
