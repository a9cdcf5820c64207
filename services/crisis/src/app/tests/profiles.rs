//! A stand-in for profiles that says where pupils are, or says nothing.

use super::support::id;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tonic::{Request, Response, Status};
use xinqiao_proto::profiles::v1::{self as profiles, placement_service_server::PlacementService};

/// Where the stand-in for profiles says that pupils are.
#[derive(Clone, Default)]
pub(super) struct Profiles {
    answers: Arc<Mutex<Answers>>,
}

#[derive(Default)]
struct Answers {
    placed: HashMap<String, (String, String)>,
    silent: bool,
}

impl Profiles {
    pub(super) fn put(&self, student: u128, school: u128, class: u128) {
        let school_name = format!("schools/{}", id(school));
        let class_name = format!("{school_name}/classes/{}", id(class));
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.placed.insert(format!("students/{}", id(student)), (school_name, class_name));
    }

    /// Whether it hangs instead of answering.
    pub(super) fn silence(&self, silent: bool) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).silent = silent;
    }
}

#[tonic::async_trait]
impl PlacementService for Profiles {
    async fn get_placement(
        &self,
        request: Request<profiles::GetPlacementRequest>,
    ) -> Result<Response<profiles::Placement>, Status> {
        let student = request.into_inner().student;
        let (silent, placed) = {
            let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            (answers.silent, answers.placed.get(&student).cloned())
        };
        if silent {
            std::future::pending::<()>().await;
        }
        let (school, class) = placed.ok_or_else(|| Status::not_found("no such pupil"))?;
        Ok(Response::new(profiles::Placement {
            student,
            school,
            class,
            enrolled: true,
            ..Default::default()
        }))
    }

    async fn list_placements(
        &self,
        _: Request<profiles::ListPlacementsRequest>,
    ) -> Result<Response<profiles::ListPlacementsResponse>, Status> {
        Err(Status::unimplemented("not asked"))
    }

    async fn list_class_placements(
        &self,
        _: Request<profiles::ListClassPlacementsRequest>,
    ) -> Result<Response<profiles::ListClassPlacementsResponse>, Status> {
        Err(Status::unimplemented("not asked"))
    }
}
