//! ObservationService.

use super::{
    Rpc, STUDENT, campaigns::request_key, class_name, instruments, optional, page, place, responses,
    words::Parse as _,
};
use crate::{
    app::{Error, NewObservation},
    domain::{
        finding::{Observation, ObservationState},
        ids::{ObservationId, StudentId},
    },
};
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{ctx::Ctx, ctx::RequestKey, names, rpc::handle, validate::Violations};
use xinqiao_proto::screening::v1::{self as pb, observation_service_server::ObservationService};

const OBSERVATION: &str = "observations/{}";

#[async_trait]
impl ObservationService for Rpc {
    async fn create_observation(
        &self,
        request: Request<pb::CreateObservationRequest>,
    ) -> Result<Response<pb::ObservationReceipt>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::CreateObservationRequest| async move {
            let (ask, key) = parse_create(&ctx, &m)?;
            let (id, time) = app.create_observation(&ctx, ask, &key).await?;
            let name = names::format(OBSERVATION, id);
            Ok::<_, Error>(pb::ObservationReceipt { name, create_time: Some(time.into()) })
        })
        .await
    }

    async fn get_observation(
        &self,
        request: Request<pb::GetObservationRequest>,
    ) -> Result<Response<pb::Observation>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetObservationRequest| async move {
            let mut v = Violations::new();
            let id: Option<ObservationId> = v.id("name", &m.name, OBSERVATION);
            let id = v.finish(id)?;
            Ok::<_, Error>(observation(&app.get_observation(&ctx, id).await?, true))
        })
        .await
    }

    async fn list_observations(
        &self,
        request: Request<pb::ListObservationsRequest>,
    ) -> Result<Response<pb::ListObservationsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListObservationsRequest| async move {
            let mut v = Violations::new();
            let state = optional(&mut v, "state", m.state, ObservationState::parse);
            let student = v.id_opt("student", &m.student, STUDENT);
            let page =
                page(&mut v, m.page_size, &m.page_token, &format!("observations?{}&{}", m.state, m.student));
            let page = v.finish(page)?;
            let (found, next_page_token) = app.list_observations(&ctx, state, student, &page).await?;
            let observations = found.iter().map(|found| observation(found, false)).collect();
            Ok::<_, Error>(pb::ListObservationsResponse { observations, next_page_token })
        })
        .await
    }

    async fn match_observation(
        &self,
        request: Request<pb::MatchObservationRequest>,
    ) -> Result<Response<pb::Observation>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::MatchObservationRequest| async move {
            let mut v = Violations::new();
            let id: Option<ObservationId> = v.id("name", &m.name, OBSERVATION);
            let student: Option<StudentId> = v.id("student", &m.student, STUDENT);
            let key = request_key(&mut v, &ctx, &m.request_id, &m);
            let ((id, student), key) = v.finish(id.zip(student).zip(key))?;
            Ok::<_, Error>(observation(&app.match_observation(&ctx, id, student, &key).await?, true))
        })
        .await
    }
}

fn parse_create(
    ctx: &Ctx,
    m: &pb::CreateObservationRequest,
) -> Result<(NewObservation, Option<RequestKey>), Error> {
    let mut v = Violations::new();
    let key = request_key(&mut v, ctx, &m.request_id, m);
    let given = v.present("observation", m.observation.clone());
    let ask = given.and_then(|given| {
        let place = place(&mut v, "observation.class", &given.class);
        let student = v.id_opt("observation.student", &given.student, STUDENT);
        v.len("observation.described_pupil", &given.described_pupil, 0, 100);
        v.len("observation.notes", &given.notes, 0, 2_000);
        let instrument = instruments::name(&mut v, "observation.instrument", &given.instrument);
        let answers = responses::given(&mut v, "observation.answers", given.answers);
        let observe_time = v.time("observation.observe_time", given.observe_time);
        let ((place, instrument), observe_time) = place.zip(instrument).zip(observe_time)?;
        Some(NewObservation {
            place,
            student,
            described: given.described_pupil,
            instrument,
            answers,
            observe_time,
            notes: given.notes,
        })
    });
    Ok(v.finish(ask.zip(key))?)
}

/// An observation; ratings and notes only where it is shown alone.
fn observation(observation: &Observation, alone: bool) -> pb::Observation {
    let content = &observation.content;
    let told = |text: &str| if alone { text.to_owned() } else { String::new() };
    let state =
        if observation.student.is_some() { ObservationState::Matched } else { ObservationState::Unmatched };
    pb::Observation {
        name: names::format(OBSERVATION, observation.id),
        class: class_name(observation.place),
        student: observation.student.map(|student| names::format(STUDENT, student)).unwrap_or_default(),
        described_pupil: told(&content.described),
        instrument: instruments::name_of(&observation.instrument.0, observation.instrument.1),
        answers: if alone { responses::answers(&content.answers) } else { Vec::new() },
        observe_time: Some(observation.observe_time.into()),
        notes: told(&content.notes),
        level: observation.level.map(|level| pb::Level::from(level).into()).unwrap_or_default(),
        state: pb::ObservationState::from(state).into(),
        create_time: Some(observation.create_time.into()),
    }
}
