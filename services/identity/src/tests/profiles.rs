//! A stand-in for profiles.

use super::support::{class, school, student};
use tonic::{Request, Response, Status};
use uuid::Uuid;
use xinqiao_proto::profiles::v1::{self as profiles, placement_service_server::PlacementService};

/// What profiles knows: pupils 100 to 699 are in class 11 of school 1, 700 to 799 in class 21 of school 2.
#[derive(Debug, Clone, Default)]
pub(super) struct FakeProfiles;

fn placement(n: u128) -> Option<profiles::Placement> {
    let (at, of) = match n {
        100..700 => (1, 11),
        700..800 => (2, 21),
        _ => return None,
    };
    Some(profiles::Placement {
        student: student(n),
        school: school(at),
        class: class(at, of),
        enrolled: true,
        ..profiles::Placement::default()
    })
}

#[tonic::async_trait]
impl PlacementService for FakeProfiles {
    async fn get_placement(
        &self,
        request: Request<profiles::GetPlacementRequest>,
    ) -> Result<Response<profiles::Placement>, Status> {
        let name = request.into_inner().student;
        let number =
            name.strip_prefix("students/").and_then(|id| Uuid::try_parse(id).ok()).map(|id| id.as_u128());
        number.and_then(placement).map(Response::new).ok_or_else(|| Status::not_found("no such pupil"))
    }

    async fn list_placements(
        &self,
        request: Request<profiles::ListPlacementsRequest>,
    ) -> Result<Response<profiles::ListPlacementsResponse>, Status> {
        let schools = request.into_inner().schools;
        let here = (100..800).filter_map(placement).filter(|pupil| schools.contains(&pupil.school));
        let answer = profiles::ListPlacementsResponse { placements: here.collect(), ..Default::default() };
        Ok(Response::new(answer))
    }

    async fn list_class_placements(
        &self,
        request: Request<profiles::ListClassPlacementsRequest>,
    ) -> Result<Response<profiles::ListClassPlacementsResponse>, Status> {
        let wanted = request.into_inner().school;
        let classes = [(1, 11), (1, 12), (2, 21)].into_iter().filter(|(at, _)| school(*at) == wanted);
        let classes = classes.map(|(at, of)| profiles::ClassPlacement {
            class: class(at, of),
            school: school(at),
            ..Default::default()
        });
        Ok(Response::new(profiles::ListClassPlacementsResponse {
            classes: classes.collect(),
            ..Default::default()
        }))
    }
}
