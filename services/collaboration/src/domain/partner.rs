//! Partners outside school and what they do together with schools (P6.8).

use super::{
    evidence::{ATTACHMENT_MAX, EvidenceDates, EvidenceState, TOPIC_MAX},
    ids::{PartnerActivityId, PartnerId, SchoolId, UserId},
    words::words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// Characters of a partner's name.
pub const PARTNER_NAME_MAX: usize = 80;
/// Characters of how to reach a partner.
pub const CONTACT_MAX: usize = 200;
/// People who may take part in an activity.
pub const PARTICIPANTS: std::ops::RangeInclusive<i32> = 1..=100_000;

words! {
    /// What a partner is.
    PartnerKind {
        /// 妇联.
        WomensFederation = "womens_federation",
        /// 团委.
        YouthLeague = "youth_league",
        /// 关工委.
        CareCommittee = "care_committee",
        /// Hospital or clinic.
        Hospital = "hospital",
        /// Police.
        Police = "police",
        /// Social work organisation.
        SocialWork = "social_work",
        /// Another one.
        Other = "other",
    }
}

words! {
    /// What partner and school did.
    PartnershipForm {
        /// 家庭教育指导讲座.
        Talk = "talk",
        /// 家教实践.
        Practice = "practice",
        /// 工作交流.
        Exchange = "exchange",
        /// 壮大队伍.
        Workforce = "workforce",
    }
}

/// A partner of the county.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// What it is.
    pub kind: PartnerKind,
    /// What it is called.
    pub display_name: String,
    /// How to reach it; may be empty.
    pub contact: String,
    /// False once the partnership has ended.
    pub active: bool,
    /// Row version.
    pub version: i64,
    /// When it was entered.
    pub created_at: Ts,
}

/// Something that a partner and a school did together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerActivity {
    /// Its id.
    pub id: PartnerActivityId,
    /// The school.
    pub school: SchoolId,
    /// With whom.
    pub partner: PartnerId,
    /// What they did.
    pub form: PartnershipForm,
    /// Day.
    pub date: NaiveDate,
    /// What it was about.
    pub topic: String,
    /// People who took part.
    pub participants: i32,
    /// Where the proof lies; may be empty.
    pub attachment: String,
    /// Whether it counts.
    pub state: EvidenceState,
    /// Why it was voided; may be empty.
    pub void_reason: String,
    /// Who logged it.
    pub author: UserId,
    /// Row version.
    pub version: i64,
    /// When it was logged.
    pub created_at: Ts,
}

/// What somebody says of an activity, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartnerActivityForm {
    /// With whom.
    pub partner: Option<PartnerId>,
    /// What they did.
    pub form: Option<PartnershipForm>,
    /// Day.
    pub date: Option<NaiveDate>,
    /// What it was about.
    pub topic: String,
    /// People who took part.
    pub participants: i32,
    /// Where the proof lies.
    pub attachment: String,
}

impl PartnerActivityForm {
    /// Notes everything that is wrong with what was given; `partner` is the partner that it names, if there is one.
    pub fn check(&self, v: &mut Violations, dates: EvidenceDates, partner: Option<&Partner>) {
        if self.partner.is_some() && !partner.is_some_and(|partner| partner.active) {
            v.push(Violation::new("partner_activity.partner", "PARTNER_UNKNOWN"));
        }
        if let Some(date) = self.date {
            dates.check(v, "partner_activity.date", date);
        }
        v.len("partner_activity.topic", &self.topic, 1, TOPIC_MAX);
        let field = "partner_activity.participant_count";
        v.range(field, self.participants, *PARTICIPANTS.start(), *PARTICIPANTS.end());
        v.len("partner_activity.attachment", &self.attachment, 0, ATTACHMENT_MAX);
    }
}

/// Notes what is wrong with a partner.
pub fn check_partner(v: &mut Violations, display_name: &str, contact: &str) {
    v.len("partner.display_name", display_name, 1, PARTNER_NAME_MAX);
    v.len("partner.contact", contact, 0, CONTACT_MAX);
}

impl Partner {
    /// Ends the partnership. Once more changes nothing.
    pub fn end(&mut self) {
        if self.active {
            self.active = false;
            self.version += 1;
        }
    }
}

impl PartnerActivity {
    /// Takes it out of the figures.
    pub fn void(&mut self, reason: String) {
        self.state = EvidenceState::Voided;
        self.void_reason = reason;
        self.version += 1;
    }
}
