//! Parent schools.

use super::{Server, about, pb};
use crate::{
    app::{Error, parent_schools::WriteSyllabus},
    domain::parent_school::{ParentSchool, SyllabusUnit},
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{etag, names, rpc, validate::Violations};

const PARENT_SCHOOL: &str = "schools/{}/parentSchool";

#[tonic::async_trait]
impl pb::parent_school_service_server::ParentSchoolService for Server {
    async fn update_parent_school(
        &self,
        request: Request<pb::UpdateParentSchoolRequest>,
    ) -> Result<Response<pb::ParentSchool>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.write_syllabus(&ctx, write(m)?).await?))
        })
        .await
    }

    async fn get_parent_school(
        &self,
        request: Request<pb::GetParentSchoolRequest>,
    ) -> Result<Response<pb::ParentSchool>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let school = v.id("name", &m.name, PARENT_SCHOOL);
            Ok::<_, Error>(shown(app.get_parent_school(&ctx, v.finish(school)?).await?))
        })
        .await
    }
}

fn write(m: pb::UpdateParentSchoolRequest) -> Result<WriteSyllabus, Error> {
    let mut v = Violations::new();
    let m = v.present("parent_school", m.parent_school).unwrap_or_default();
    let school = v.id("parent_school.name", &m.name, PARENT_SCHOOL);
    let unit = |unit: pb::SyllabusUnit| SyllabusUnit {
        topic: unit.topic.trim().to_owned(),
        psychology: unit.psychology,
    };
    let units = m.units.into_iter().map(unit).collect();
    let (school, wrong) = about(v, school)?;
    Ok(WriteSyllabus { school, units, etag: m.etag, wrong })
}

fn shown(parents: ParentSchool) -> pb::ParentSchool {
    let unit = |unit: SyllabusUnit| pb::SyllabusUnit { topic: unit.topic, psychology: unit.psychology };
    pb::ParentSchool {
        name: names::format(PARENT_SCHOOL, parents.school),
        teaches_psychology: parents.teaches_psychology(),
        units: parents.units.into_iter().map(unit).collect(),
        create_time: Some(parents.created_at.into()),
        update_time: Some(parents.updated_at.into()),
        etag: etag::of(parents.version),
    }
}
