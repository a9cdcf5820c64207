//! What this service tells the others, in the transaction that makes it true.

use super::App;
use crate::{
    domain::{
        class::Class,
        ids::UserId,
        school::{Running, School},
        staff::StaffMember,
        team::Team,
    },
    error::Error,
    store::placements::Place,
};
use xinqiao_kit::{db::Tx, outbox, role::Role};
use xinqiao_proto::internal::v1::{
    ClassChanged, SchoolChanged, StaffChanged, StudentMoved, TeamChanged, event::Payload,
};

const SCHOOL_LISTENERS: [Role; 4] = [Role::Crisis, Role::Screening, Role::Training, Role::Collaboration];
const CLASS_LISTENERS: [Role; 3] = [Role::Crisis, Role::Training, Role::Collaboration];
const STAFF_LISTENERS: [Role; 3] = [Role::Identity, Role::Crisis, Role::Training];
const PUPIL_LISTENERS: [Role; 3] = [Role::Identity, Role::Screening, Role::Crisis];

impl App {
    /// A school was registered or changed.
    pub(crate) async fn tell_school(&self, tx: &mut Tx, school: &School) -> Result<(), Error> {
        for listener in SCHOOL_LISTENERS {
            let payload = Payload::SchoolChanged(SchoolChanged {
                school_id: school.id.to_string(),
                code: school.code.as_str().to_owned(),
                display_name: school.display_name.clone(),
                stages: school.stages.iter().map(|stage| stage.word().to_owned()).collect(),
                active: school.state == Running::Active,
            });
            outbox::publish(tx, &self.deps, listener, school.id.uuid(), payload).await?;
        }
        Ok(())
    }

    /// A class was opened, renumbered or closed. Ordered with its school, so that no one hears of a class before its school.
    pub(crate) async fn tell_class(&self, tx: &mut Tx, class: &Class) -> Result<(), Error> {
        for listener in CLASS_LISTENERS {
            let payload = Payload::ClassChanged(ClassChanged {
                class_id: class.id.to_string(),
                school_id: class.school.to_string(),
                stage: class.stage.word().to_owned(),
                entry_year: class.entry_year,
                number: class.number,
                active: class.state == Running::Active,
            });
            outbox::publish(tx, &self.deps, listener, class.school.uuid(), payload).await?;
        }
        Ok(())
    }

    /// A member of staff came, changed or left.
    pub(crate) async fn tell_staff(&self, tx: &mut Tx, member: &StaffMember) -> Result<(), Error> {
        let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let grade =
            |grade: &crate::domain::staff::LedGrade| format!("{}:{}", grade.stage.word(), grade.entry_year);
        for listener in STAFF_LISTENERS {
            let payload = Payload::StaffChanged(StaffChanged {
                staff_id: member.id.to_string(),
                school_id: text(member.school.map(Into::into)),
                user_id: text(member.user.map(Into::into)),
                posts: member.posts.iter().map(|post| post.word().to_owned()).collect(),
                homeroom_class_ids: member.homeroom_classes.iter().map(ToString::to_string).collect(),
                led_grades: member.led_grades.iter().map(grade).collect(),
                active: member.state == Running::Active,
                on_leave: member.on_leave,
            });
            outbox::publish(tx, &self.deps, listener, member.id.uuid(), payload).await?;
        }
        Ok(())
    }

    /// A pupil is somewhere else, has left, or is back. The first enrolment is not told.
    pub(crate) async fn tell_moved(&self, tx: &mut Tx, place: &Place) -> Result<(), Error> {
        let enrolled = place.state.has_place();
        let here = |id: String| if enrolled { id } else { String::new() };
        for listener in PUPIL_LISTENERS {
            let payload = Payload::StudentMoved(StudentMoved {
                student_id: place.student.to_string(),
                school_id: here(place.school.to_string()),
                class_id: here(place.class.to_string()),
                enrolled,
            });
            outbox::publish(tx, &self.deps, listener, place.student.uuid(), payload).await?;
        }
        Ok(())
    }

    /// A pupil's support team is another one.
    pub(crate) async fn tell_team(&self, tx: &mut Tx, place: &Place, team: &Team) -> Result<(), Error> {
        let users = team.members.iter().filter_map(|member| member.user);
        let payload = Payload::TeamChanged(TeamChanged {
            student_id: place.student.to_string(),
            school_id: place.school.to_string(),
            class_id: place.class.to_string(),
            member_user_ids: users.map(|user: UserId| user.to_string()).collect(),
        });
        outbox::publish(tx, &self.deps, Role::Identity, place.student.uuid(), payload).await?;
        Ok(())
    }
}
