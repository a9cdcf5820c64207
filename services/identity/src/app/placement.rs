//! What profiles knows of where pupils and classes are. Never asked inside a transaction.

use super::App;
use crate::{
    domain::{ClassId, SchoolId, StudentId},
    error::Error,
};
use std::collections::{BTreeSet, HashSet};
use tonic::Code;
use xinqiao_kit::{names, role::Role};
use xinqiao_proto::{
    profiles::v1::{
        GetPlacementRequest, ListClassPlacementsRequest, ListPlacementsRequest,
        placement_service_client::PlacementServiceClient,
    },
    transport::Transport,
};

/// Up to so many pupils are asked for one by one; beyond, their schools are read.
const ONE_BY_ONE_MAX: usize = 8;
const PAGE_SIZE: i32 = 5_000;
/// Pages of one school at most: more pupils than any school has.
const PAGES_MAX: usize = 20;

impl App {
    fn profiles(&self) -> PlacementServiceClient<Transport> {
        PlacementServiceClient::new(self.deps.peers.client(Role::Profiles))
    }

    /// The school where a pupil is now; none if there is no such pupil or the pupil has left.
    pub(super) async fn school_of_student(&self, student: StudentId) -> Result<Option<SchoolId>, Error> {
        let request = GetPlacementRequest { student: names::format("students/{}", student) };
        match self.profiles().get_placement(request).await {
            Ok(placement) => {
                let placement = placement.into_inner();
                Ok(names::parse(&placement.school, "schools/{}").filter(|_| placement.enrolled))
            }
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(Error::Profiles(Box::new(status))),
        }
    }

    /// Which of the pupils are where they are said to be.
    pub(super) async fn placed_at(
        &self,
        wanted: &[(StudentId, SchoolId)],
    ) -> Result<HashSet<(StudentId, SchoolId)>, Error> {
        let mut placed = HashSet::new();
        if wanted.len() <= ONE_BY_ONE_MAX {
            for (student, school) in wanted {
                if self.school_of_student(*student).await? == Some(*school) {
                    placed.insert((*student, *school));
                }
            }
            return Ok(placed);
        }
        let schools: BTreeSet<SchoolId> = wanted.iter().map(|(_, school)| *school).collect();
        for school in schools {
            for student in self.students_at(school).await? {
                placed.insert((student, school));
            }
        }
        Ok(placed)
    }

    async fn students_at(&self, school: SchoolId) -> Result<Vec<StudentId>, Error> {
        let mut students = Vec::new();
        let mut request = ListPlacementsRequest {
            schools: vec![names::format("schools/{}", school)],
            page_size: PAGE_SIZE,
            ..ListPlacementsRequest::default()
        };
        for _ in 0..PAGES_MAX {
            let answer = self.profiles().list_placements(request.clone()).await;
            let answer = answer.map_err(|status| Error::Profiles(Box::new(status)))?.into_inner();
            let enrolled = answer.placements.iter().filter(|placement| placement.enrolled);
            students.extend(enrolled.filter_map(|p| names::parse::<StudentId>(&p.student, "students/{}")));
            if answer.next_page_token.is_empty() {
                break;
            }
            request.page_token = answer.next_page_token;
        }
        Ok(students)
    }

    /// Whether a running class is one of that school's.
    pub(super) async fn is_class_of(&self, class: ClassId, school: SchoolId) -> Result<bool, Error> {
        let wanted = names::format2("schools/{}/classes/{}", school, class);
        let mut request = ListClassPlacementsRequest {
            school: names::format("schools/{}", school),
            page_size: PAGE_SIZE,
            ..ListClassPlacementsRequest::default()
        };
        for _ in 0..PAGES_MAX {
            let answer = self.profiles().list_class_placements(request.clone()).await;
            let answer = answer.map_err(|status| Error::Profiles(Box::new(status)))?.into_inner();
            if answer.classes.iter().any(|placement| placement.class == wanted) {
                return Ok(true);
            }
            if answer.next_page_token.is_empty() {
                break;
            }
            request.page_token = answer.next_page_token;
        }
        Ok(false)
    }
}
