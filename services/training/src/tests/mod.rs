//! The service through generated clients, behind its real front, on both engines, with a clock that stands still.

mod access;
mod activities;
mod certificates;
mod lessons;
mod plans;
mod trainings;

use tonic::Status;
use uuid::Uuid;
use xinqiao_kit::{
    ctx::{Principal, Scope},
    db::Db,
    role::Role,
    status::details,
    testing::{Harness, user},
};
use xinqiao_proto::{
    internal::v1::{
        ClassChanged, DeliverRequest, Event, SchoolChanged, StaffChanged, event::Payload,
        event_receiver_service_client::EventReceiverServiceClient,
    },
    training::v1 as pb,
    transport::Transport,
};

/// Two schools: one with grades 3 and 7, one with grade 10.
struct World {
    harness: Harness,
}

const SCHOOL: Uuid = Uuid::from_u128(0xa1);
const OTHER: Uuid = Uuid::from_u128(0xa2);
const CLASS_31: Uuid = Uuid::from_u128(0xc1);
const CLASS_32: Uuid = Uuid::from_u128(0xc2);
const CLASS_71: Uuid = Uuid::from_u128(0xc3);
const OTHER_CLASS: Uuid = Uuid::from_u128(0xc4);
const TEACHER: Uuid = Uuid::from_u128(0xe1);
const PRINCIPAL: Uuid = Uuid::from_u128(0xe2);
const PSYCHOLOGIST: Uuid = Uuid::from_u128(0xe3);
const STRANGER: Uuid = Uuid::from_u128(0xe4);

impl World {
    async fn new(db: Db) -> Self {
        let harness = Harness::of(Role::Training, db).start(crate::MIGRATIONS, crate::build).await;
        let world = Self { harness };
        world.tell_schools().await;
        world.tell_staff(TEACHER, SCHOOL, &["homeroom", "subject"]).await;
        world.tell_staff(PRINCIPAL, SCHOOL, &["principal"]).await;
        world.tell_staff(PSYCHOLOGIST, SCHOOL, &["psychologist"]).await;
        world.tell_staff(STRANGER, OTHER, &["subject"]).await;
        world
    }

    async fn tell_schools(&self) {
        for (school, code, stages) in
            [(SCHOOL, "3400000001", vec!["primary", "junior"]), (OTHER, "3400000002", vec!["senior"])]
        {
            self.tell(Payload::SchoolChanged(SchoolChanged {
                school_id: school.to_string(),
                code: code.to_owned(),
                display_name: format!("学校{code}"),
                stages: stages.into_iter().map(str::to_owned).collect(),
                active: true,
            }))
            .await;
        }
        for (class, school, stage, entry_year, number) in [
            (CLASS_31, SCHOOL, "primary", 2024, 1),
            (CLASS_32, SCHOOL, "primary", 2024, 2),
            (CLASS_71, SCHOOL, "junior", 2026, 1),
            (OTHER_CLASS, OTHER, "senior", 2026, 1),
        ] {
            self.tell_class(class, school, (stage, entry_year, number), true).await;
        }
    }

    async fn tell_class(
        &self,
        class: Uuid,
        school: Uuid,
        (stage, entry_year, number): (&str, i32, i32),
        active: bool,
    ) {
        self.tell(Payload::ClassChanged(ClassChanged {
            class_id: class.to_string(),
            school_id: school.to_string(),
            stage: stage.to_owned(),
            entry_year,
            number,
            active,
        }))
        .await;
    }

    /// The account of a member of staff has the number of the record, with the highest bit set.
    async fn tell_staff(&self, staff: Uuid, school: Uuid, posts: &[&str]) {
        self.tell(Payload::StaffChanged(StaffChanged {
            staff_id: staff.to_string(),
            school_id: school.to_string(),
            user_id: account(staff).to_string(),
            posts: posts.iter().map(|post| (*post).to_owned()).collect(),
            active: true,
            ..StaffChanged::default()
        }))
        .await;
    }

    async fn tell(&self, payload: Payload) {
        self.deliver(self.harness.deps.ids.new_id(), payload).await;
    }

    async fn deliver(&self, event_id: Uuid, payload: Payload) {
        let event = Event {
            event_id: event_id.to_string(),
            source: "profiles".to_owned(),
            occur_time: Some(self.harness.deps.clock.now().into()),
            key: SCHOOL.to_string(),
            payload: Some(payload),
        };
        let mut receiver = EventReceiverServiceClient::new(self.harness.as_service(Role::Profiles));
        receiver.deliver(DeliverRequest { event: Some(event) }).await.unwrap();
    }

    fn teacher(&self) -> Transport {
        self.as_role(TEACHER, &[("subject", Scope::School(SCHOOL))])
    }

    fn principal(&self) -> Transport {
        self.as_role(PRINCIPAL, &[("principal", Scope::School(SCHOOL))])
    }

    fn psychologist(&self) -> Transport {
        self.as_role(PSYCHOLOGIST, &[("psychologist", Scope::School(SCHOOL))])
    }

    fn stranger(&self) -> Transport {
        self.as_role(STRANGER, &[("subject", Scope::School(OTHER)), ("principal", Scope::School(OTHER))])
    }

    fn county(&self, role: &str) -> Transport {
        self.as_role(Uuid::from_u128(0xf0), &[(role, Scope::County)])
    }

    fn as_role(&self, staff: Uuid, grants: &[(&str, Scope)]) -> Transport {
        self.harness.as_user(&principal(staff, grants))
    }
}

fn principal(staff: Uuid, grants: &[(&str, Scope)]) -> Principal {
    user(account(staff), grants)
}

fn account(staff: Uuid) -> Uuid {
    Uuid::from_u128(staff.as_u128() | 1 << 100)
}

fn school(id: Uuid) -> String {
    format!("schools/{id}")
}

fn class(school: Uuid, id: Uuid) -> String {
    format!("schools/{school}/classes/{id}")
}

fn staff(id: Uuid) -> String {
    format!("staff/{id}")
}

fn reason(status: &Status) -> String {
    details(status).reason
}

/// The violations of a refusal, as `field REASON`.
fn violations(status: &Status) -> Vec<String> {
    details(status).violations.into_iter().map(|(field, reason)| format!("{field} {reason}")).collect()
}

fn mask(fields: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: fields.iter().map(|field| (*field).to_owned()).collect() })
}

/// A proper lesson of the teacher on the day on which the clock stands.
fn a_lesson(date: &str, period: i32) -> pb::Lesson {
    pb::Lesson {
        date: date.to_owned(),
        period,
        topic: "认识情绪".to_owned(),
        minutes: 40,
        kind: pb::LessonKind::Universal.into(),
        educations: vec![pb::Education::Moral.into()],
        ..pb::Lesson::default()
    }
}
