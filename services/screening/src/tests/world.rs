//! A small county: two schools, three classes, people of every role, and a stand-in for profiles.

use crate::{MIGRATIONS, build};
use chrono::Duration;
use prost::Message as _;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tonic::{Request, Response, Status, async_trait, service::Routes};
use uuid::Uuid;
use xinqiao_kit::{
    ctx::{Principal, Scope},
    db::Db,
    deps::Deps,
    role::Role,
    testing::{Harness, ManualClock, TestDb, stand_in, user},
    time::Ts,
};
use xinqiao_proto::{
    internal::v1::{Event, SignalRaised, event::Payload},
    profiles::v1::{
        self as profiles,
        placement_service_server::{PlacementService, PlacementServiceServer},
    },
    screening::v1::{
        self as pb, assignment_service_client::AssignmentServiceClient,
        campaign_service_client::CampaignServiceClient, entry_service_client::EntryServiceClient,
        finding_service_client::FindingServiceClient, instrument_service_client::InstrumentServiceClient,
        interview_service_client::InterviewServiceClient,
        observation_service_client::ObservationServiceClient, response_service_client::ResponseServiceClient,
        result_service_client::ResultServiceClient,
    },
    transport::Transport,
};

/// Pupils of one page of the stand-in.
const PAGE: usize = 25;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Class {
    pub school: u128,
    pub class: u128,
    pub entry_year: i32,
    pub grade: i32,
}

/// Schools 1 and 2; class 11 is grade 8 and class 12 grade 7 of school 1, class 21 is grade 9 of school 2, class 13 grade 2 of school 1.
pub const C11: Class = Class { school: 1, class: 11, entry_year: 2025, grade: 8 };
pub const C12: Class = Class { school: 1, class: 12, entry_year: 2026, grade: 7 };
pub const C13: Class = Class { school: 1, class: 13, entry_year: 2025, grade: 2 };
pub const C21: Class = Class { school: 2, class: 21, entry_year: 2024, grade: 9 };

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn school(number: u128) -> String {
    format!("schools/{}", id(number))
}

impl Class {
    pub fn name(self) -> String {
        format!("schools/{}/classes/{}", id(self.school), id(self.class))
    }

    pub fn scope(self) -> Scope {
        Scope::Class { school: id(self.school), class: id(self.class) }
    }
}

pub fn student(number: u128) -> String {
    format!("students/{}", id(number))
}

/// What the stand-in for profiles knows.
#[derive(Default)]
pub struct Roster {
    pub pupils: BTreeMap<u128, (Class, bool)>,
    /// Pages after which it breaks off once.
    pub fail_after: Option<usize>,
    pub calls: usize,
}

#[derive(Clone)]
struct Profiles(Arc<Mutex<Roster>>);

#[async_trait]
impl PlacementService for Profiles {
    async fn get_placement(
        &self,
        request: Request<profiles::GetPlacementRequest>,
    ) -> Result<Response<profiles::Placement>, Status> {
        let roster = self.0.lock().unwrap();
        let name = request.into_inner().student;
        let found = roster.pupils.iter().find(|(number, _)| student(**number) == name);
        let (number, (class, on_leave)) = found.ok_or_else(|| Status::not_found("no such pupil"))?;
        Ok(Response::new(placement(*number, *class, *on_leave)))
    }

    async fn list_placements(
        &self,
        request: Request<profiles::ListPlacementsRequest>,
    ) -> Result<Response<profiles::ListPlacementsResponse>, Status> {
        let mut roster = self.0.lock().unwrap();
        roster.calls += 1;
        if roster.fail_after.is_some_and(|pages| roster.calls > pages) {
            roster.fail_after = None;
            return Err(Status::unavailable("broken off"));
        }
        let request = request.into_inner();
        let asked = |class: &Class| {
            request.schools.contains(&school(class.school))
                || request.classes.contains(&class.name())
                || request.grades.iter().any(|grade| {
                    grade.school == school(class.school)
                        && grade.entry_year == class.entry_year
                        && grade.stage() == stage(*class)
                })
        };
        let after: u128 = request.page_token.parse().unwrap_or_default();
        let mut found = roster.pupils.iter().filter(|(number, (class, _))| **number > after && asked(class));
        let placements: Vec<_> = found
            .by_ref()
            .take(PAGE)
            .map(|(number, (class, leave))| (*number, placement(*number, *class, *leave)))
            .collect();
        let more = found.next().is_some();
        let next =
            placements.last().filter(|_| more).map(|(number, _)| number.to_string()).unwrap_or_default();
        let placements = placements.into_iter().map(|(_, placement)| placement).collect();
        Ok(Response::new(profiles::ListPlacementsResponse { placements, next_page_token: next }))
    }

    async fn list_class_placements(
        &self,
        request: Request<profiles::ListClassPlacementsRequest>,
    ) -> Result<Response<profiles::ListClassPlacementsResponse>, Status> {
        let asked = request.into_inner().school;
        let roster = self.0.lock().unwrap();
        let classes = [C11, C12, C13, C21]
            .into_iter()
            .filter(|class| asked.is_empty() || school(class.school) == asked);
        let classes = classes.map(|class| profiles::ClassPlacement {
            class: class.name(),
            school: school(class.school),
            stage: stage(class).into(),
            entry_year: class.entry_year,
            number: 1,
            grade: class.grade,
            enrolled_students: i32::try_from(
                roster.pupils.values().filter(|(found, leave)| *found == class && !leave).count(),
            )
            .unwrap(),
        });
        Ok(Response::new(profiles::ListClassPlacementsResponse {
            classes: classes.collect(),
            ..Default::default()
        }))
    }
}

fn stage(class: Class) -> profiles::Stage {
    if class.grade <= 6 { profiles::Stage::Primary } else { profiles::Stage::Junior }
}

fn placement(number: u128, class: Class, on_leave: bool) -> profiles::Placement {
    let state = if on_leave { profiles::StudentState::OnLeave } else { profiles::StudentState::Enrolled };
    profiles::Placement {
        student: student(number),
        school: school(class.school),
        class: class.name(),
        enrolled: true,
        state: state.into(),
        ..Default::default()
    }
}

/// The service under test with its surroundings.
pub struct World {
    pub deps: Deps,
    pub clock: Arc<ManualClock>,
    /// Behind a lock, since the tasks that it holds are not for sharing.
    harness: Mutex<Harness>,
    pub roster: Arc<Mutex<Roster>>,
}

/// Runs a test on both engines, with 6 pupils in class 11 (101..), 60 in class 12 (201..), 6 in class 21 (301..).
pub async fn both<F, Fut>(test: F)
where
    F: Fn(World) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    TestDb::each(move |db| {
        let test = test.clone();
        async move { test(World::start(db).await).await }
    })
    .await;
}

impl World {
    pub async fn start(db: Db) -> Self {
        let mut roster = Roster::default();
        roster.pupils.extend((101..107).map(|number| (number, (C11, false))));
        roster.pupils.extend((201..261).map(|number| (number, (C12, false))));
        roster.pupils.extend((301..307).map(|number| (number, (C21, false))));
        let roster = Arc::new(Mutex::new(roster));
        let peer = stand_in(Routes::new(PlacementServiceServer::new(Profiles(roster.clone()))));
        let harness =
            Harness::of(Role::Screening, db).peer(Role::Profiles, peer).start(MIGRATIONS, build).await;
        Self {
            deps: harness.deps.clone(),
            clock: harness.clock.clone(),
            harness: Mutex::new(harness),
            roster,
        }
    }

    pub fn as_user(&self, who: &Principal) -> Transport {
        self.harness.lock().unwrap().as_user(who)
    }

    pub fn as_service(&self, role: Role) -> Transport {
        self.harness.lock().unwrap().as_service(role)
    }

    pub fn now(&self) -> Ts {
        self.deps.clock.now()
    }

    pub fn later(&self, hours: i64) {
        self.clock.advance(Duration::hours(hours));
    }

    pub fn stamp(&self, hours: i64) -> Option<prost_types::Timestamp> {
        Some((self.now() + Duration::hours(hours)).into())
    }

    pub fn campaigns(&self, who: &Principal) -> CampaignServiceClient<Transport> {
        CampaignServiceClient::new(self.as_user(who))
    }
    pub fn instruments(&self, who: &Principal) -> InstrumentServiceClient<Transport> {
        InstrumentServiceClient::new(self.as_user(who))
    }
    pub fn assignments(&self, who: &Principal) -> AssignmentServiceClient<Transport> {
        AssignmentServiceClient::new(self.as_user(who))
    }
    pub fn responses(&self, who: &Principal) -> ResponseServiceClient<Transport> {
        ResponseServiceClient::new(self.as_user(who))
    }
    pub fn results(&self, who: &Principal) -> ResultServiceClient<Transport> {
        ResultServiceClient::new(self.as_user(who))
    }
    pub fn interviews(&self, who: &Principal) -> InterviewServiceClient<Transport> {
        InterviewServiceClient::new(self.as_user(who))
    }
    pub fn observations(&self, who: &Principal) -> ObservationServiceClient<Transport> {
        ObservationServiceClient::new(self.as_user(who))
    }
    pub fn findings(&self, who: &Principal) -> FindingServiceClient<Transport> {
        FindingServiceClient::new(self.as_user(who))
    }
    pub fn entries(&self, who: &Principal) -> EntryServiceClient<Transport> {
        EntryServiceClient::new(self.as_user(who))
    }

    /// A campaign of school 1 with this instrument for these classes, for the next two days.
    pub fn plan(&self, instrument: &str, classes: &[Class]) -> pb::Campaign {
        pb::Campaign {
            title: "秋季测评".to_owned(),
            school: school(1),
            purposes: vec![pb::Purpose::Support.into(), pb::Purpose::Statistics.into()],
            scope: Some(pb::Scope {
                classes: classes.iter().map(|class| class.name()).collect(),
                ..Default::default()
            }),
            instrument: format!("instruments/{instrument}"),
            start_time: self.stamp(0),
            end_time: self.stamp(48),
            consent_rule: pb::ConsentRule::Notice.into(),
            ..Default::default()
        }
    }

    pub async fn create(&self, campaign: pb::Campaign) -> Result<pb::Campaign, Status> {
        let request = pb::CreateCampaignRequest { campaign: Some(campaign), request_id: String::new() };
        Ok(self.campaigns(&psychologist(1)).create_campaign(request).await?.into_inner())
    }

    pub async fn open(&self, name: &str) -> Result<pb::Campaign, Status> {
        let request = pb::OpenCampaignRequest { name: name.to_owned() };
        Ok(self.campaigns(&psychologist(1)).open_campaign(request).await?.into_inner())
    }

    /// The name of an open campaign.
    pub async fn opened(&self, instrument: &str, classes: &[Class]) -> String {
        let created = self.create(self.plan(instrument, classes)).await.unwrap();
        self.open(&created.name).await.unwrap().name
    }

    pub async fn close(&self, name: &str) {
        let request = pb::CloseCampaignRequest { name: name.to_owned() };
        self.campaigns(&psychologist(1)).close_campaign(request).await.unwrap();
    }

    /// A submission of answers that took ten minutes and is finished now.
    pub fn sheet(&self, campaign: &str, number: u128, answers: &[(u32, i32)]) -> pb::SubmitResponseRequest {
        pb::SubmitResponseRequest {
            parent: campaign.to_owned(),
            student: student(number),
            client_key: self.deps.ids.new_id().to_string(),
            start_time: Some((self.now() - Duration::minutes(10)).into()),
            finish_time: Some(self.now().into()),
            answers: answers
                .iter()
                .map(|(item, value)| pb::Answer { link_id: item.to_string(), value: *value })
                .collect(),
            partial: false,
        }
    }

    pub async fn submit(
        &self,
        who: &Principal,
        sheet: pb::SubmitResponseRequest,
    ) -> Result<pb::Response, Status> {
        Ok(self.responses(who).submit_response(sheet).await?.into_inner())
    }

    /// The pupil's own submission of a whole sheet: `usual` everywhere but for what is given.
    pub async fn answer(
        &self,
        campaign: &str,
        number: u128,
        items: u32,
        usual: i32,
        but: &[(u32, i32)],
    ) -> Result<pb::Response, Status> {
        let sheet = self.sheet(campaign, number, &whole(items, usual, but));
        self.submit(&pupil(number), sheet).await
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        self.deps.db.read(sql).get().await.unwrap()
    }

    /// The alerts that were told to crisis, in order.
    pub async fn signals(&self) -> Vec<SignalRaised> {
        let rows: Vec<(Uuid, Vec<u8>)> =
            self.deps.db.read("SELECT id, payload FROM kit_outbox ORDER BY id").all().await.unwrap();
        let key = self.deps.keys.service_subject();
        let event = |(id, sealed): (Uuid, Vec<u8>)| {
            Event::decode(key.open("kit_outbox", "payload", id, &sealed).unwrap().as_slice()).unwrap()
        };
        let payload = |event: Event| match event.payload {
            Some(Payload::SignalRaised(signal)) => signal,
            other => panic!("{other:?}"),
        };
        rows.into_iter().map(event).map(payload).collect()
    }
}

/// A whole sheet: `usual` everywhere but for what is given.
pub fn whole(items: u32, usual: i32, but: &[(u32, i32)]) -> Vec<(u32, i32)> {
    let value = |item| but.iter().find(|(changed, _)| *changed == item).map_or(usual, |(_, value)| *value);
    (1..=items).map(|item| (item, value(item))).collect()
}

fn person(number: u128, role: &str, scope: Scope) -> Principal {
    user(id(900_000 + number), &[(role, scope)])
}

pub fn psychologist(number: u128) -> Principal {
    person(number, "psychologist", Scope::School(id(number)))
}
pub fn of_school(role: &str, number: u128) -> Principal {
    person(10 + number, role, Scope::School(id(number)))
}
pub fn of_class(role: &str, class: Class) -> Principal {
    person(class.class + 100, role, class.scope())
}
pub fn of_student(role: &str, number: u128) -> Principal {
    person(number + 1_000, role, Scope::Student(id(number)))
}
pub fn pupil(number: u128) -> Principal {
    of_student("pupil", number)
}
pub fn county(role: &str) -> Principal {
    person(5, role, Scope::County)
}

/// Reason of a refusal.
pub fn reason(status: &Status) -> String {
    xinqiao_kit::status::details(status).reason
}

/// Fields and reasons of the violations of a refusal.
pub fn violations(status: &Status) -> Vec<(String, String)> {
    xinqiao_kit::status::details(status).violations
}
