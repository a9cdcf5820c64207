//! Asking profiles where a pupil is enrolled: before a report is taken, for a second at most, and later for those that came in while
//! profiles did not answer.

use super::{App, Error, change::Change, intake::Placement};
use crate::{
    domain::{AlertId, StudentId},
    store::alerts,
};
use std::time::Duration;
use tonic::Code;
use xinqiao_kit::{names, role::Role};
use xinqiao_proto::profiles::v1::{GetPlacementRequest, placement_service_client::PlacementServiceClient};

/// How long a reporter waits for profiles.
const PATIENCE: Duration = Duration::from_secs(1);
/// Alerts that are placed in one go.
const BATCH: i64 = 50;

/// Why it is not known where a pupil is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unplaced {
    /// Profiles knows no such pupil.
    NoSuchPupil,
    /// Profiles did not answer in time.
    NoAnswer,
}

impl App {
    /// Where a pupil is enrolled. Never called inside a transaction.
    pub(super) async fn ask_placement(&self, student: StudentId) -> Result<Placement, Unplaced> {
        let mut client = PlacementServiceClient::new(self.deps.peers.client(Role::Profiles));
        let request = GetPlacementRequest { student: names::format("students/{}", student) };
        let answer = match tokio::time::timeout(PATIENCE, client.get_placement(request)).await {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) if matches!(status.code(), Code::NotFound | Code::InvalidArgument) => {
                return Err(Unplaced::NoSuchPupil);
            }
            Ok(Err(status)) => {
                tracing::warn!(code = ?status.code(), "profiles did not say where a pupil is");
                return Err(Unplaced::NoAnswer);
            }
            Err(_) => {
                tracing::warn!("profiles did not say within a second where a pupil is");
                return Err(Unplaced::NoAnswer);
            }
        };
        let school = names::parse(&answer.school, "schools/{}");
        let class =
            names::parse2::<uuid::Uuid, _>(&answer.class, "schools/{}/classes/{}").map(|(_, class)| class);
        Ok(Placement { school, class, known: true })
    }

    /// Places alerts that came in while profiles did not answer. Gives how many are left for later.
    pub(super) async fn place_all(&self) -> Result<usize, Error> {
        let waiting = alerts::unplaced(&self.deps.db, BATCH).await?;
        let mut left = 0;
        for (alert, student) in waiting {
            match self.ask_placement(student).await {
                Ok(placement) => self.place_one(alert, placement).await?,
                // A pupil whom nobody knows stays with the county: there is nowhere else to put the alert.
                Err(Unplaced::NoSuchPupil) => left += 1,
                Err(Unplaced::NoAnswer) => return Ok(left + 1),
            }
        }
        Ok(left)
    }

    async fn place_one(&self, alert: AlertId, placement: Placement) -> Result<(), Error> {
        let now = self.deps.clock.now();
        let mut tx = self.deps.db.begin().await?;
        if let Some(alert) = alerts::lock(&mut tx, alert).await?.filter(|alert| !alert.placed) {
            let mut change = Change::of(alert, now);
            self.place(&mut change, placement)?;
            self.save(&mut tx, change).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
