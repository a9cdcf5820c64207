//! Asking profiles where a pupil is enrolled. Never inside a transaction.

use super::{App, Error};
use crate::domain::{
    facts::Placement,
    ids::{ClassId, SchoolId, StudentId},
};
use std::time::Duration;
use tonic::Code;
use xinqiao_kit::{authz::Target, names, role::Role};
use xinqiao_proto::profiles::v1::{GetPlacementRequest, placement_service_client::PlacementServiceClient};

/// How long somebody waits for profiles.
const PATIENCE: Duration = Duration::from_secs(2);

impl App {
    /// Where a pupil is enrolled; none if there is no such pupil or the pupil has left.
    pub(super) async fn place(&self, student: StudentId) -> Result<Option<Placement>, Error> {
        let mut profiles = PlacementServiceClient::new(self.deps.peers.client(Role::Profiles));
        let request = GetPlacementRequest { student: names::format("students/{}", student) };
        let answer = match tokio::time::timeout(PATIENCE, profiles.get_placement(request)).await {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) if status.code() == Code::NotFound => return Ok(None),
            Ok(Err(status)) => return Err(Error::Profiles(format!("{:?}", status.code()))),
            Err(_) => return Err(Error::Profiles("not in time".to_owned())),
        };
        let place = names::parse2::<SchoolId, ClassId>(&answer.class, "schools/{}/classes/{}");
        Ok(place.map(|(school, class)| Placement { student, school, class }).filter(|_| answer.enrolled))
    }
}

/// Something that concerns a pupil who is placed there.
pub(super) fn of_pupil(kind: &'static str, place: &Placement) -> Target {
    Target::new(kind).student(place.student).school(place.school).class(place.class)
}
