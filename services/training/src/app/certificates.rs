//! Entering certificates and taking them back (P2.1, P2.4).

use super::{App, Error};
use crate::{
    domain::{
        certificate::{Certificate, CertificateForm, CertificateKind},
        facts::Staff,
        ids::{CertificateId, SchoolId, StaffId},
    },
    store,
};
use xinqiao_kit::{
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    etag,
    page::Page,
    requests,
    validate::Violations,
};

/// A certificate to enter.
pub struct CreateCertificate {
    /// The holder.
    pub staff: StaffId,
    /// What is said of it.
    pub form: CertificateForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

impl App {
    /// Enters a certificate.
    pub async fn create_certificate(
        &self,
        ctx: &Ctx,
        command: CreateCertificate,
    ) -> Result<Certificate, Error> {
        let CreateCertificate { staff, form, mut wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let holder = store::facts::staff(&mut tx, staff).await?;
        let holder = self.deps.authz.require_found(ctx, holder, of_holder)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let attended = match form.training {
            Some(training) => store::trainings::did_attend(&mut tx, training, staff).await?,
            None => false,
        };
        let now = ctx.now();
        form.check(&mut wrong, now.shanghai_date(), &holder, attended);
        let certificate = || {
            Some(Certificate {
                id: self.deps.ids.make(),
                staff,
                school: holder.school,
                kind: form.kind?,
                stages: form.stages,
                training: form.training,
                title: form.title,
                issuer: form.issuer,
                issued_on: form.issued_on?,
                expires_on: form.expires_on,
                within_establishment: form.within_establishment,
                practice_since: form.practice_since,
                revoked: false,
                version: 1,
                created_at: now,
            })
        };
        let certificate = wrong.finish(certificate())?;
        store::certificates::insert(&mut tx, &self.deps.keys, &certificate).await?;
        self.commit(tx, ctx, (&key, &of_holder(&holder).id(certificate.id)), certificate).await
    }

    /// Takes a certificate back.
    pub async fn revoke_certificate(
        &self,
        ctx: &Ctx,
        id: CertificateId,
        etag: &str,
        key: Option<RequestKey>,
    ) -> Result<Certificate, Error> {
        let mut tx = self.deps.db.begin().await?;
        let (mut certificate, target) = self.permitted(&mut tx, ctx, id).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, certificate.version)?;
        let before = certificate.version;
        certificate.revoke();
        if certificate.version != before && !store::certificates::update(&mut tx, &certificate).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &target), certificate).await
    }

    /// One certificate.
    pub async fn get_certificate(&self, ctx: &Ctx, id: CertificateId) -> Result<Certificate, Error> {
        let found = store::certificates::find(&self.deps.db, &self.deps.keys, id).await?;
        let found = match found {
            Some(certificate) => store::facts::staff(&self.deps.db, certificate.staff)
                .await?
                .map(|holder| (certificate, holder)),
            None => None,
        };
        Ok(self.deps.authz.require_found(ctx, found, |(one, holder)| of_holder(holder).id(one.id))?.0)
    }

    /// A page of the certificates of a school's staff and the token of the next.
    pub async fn list_certificates(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        filter: (Option<StaffId>, Option<CertificateKind>),
        page: &Page,
    ) -> Result<(Vec<Certificate>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("certificate").school(school))?;
        let mut certificates =
            store::certificates::list(&self.deps.db, &self.deps.keys, school, filter, page).await?;
        let token = page.cut(&mut certificates, |last| vec![last.id.to_string()]);
        Ok((certificates, token))
    }

    async fn permitted(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        id: CertificateId,
    ) -> Result<(Certificate, Target), Error> {
        let found = store::certificates::find(&mut *tx, &self.deps.keys, id).await?;
        let found = match found {
            Some(certificate) => {
                store::facts::staff(&mut *tx, certificate.staff).await?.map(|holder| (certificate, holder))
            }
            None => None,
        };
        let target = |(one, holder): &(Certificate, Staff)| of_holder(holder).id(one.id);
        let found = self.deps.authz.require_found(ctx, found, target)?;
        let target = target(&found);
        Ok((found.0, target))
    }
}

/// A certificate belongs to its holder and to the holder's school.
fn of_holder(holder: &Staff) -> Target {
    let mut target = Target::new("certificate");
    target.school = holder.school.map(|school| school.uuid());
    target.owner = holder.user.map(|user| user.uuid());
    target
}
