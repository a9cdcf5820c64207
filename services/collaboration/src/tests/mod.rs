//! The service through generated clients, behind its real front, on both engines, with a clock that stands still and a stand-in
//! for profiles.

mod access;
mod committees;
mod consents;
mod events;
mod figures;
mod guidance;
mod messages;
mod partners;
mod visits;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tonic::{Request, Response, Status, service::RoutesBuilder};
use uuid::Uuid;
use xinqiao_kit::{
    ctx::{Principal, Scope},
    db::Db,
    role::Role,
    status::details,
    testing::{Harness, stand_in, user},
};
use xinqiao_proto::{
    collaboration::v1 as pb,
    internal::v1::{
        ClassChanged, DeliverRequest, Event, SchoolChanged, event::Payload,
        event_receiver_service_client::EventReceiverServiceClient,
    },
    profiles::v1::{self as profiles, placement_service_server::PlacementServiceServer},
    transport::Transport,
};

const SCHOOL: Uuid = Uuid::from_u128(0xa1);
const OTHER: Uuid = Uuid::from_u128(0xa2);
const CLASS_A: Uuid = Uuid::from_u128(0xc1);
const CLASS_B: Uuid = Uuid::from_u128(0xc2);
const OTHER_CLASS: Uuid = Uuid::from_u128(0xc3);
/// A pupil of class A, one of class B, one of the other school, one who has left.
const PUPIL: Uuid = Uuid::from_u128(0xb1);
const NEIGHBOUR: Uuid = Uuid::from_u128(0xb2);
const FOREIGNER: Uuid = Uuid::from_u128(0xb3);
const GONE: Uuid = Uuid::from_u128(0xb4);

/// Accounts.
const TEACHER: Uuid = Uuid::from_u128(0xe1);
const HOMEROOM: Uuid = Uuid::from_u128(0xe2);
const PSYCHOLOGIST: Uuid = Uuid::from_u128(0xe3);
const PRINCIPAL: Uuid = Uuid::from_u128(0xe4);
const MOTHER: Uuid = Uuid::from_u128(0xe5);
const FATHER: Uuid = Uuid::from_u128(0xe6);
const STRANGER: Uuid = Uuid::from_u128(0xe7);
const CENTRE: Uuid = Uuid::from_u128(0xe8);

/// Two schools, the first with two classes.
struct World {
    harness: Harness,
    profiles: Profiles,
}

/// Knows where pupils are, unless it is down.
#[derive(Clone, Default)]
struct Profiles(Arc<Mutex<Places>>);

#[derive(Default)]
struct Places {
    pupils: HashMap<Uuid, (Uuid, Uuid)>,
    left: Vec<Uuid>,
    down: bool,
}

#[tonic::async_trait]
impl profiles::placement_service_server::PlacementService for Profiles {
    async fn get_placement(
        &self,
        request: Request<profiles::GetPlacementRequest>,
    ) -> Result<Response<profiles::Placement>, Status> {
        let student = request.into_inner().student;
        let places = self.0.lock().unwrap();
        if places.down {
            return Err(Status::unavailable("down"));
        }
        let id: Uuid = student.trim_start_matches("students/").parse().unwrap();
        match places.pupils.get(&id) {
            Some((of, at)) => Ok(Response::new(profiles::Placement {
                student,
                school: school(*of),
                class: class(*of, *at),
                enrolled: true,
                ..profiles::Placement::default()
            })),
            None if places.left.contains(&id) => {
                Ok(Response::new(profiles::Placement { student, ..profiles::Placement::default() }))
            }
            None => Err(Status::not_found("no such pupil")),
        }
    }

    async fn list_placements(
        &self,
        _: Request<profiles::ListPlacementsRequest>,
    ) -> Result<Response<profiles::ListPlacementsResponse>, Status> {
        Err(Status::unimplemented("not asked here"))
    }

    async fn list_class_placements(
        &self,
        _: Request<profiles::ListClassPlacementsRequest>,
    ) -> Result<Response<profiles::ListClassPlacementsResponse>, Status> {
        Err(Status::unimplemented("not asked here"))
    }
}

impl World {
    async fn new(db: Db) -> Self {
        let profiles = Profiles::default();
        {
            let mut places = profiles.0.lock().unwrap();
            places.pupils = HashMap::from([
                (PUPIL, (SCHOOL, CLASS_A)),
                (NEIGHBOUR, (SCHOOL, CLASS_B)),
                (FOREIGNER, (OTHER, OTHER_CLASS)),
            ]);
            places.left = vec![GONE];
        }
        let mut routes = RoutesBuilder::default();
        routes.add_service(PlacementServiceServer::new(profiles.clone()));
        let harness = Harness::of(Role::Collaboration, db)
            .peer(Role::Profiles, stand_in(routes.routes()))
            .start(crate::MIGRATIONS, crate::build)
            .await;
        let world = Self { harness, profiles };
        for (id, code) in [(SCHOOL, "3400000001"), (OTHER, "3400000002")] {
            world.tell_school(id, code).await;
        }
        for (id, of) in [(CLASS_A, SCHOOL), (CLASS_B, SCHOOL), (OTHER_CLASS, OTHER)] {
            world.tell_class(id, of, true).await;
        }
        world
    }

    async fn tell_school(&self, id: Uuid, code: &str) {
        self.tell(Payload::SchoolChanged(SchoolChanged {
            school_id: id.to_string(),
            code: code.to_owned(),
            display_name: format!("学校{code}"),
            stages: vec!["primary".to_owned()],
            active: true,
        }))
        .await;
    }

    async fn tell_class(&self, id: Uuid, of: Uuid, active: bool) {
        self.tell(Payload::ClassChanged(ClassChanged {
            class_id: id.to_string(),
            school_id: of.to_string(),
            stage: "primary".to_owned(),
            entry_year: 2024,
            number: 1,
            active,
        }))
        .await;
    }

    async fn tell(&self, payload: Payload) {
        let event = Event {
            event_id: self.harness.deps.ids.new_id().to_string(),
            source: "profiles".to_owned(),
            occur_time: Some(self.harness.deps.clock.now().into()),
            key: SCHOOL.to_string(),
            payload: Some(payload),
        };
        let mut receiver = EventReceiverServiceClient::new(self.harness.as_service(Role::Profiles));
        receiver.deliver(DeliverRequest { event: Some(event) }).await.unwrap();
    }

    fn as_role(&self, account: Uuid, grants: &[(&str, Scope)]) -> Transport {
        self.harness.as_user(&principal(account, grants))
    }

    fn teacher(&self) -> Transport {
        self.as_role(TEACHER, &[("subject", Scope::School(SCHOOL))])
    }

    fn homeroom(&self) -> Transport {
        let own = Scope::Class { school: SCHOOL, class: CLASS_A };
        self.as_role(HOMEROOM, &[("subject", Scope::School(SCHOOL)), ("homeroom", own)])
    }

    fn psychologist(&self) -> Transport {
        self.as_role(PSYCHOLOGIST, &[("psychologist", Scope::School(SCHOOL))])
    }

    fn principal(&self) -> Transport {
        self.as_role(PRINCIPAL, &[("principal", Scope::School(SCHOOL))])
    }

    fn mother(&self) -> Transport {
        self.as_role(MOTHER, &[("guardian", Scope::Student(PUPIL))])
    }

    fn father(&self) -> Transport {
        self.as_role(FATHER, &[("guardian", Scope::Student(PUPIL))])
    }

    /// Somebody who holds everything at another school.
    fn stranger(&self) -> Transport {
        let class = Scope::Class { school: OTHER, class: OTHER_CLASS };
        let at = Scope::School(OTHER);
        let roles = [("subject", at), ("psychologist", at), ("principal", at), ("homeroom", class)];
        self.as_role(STRANGER, &[&roles[..], &[("guardian", Scope::Student(FOREIGNER))]].concat())
    }

    fn county(&self, role: &str) -> Transport {
        self.as_role(CENTRE, &[(role, Scope::County)])
    }
}

fn principal(account: Uuid, grants: &[(&str, Scope)]) -> Principal {
    user(account, grants)
}

fn school(id: Uuid) -> String {
    format!("schools/{id}")
}

fn class(of: Uuid, id: Uuid) -> String {
    format!("schools/{of}/classes/{id}")
}

fn student(id: Uuid) -> String {
    format!("students/{id}")
}

fn account(id: Uuid) -> String {
    format!("users/{id}")
}

fn reason(status: &Status) -> String {
    details(status).reason
}

/// The violations of a refusal, as `field REASON`.
fn violations(status: &Status) -> Vec<String> {
    details(status).violations.into_iter().map(|(field, reason)| format!("{field} {reason}")).collect()
}
