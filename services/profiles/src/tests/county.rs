//! A small county: two schools with classes, staff and pupils, and everybody who may call.

use crate::{MIGRATIONS, build};
use pb::{
    care_service_client::CareServiceClient, class_service_client::ClassServiceClient,
    placement_service_client::PlacementServiceClient, record_service_client::RecordServiceClient,
    referral_service_client::ReferralServiceClient, school_service_client::SchoolServiceClient,
    staff_service_client::StaffServiceClient, student_service_client::StudentServiceClient,
    team_service_client::TeamServiceClient,
};
use prost::Message as _;
use tonic::Status;
use uuid::Uuid;
use xinqiao_kit::{
    ctx::{Principal, Scope},
    db::Db,
    role::Role,
    testing::{Harness, user},
};
use xinqiao_proto::{
    internal::v1::{Event, event::Payload},
    profiles::v1 as pb,
    transport::Transport,
};

/// A boy and a girl: ID number, date of birth.
pub(crate) const BOY: (&str, &str) = ("419901201806280293", "2018-06-28");
pub(crate) const GIRL: (&str, &str) = ("41990120171005032X", "2017-10-05");

/// A county under test.
pub(crate) struct County {
    pub(crate) h: Harness,
    /// A primary and a junior school.
    pub(crate) a: String,
    pub(crate) b: String,
    /// Two classes of the primary school, one of the junior school.
    pub(crate) a1: String,
    pub(crate) a2: String,
    pub(crate) b1: String,
}

/// The id at the end of a name.
pub(crate) fn id(name: &str) -> Uuid {
    name.rsplit('/').next().and_then(|id| Uuid::try_parse(id).ok()).unwrap()
}

/// The school of a class.
fn school_of(class: &str) -> Scope {
    let school = class.split('/').nth(1).and_then(|id| Uuid::try_parse(id).ok()).unwrap();
    Scope::Class { school, class: id(class) }
}

/// Account number `number`.
pub(crate) fn account(number: u128) -> Uuid {
    Uuid::from_u128(0xACC0_0000 + number)
}

/// Somebody of the county's administration.
pub(crate) fn county(role: &str) -> Principal {
    user(account(900), &[(role, Scope::County)])
}

/// Somebody with a role at a school.
pub(crate) fn at(number: u128, role: &str, school: &str) -> Principal {
    user(account(number), &[(role, Scope::School(id(school)))])
}

/// A homeroom teacher.
pub(crate) fn homeroom(class: &str) -> Principal {
    user(account(50), &[("homeroom", school_of(class))])
}

/// Somebody with a role for a pupil.
pub(crate) fn for_pupil(number: u128, role: &str, student: &str) -> Principal {
    user(account(number), &[(role, Scope::Student(id(student)))])
}

impl County {
    pub(crate) async fn open(db: Db) -> Self {
        let h = Harness::of(Role::Profiles, db).start(MIGRATIONS, build).await;
        let it = county("county_it");
        let mut schools = SchoolServiceClient::new(h.as_user(&it));
        let mut names = Vec::new();
        for (code, name, stage) in [
            ("4199000100", "示范县第1小学", pb::Stage::Primary),
            ("4199000102", "示范县第3初级中学", pb::Stage::Junior),
        ] {
            let school = Some(pb::School {
                code: code.into(),
                display_name: name.into(),
                stages: vec![stage as i32],
                ..Default::default()
            });
            let request = pb::CreateSchoolRequest { school, ..Default::default() };
            names.push(schools.create_school(request).await.unwrap().into_inner().name);
        }
        let [a, b] = names.try_into().unwrap();
        let mut classes = ClassServiceClient::new(h.as_user(&it));
        let mut rooms = Vec::new();
        for (parent, stage, entry_year, number) in [
            (&a, pb::Stage::Primary, 2024, 1),
            (&a, pb::Stage::Primary, 2024, 2),
            (&b, pb::Stage::Junior, 2026, 1),
        ] {
            let class = Some(pb::Class { stage: stage as i32, entry_year, number, ..Default::default() });
            let request = pb::CreateClassRequest { parent: parent.clone(), class, ..Default::default() };
            rooms.push(classes.create_class(request).await.unwrap().into_inner().name);
        }
        let [a1, a2, b1] = rooms.try_into().unwrap();
        Self { h, a, b, a1, a2, b1 }
    }

    pub(crate) fn schools(&self, who: &Principal) -> SchoolServiceClient<Transport> {
        SchoolServiceClient::new(self.h.as_user(who))
    }
    pub(crate) fn classes(&self, who: &Principal) -> ClassServiceClient<Transport> {
        ClassServiceClient::new(self.h.as_user(who))
    }
    pub(crate) fn staff(&self, who: &Principal) -> StaffServiceClient<Transport> {
        StaffServiceClient::new(self.h.as_user(who))
    }
    pub(crate) fn students(&self, who: &Principal) -> StudentServiceClient<Transport> {
        StudentServiceClient::new(self.h.as_user(who))
    }
    pub(crate) fn records(&self, who: &Principal) -> RecordServiceClient<Transport> {
        RecordServiceClient::new(self.h.as_user(who))
    }
    pub(crate) fn teams(&self, who: &Principal) -> TeamServiceClient<Transport> {
        TeamServiceClient::new(self.h.as_user(who))
    }
    pub(crate) fn care(&self, who: &Principal) -> CareServiceClient<Transport> {
        CareServiceClient::new(self.h.as_user(who))
    }
    pub(crate) fn referrals(&self, who: &Principal) -> ReferralServiceClient<Transport> {
        ReferralServiceClient::new(self.h.as_user(who))
    }
    pub(crate) fn placement(&self, role: Role) -> PlacementServiceClient<Transport> {
        PlacementServiceClient::new(self.h.as_service(role))
    }

    /// The school's psychologist, principal and deputy.
    pub(crate) fn psychologist(&self) -> Principal {
        at(1, "psychologist", &self.a)
    }
    pub(crate) fn principal(&self) -> Principal {
        at(2, "principal", &self.a)
    }
    pub(crate) fn deputy(&self) -> Principal {
        at(3, "deputy", &self.a)
    }

    /// A pupil of a class, by the county's technician.
    pub(crate) async fn pupil(&self, class: &str, (number, birth): (&str, &str)) -> String {
        self.enter(class, number, birth).await.unwrap().name
    }

    /// Enters a pupil.
    pub(crate) async fn enter(&self, class: &str, number: &str, birth: &str) -> Result<pb::Student, Status> {
        let request =
            pb::CreateStudentRequest { student: Some(draft(class, number, birth)), ..Default::default() };
        let answer = self.students(&county("county_it")).create_student(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// A member of staff of the primary school, with account `number`.
    pub(crate) async fn teacher(&self, number: u128, name: &str) -> String {
        let staff = pb::StaffMember {
            school: self.a.clone(),
            display_name: name.into(),
            user: format!("users/{}", account(number)),
            posts: vec![pb::Post::Subject as i32],
            ..Default::default()
        };
        let request = pb::CreateStaffRequest { staff: Some(staff), ..Default::default() };
        self.staff(&county("county_it")).create_staff(request).await.unwrap().into_inner().name
    }

    /// Proposes a colour in the name of the psychologist.
    pub(crate) async fn propose(&self, student: &str, to: pb::Colour, urgent: bool) -> pb::ColourProposal {
        let request = proposal(student, to, urgent);
        self.records(&self.psychologist()).propose_colour(request).await.unwrap().into_inner()
    }

    /// Signs a proposal.
    pub(crate) async fn sign(&self, who: &Principal, name: &str) -> Result<pb::ColourProposal, Status> {
        let request = pb::SignProposalRequest { name: name.into(), ..Default::default() };
        self.records(who).sign_proposal(request).await.map(tonic::Response::into_inner)
    }

    /// Brings a pupil to yellow.
    pub(crate) async fn make_yellow(&self, student: &str) {
        let proposal = self.propose(student, pb::Colour::Yellow, false).await;
        self.sign(&self.psychologist(), &proposal.name).await.unwrap();
    }

    /// Brings a pupil to orange.
    pub(crate) async fn make_orange(&self, student: &str) {
        let proposal = self.propose(student, pb::Colour::Orange, false).await;
        self.sign(&self.psychologist(), &proposal.name).await.unwrap();
        self.sign(&self.principal(), &proposal.name).await.unwrap();
    }

    /// The record of a pupil, as the psychologist sees it.
    pub(crate) async fn record(&self, student: &str) -> pb::Record {
        let request = pb::GetRecordRequest { name: format!("{student}/record") };
        self.records(&self.psychologist()).get_record(request).await.unwrap().into_inner()
    }

    /// What was told to `receiver` so far, in order.
    pub(crate) async fn told(&self, receiver: Role) -> Vec<Payload> {
        let query =
            self.h.deps.db.read("SELECT id, payload FROM kit_outbox WHERE receiver = $1 ORDER BY seq");
        let rows: Vec<(Uuid, Vec<u8>)> = query.bind(receiver.name()).all().await.unwrap();
        let key = self.h.deps.keys.service_subject();
        let read = |(id, sealed): (Uuid, Vec<u8>)| {
            let plain = key.open("kit_outbox", "payload", id, &sealed).unwrap();
            Event::decode(plain.as_slice()).unwrap().payload.unwrap()
        };
        rows.into_iter().map(read).collect()
    }

    /// How many rows of a kind the audit log has for an action.
    pub(crate) async fn audited(&self, action: &str) -> i64 {
        let query = self.h.deps.db.read("SELECT COUNT(*) FROM kit_audit WHERE action = $1");
        query.bind(action.to_owned()).get().await.unwrap()
    }
}

/// A pupil as a request has it.
pub(crate) fn draft(class: &str, number: &str, birth: &str) -> pb::Student {
    let odd = number.as_bytes().get(16).is_none_or(|digit| digit % 2 == 1);
    pb::Student {
        display_name: "宋子佳".into(),
        sex: if odd { pb::Sex::Male } else { pb::Sex::Female } as i32,
        birth_date: birth.into(),
        class: class.into(),
        id_number: number.into(),
        student_number: format!("G{number}"),
        enrol_month: "2024-09".into(),
        special_groups: vec![pb::SpecialGroup {
            kind: pb::SpecialGroupKind::LeftBehind as i32,
            ..Default::default()
        }],
        guardians: vec![pb::Guardian {
            display_name: "宋建国".into(),
            relation: "父亲".into(),
            phone: "19916343706".into(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// A proposal with an interview as evidence.
pub(crate) fn proposal(student: &str, to: pb::Colour, urgent: bool) -> pb::ProposeColourRequest {
    let evidence = pb::Evidence {
        kind: pb::EvidenceKind::Interview as i32,
        resource: String::new(),
        summary: "访谈中表示近两周睡眠差、情绪低落".into(),
    };
    let proposal = pb::ColourProposal {
        to_colour: to as i32,
        urgent,
        reasons: "持续低落，需重点关注".into(),
        evidence: vec![evidence],
        ..Default::default()
    };
    pb::ProposeColourRequest { parent: student.into(), proposal: Some(proposal), ..Default::default() }
}
