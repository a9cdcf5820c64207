//! Who is where, as profiles knows it. Never asked inside a transaction.

use super::{App, Error};
use crate::domain::{
    campaign::{SchoolClass, Scope},
    ids::{ClassId, Place, SchoolId, StudentId},
};
use std::collections::HashMap;
use xinqiao_kit::{names, role::Role};
use xinqiao_proto::{
    profiles::v1::{
        ClassPlacement, GetPlacementRequest, GradeScope, ListClassPlacementsRequest, ListPlacementsRequest,
        ListPlacementsResponse, Stage, StudentState, placement_service_client::PlacementServiceClient,
    },
    transport::Transport,
};

/// Pupils of one page of profiles.
const PAGE: i32 = 2_000;
/// Schools that are asked for one by one; beyond, all classes of the county are asked for at once.
const SCHOOLS_ONE_BY_ONE: usize = 20;

/// A pupil's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The pupil.
    pub student: StudentId,
    /// Where the pupil is.
    pub place: Place,
    /// Whether the pupil is on leave.
    pub on_leave: bool,
}

/// What goes wrong: profiles does not answer, or answers something else than expected.
fn failed(cause: impl std::fmt::Display) -> Error {
    Error::Profiles(cause.to_string())
}

impl App {
    fn profiles(&self) -> PlacementServiceClient<Transport> {
        PlacementServiceClient::new(self.deps.peers.client(Role::Profiles))
    }

    /// One page of the pupils in a scope, and where the next page starts.
    pub(super) async fn placements(
        &self,
        scope: &Scope,
        page_token: String,
    ) -> Result<(Vec<Placed>, String), Error> {
        let stage = |word: &str| match word {
            "primary" => Stage::Primary,
            "junior" => Stage::Junior,
            "senior" => Stage::Senior,
            _ => Stage::Unspecified,
        };
        let grades = scope.grades.iter().map(|grade| GradeScope {
            school: names::format("schools/{}", grade.school),
            stage: stage(&grade.stage).into(),
            entry_year: grade.entry_year,
        });
        let classes = scope.classes.iter().map(|(school, class)| class_name(*school, *class));
        let request = ListPlacementsRequest {
            schools: scope.schools.iter().map(|school| names::format("schools/{}", *school)).collect(),
            classes: classes.collect(),
            grades: grades.collect(),
            page_size: PAGE,
            page_token,
        };
        let ListPlacementsResponse { placements, next_page_token } =
            self.profiles().list_placements(request).await.map_err(failed)?.into_inner();
        let placed = placements.iter().filter(|placement| placement.enrolled).map(|placement| {
            let student = names::parse(&placement.student, "students/{}");
            let place = names::parse2(&placement.class, "schools/{}/classes/{}");
            let on_leave = placement.state() == StudentState::OnLeave;
            let (student, (school, class)) =
                student.zip(place).ok_or_else(|| failed("a pupil without a class"))?;
            Ok(Placed { student, place: Place { school, class }, on_leave })
        });
        Ok((placed.collect::<Result<_, Error>>()?, next_page_token))
    }

    /// The pupils of one class.
    pub(super) async fn class_list(&self, place: Place) -> Result<Vec<StudentId>, Error> {
        let scope = Scope { classes: vec![(place.school, place.class)], ..Scope::default() };
        let mut students = Vec::new();
        let mut token = String::new();
        loop {
            let (page, next) = self.placements(&scope, token).await?;
            students.extend(page.into_iter().map(|placed| placed.student));
            if next.is_empty() {
                return Ok(students);
            }
            token = next;
        }
    }

    /// Where one pupil is; `None` if there is no such pupil or the pupil has left.
    pub(super) async fn placement(&self, student: StudentId) -> Result<Option<Place>, Error> {
        let request = GetPlacementRequest { student: names::format("students/{}", student) };
        match self.profiles().get_placement(request).await {
            Ok(answer) => {
                let place = names::parse2(&answer.into_inner().class, "schools/{}/classes/{}");
                Ok(place.map(|(school, class)| Place { school, class }))
            }
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(failed(status)),
        }
    }

    /// Every running class of the schools that a scope names.
    pub(super) async fn classes(&self, scope: &Scope) -> Result<HashMap<ClassId, SchoolClass>, Error> {
        let mut schools: Vec<SchoolId> = scope.named_schools().map(|(_, _, school)| school).collect();
        schools.sort_unstable();
        schools.dedup();
        let asked: Vec<String> = if schools.len() > SCHOOLS_ONE_BY_ONE {
            vec![String::new()]
        } else {
            schools.into_iter().map(|school| names::format("schools/{}", school)).collect()
        };
        let mut classes = HashMap::new();
        for school in asked {
            let mut page_token = String::new();
            loop {
                let request =
                    ListClassPlacementsRequest { school: school.clone(), page_size: PAGE, page_token };
                let page = self.profiles().list_class_placements(request).await.map_err(failed)?.into_inner();
                for class in &page.classes {
                    let class = school_class(class)?;
                    classes.insert(class.id, class);
                }
                if page.next_page_token.is_empty() {
                    break;
                }
                page_token = page.next_page_token;
            }
        }
        Ok(classes)
    }
}

fn school_class(class: &ClassPlacement) -> Result<SchoolClass, Error> {
    let name = names::parse2::<SchoolId, ClassId>(&class.class, "schools/{}/classes/{}");
    let (school, id) = name.ok_or_else(|| failed("a class without a name"))?;
    let stage = match class.stage() {
        Stage::Primary => "primary",
        Stage::Junior => "junior",
        Stage::Senior => "senior",
        Stage::Unspecified => "",
    };
    Ok(SchoolClass {
        id,
        school,
        stage: stage.to_owned(),
        entry_year: class.entry_year,
        grade: u8::try_from(class.grade).ok().filter(|grade| *grade > 0),
        pupils: class.enrolled_students,
    })
}

/// The name of a class.
pub(crate) fn class_name(school: SchoolId, class: ClassId) -> String {
    names::format2("schools/{}/classes/{}", school, class)
}
