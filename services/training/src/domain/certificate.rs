//! What staff are qualified for (P2.1) and what they were certified in (P2.4).

use super::{
    facts::Staff,
    ids::{CertificateId, SchoolId, StaffId, TrainingId},
    lesson::TOPIC_MAX,
    stage::{Stage, words},
};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// Days before its end in which a certificate is shown as expiring.
const EXPIRING_DAYS: u64 = 60;

words! {
    /// What a certificate attests.
    CertificateKind {
        /// Qualification to teach mental health in certain stages.
        TeachingQualification = "teaching_qualification",
        /// A training that was completed.
        Training = "training",
    }
}

/// Whether a certificate is good on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// Good.
    Valid,
    /// Good, but not for long.
    Expiring,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its id.
    pub id: CertificateId,
    /// The holder.
    pub staff: StaffId,
    /// The holder's school; none for county staff.
    pub school: Option<SchoolId>,
    /// What it attests.
    pub kind: CertificateKind,
    /// Stages that a teaching qualification is good for.
    pub stages: BTreeSet<Stage>,
    /// Our own training that a training certificate attests.
    pub training: Option<TrainingId>,
    /// What it is called.
    pub title: String,
    /// Who issued it.
    pub issuer: String,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// Last day it is good.
    pub expires_on: Option<NaiveDate>,
    /// Whether the holder's post is within the establishment (编制内).
    pub within_establishment: bool,
    /// Since when the holder has worked in mental health.
    pub practice_since: Option<NaiveDate>,
    /// Whether it was taken back.
    pub revoked: bool,
    /// Row version.
    pub version: i64,
    /// When it was entered.
    pub created_at: Ts,
}

/// What somebody says of a certificate, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateForm {
    /// What it attests.
    pub kind: Option<CertificateKind>,
    /// Stages.
    pub stages: BTreeSet<Stage>,
    /// Our own training.
    pub training: Option<TrainingId>,
    /// What it is called.
    pub title: String,
    /// Who issued it.
    pub issuer: String,
    /// Day of issue.
    pub issued_on: Option<NaiveDate>,
    /// Last day it is good.
    pub expires_on: Option<NaiveDate>,
    /// Whether the post is within the establishment.
    pub within_establishment: bool,
    /// Since when the holder has worked in mental health.
    pub practice_since: Option<NaiveDate>,
}

impl CertificateForm {
    /// Notes everything that is wrong with what was given. `attended` says whether the holder attended the training that is named.
    pub fn check(&self, v: &mut Violations, today: NaiveDate, holder: &Staff, attended: bool) {
        if !holder.active {
            v.push(Violation::new("certificate.staff", "STAFF_UNKNOWN"));
        }
        v.len("certificate.title", &self.title, 1, TOPIC_MAX);
        v.len("certificate.issuer", &self.issuer, 1, TOPIC_MAX);
        for (field, date) in [("issue_date", self.issued_on), ("practice_since_date", self.practice_since)] {
            if date.is_some_and(|date| date > today) {
                v.push(Violation::new(format!("certificate.{field}"), "DATE_IN_FUTURE"));
            }
        }
        if self.expires_on.zip(self.issued_on).is_some_and(|(end, start)| end < start) {
            v.push(Violation::new("certificate.expire_date", "ENDS_BEFORE_START"));
        }
        match self.kind {
            Some(CertificateKind::TeachingQualification) => self.check_qualification(v),
            Some(CertificateKind::Training) => self.check_training(v, attended),
            None => {}
        }
    }

    fn check_qualification(&self, v: &mut Violations) {
        if self.stages.is_empty() {
            v.push(Violation::new("certificate.stages", "REQUIRED"));
        }
        if self.training.is_some() {
            v.push(Violation::new("certificate.training", "NOT_ALLOWED"));
        }
    }

    fn check_training(&self, v: &mut Violations, attended: bool) {
        if self.training.is_some() && !attended {
            v.push(Violation::new("certificate.training", "TRAINING_NOT_ATTENDED"));
        }
        let only_for_qualifications = [
            ("stages", !self.stages.is_empty()),
            ("within_establishment", self.within_establishment),
            ("practice_since_date", self.practice_since.is_some()),
        ];
        for (field, given) in only_for_qualifications {
            if given {
                v.push(Violation::new(format!("certificate.{field}"), "NOT_ALLOWED"));
            }
        }
    }
}

impl Certificate {
    /// Whether it is good on `day`.
    pub fn state(&self, day: NaiveDate) -> CertificateState {
        let soon = day.checked_add_days(Days::new(EXPIRING_DAYS)).unwrap_or(NaiveDate::MAX);
        match self.expires_on {
            _ if self.revoked => CertificateState::Revoked,
            Some(end) if end < day => CertificateState::Expired,
            Some(end) if end < soon => CertificateState::Expiring,
            _ => CertificateState::Valid,
        }
    }

    /// Whether it qualifies its holder to teach mental health in `stage` on `day`.
    pub fn qualifies(&self, stage: Stage, day: NaiveDate) -> bool {
        let good = matches!(self.state(day), CertificateState::Valid | CertificateState::Expiring);
        good && self.kind == CertificateKind::TeachingQualification && self.stages.contains(&stage)
    }

    /// Takes it back. Once more changes nothing.
    pub fn revoke(&mut self) {
        if !self.revoked {
            self.revoked = true;
            self.version += 1;
        }
    }
}
