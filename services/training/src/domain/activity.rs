//! What schools do beside lessons, at the occasions of the year and between them (P1.4 to P1.6, P4.3).

use super::{
    calendar::EvidenceDates,
    facts::School,
    ids::{ActivityId, SchoolId},
    lesson::{ATTACHMENT_MAX, TOPIC_MAX},
    stage::{Education, Stage, words},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// People who may take part in an activity.
pub const PARTICIPANTS: std::ops::RangeInclusive<i32> = 1..=100_000;

words! {
    /// The occasion of an activity (P1.4).
    Occasion {
        /// No particular occasion.
        None = "none",
        /// 心理健康教育宣传月.
        PublicityMonth = "publicity_month",
        /// 中考.
        JuniorExam = "junior_exam",
        /// 高考.
        SeniorExam = "senior_exam",
        /// 开学.
        TermStart = "term_start",
        /// Another occasion.
        Other = "other",
    }
}

words! {
    /// What an activity is for.
    Area {
        /// Mental-health education at an occasion (P1.4).
        Publicity = "publicity",
        /// 同伴支持 (P1.5).
        PeerSupport = "peer_support",
        /// 师生关系 (P1.5).
        TeacherPupil = "teacher_pupil",
        /// 校园文化 (P1.6).
        CampusCulture = "campus_culture",
        /// 珍视生命 (P1.6).
        ValueOfLife = "value_of_life",
        /// 业务指导 by the county's centre (P4.3).
        Guidance = "guidance",
    }
}

words! {
    /// Who takes part in carrying an activity (P1.5).
    Actor {
        /// 共青团.
        YouthLeague = "youth_league",
        /// 少先队.
        YoungPioneers = "young_pioneers",
        /// 学生社团.
        StudentSociety = "student_society",
        /// 社会工作者.
        SocialWorker = "social_worker",
    }
}

words! {
    /// How people are reached (多渠道、多形式, P1.4).
    Channel {
        /// A lecture or talk.
        Talk = "talk",
        /// A class meeting.
        ClassMeeting = "class_meeting",
        /// An exhibition, wall newspaper or broadcast.
        Display = "display",
        /// Online.
        Online = "online",
        /// A performance, game or contest.
        Performance = "performance",
        /// Advice on the spot.
        Consultation = "consultation",
    }
}

words! {
    /// Whether an activity counts.
    ActivityState {
        /// It is planned.
        Planned = "planned",
        /// It was held and proven.
        Held = "held",
        /// It was called off or entered by mistake.
        Cancelled = "cancelled",
    }
}

/// An activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Its id.
    pub id: ActivityId,
    /// Where it takes place.
    pub school: SchoolId,
    /// What it is for.
    pub area: Area,
    /// Its occasion.
    pub occasion: Occasion,
    /// What it is called.
    pub title: String,
    /// Day.
    pub date: NaiveDate,
    /// How people are reached.
    pub channel: Channel,
    /// Who takes part in carrying it.
    pub actors: BTreeSet<Actor>,
    /// Which of the five educations it serves.
    pub educations: BTreeSet<Education>,
    /// People who took part; 0 while it is planned.
    pub participants: i32,
    /// Where the proof lies; empty while it is planned.
    pub attachment: String,
    /// Whether it counts.
    pub state: ActivityState,
    /// Row version.
    pub version: i64,
    /// When it was entered.
    pub created_at: Ts,
    /// When it was last changed.
    pub updated_at: Ts,
}

/// Why an activity cannot be changed or proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActivityRefusal {
    /// It is not planned any more.
    #[error("the activity is not planned any more")]
    NotPlanned,
    /// Its day has not come.
    #[error("the day of the activity has not come")]
    NotYet,
}

/// What somebody says of an activity, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityForm {
    /// What it is for.
    pub area: Option<Area>,
    /// Its occasion.
    pub occasion: Option<Occasion>,
    /// What it is called.
    pub title: Option<String>,
    /// Day.
    pub date: Option<NaiveDate>,
    /// How people are reached.
    pub channel: Option<Channel>,
    /// Who takes part in carrying it.
    pub actors: Option<BTreeSet<Actor>>,
    /// Which of the five educations it serves.
    pub educations: Option<BTreeSet<Education>>,
}

impl ActivityForm {
    /// Notes everything that is wrong with what was given.
    pub fn check(&self, v: &mut Violations, dates: EvidenceDates) {
        if self.area == Some(Area::Publicity) && self.occasion == Some(Occasion::None) {
            v.push(Violation::new("activity.occasion", "OCCASION_REQUIRED"));
        }
        if let Some(title) = &self.title {
            v.len("activity.title", title, 1, TOPIC_MAX);
        }
        if let Some(date) = self.date {
            dates.check_planned(v, "activity.date", date);
        }
    }
}

/// Notes what is wrong with a proof.
pub fn check_proof(v: &mut Violations, participants: i32, attachment: &str) {
    v.range("participant_count", participants, *PARTICIPANTS.start(), *PARTICIPANTS.end());
    v.len("attachment", attachment, 1, ATTACHMENT_MAX);
}

impl Activity {
    /// Takes over what was given.
    ///
    /// # Errors
    /// It is not planned any more.
    pub fn change(&mut self, form: ActivityForm, at: Ts) -> Result<(), ActivityRefusal> {
        self.planned()?;
        self.occasion = form.occasion.unwrap_or(self.occasion);
        self.title = form.title.unwrap_or_else(|| self.title.clone());
        self.date = form.date.unwrap_or(self.date);
        self.channel = form.channel.unwrap_or(self.channel);
        self.actors = form.actors.unwrap_or_else(|| self.actors.clone());
        self.educations = form.educations.unwrap_or_else(|| self.educations.clone());
        self.touch(at);
        Ok(())
    }

    /// Takes note of the proof that it was held.
    ///
    /// # Errors
    /// It is not planned any more, or its day has not come.
    pub fn prove(&mut self, participants: i32, attachment: String, at: Ts) -> Result<(), ActivityRefusal> {
        self.planned()?;
        if at.shanghai_date() < self.date {
            return Err(ActivityRefusal::NotYet);
        }
        self.participants = participants;
        self.attachment = attachment;
        self.state = ActivityState::Held;
        self.touch(at);
        Ok(())
    }

    /// Calls it off. Once more changes nothing.
    pub fn cancel(&mut self, at: Ts) {
        if self.state != ActivityState::Cancelled {
            self.state = ActivityState::Cancelled;
            self.touch(at);
        }
    }

    fn planned(&self) -> Result<(), ActivityRefusal> {
        if self.state == ActivityState::Planned { Ok(()) } else { Err(ActivityRefusal::NotPlanned) }
    }

    fn touch(&mut self, at: Ts) {
        self.version += 1;
        self.updated_at = at;
    }
}

/// How many activities of one occasion and area there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// The occasion.
    pub occasion: Occasion,
    /// The area.
    pub area: Area,
    /// Activities held.
    pub held: i64,
    /// Activities planned.
    pub planned: i64,
}

/// A count of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Activities held.
    pub held: i64,
    /// Activities planned.
    pub planned: i64,
}

/// What a school's activities add up to in a school year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityFigure {
    /// By occasion, and whether the school has to prove it.
    pub occasions: Vec<(Occasion, Count, bool)>,
    /// By area.
    pub areas: Vec<(Area, Count)>,
}

impl ActivityFigure {
    /// The figure of a school from the tallies of a year.
    pub fn of(school: &School, tallies: &[Tally]) -> Self {
        let sum = |wanted: &dyn Fn(&Tally) -> bool| {
            tallies.iter().filter(|tally| wanted(tally)).fold(Count::default(), |sum, tally| Count {
                held: sum.held + tally.held,
                planned: sum.planned + tally.planned,
            })
        };
        let occasions = Occasion::ALL.iter().map(|occasion| {
            let count = sum(&|tally| tally.occasion == *occasion && tally.area == Area::Publicity);
            (*occasion, count, occasion.expected(school))
        });
        let areas = Area::ALL.iter().map(|area| (*area, sum(&|tally| tally.area == *area)));
        Self { occasions: occasions.collect(), areas: areas.collect() }
    }

    /// Whether every expected occasion is proven.
    pub fn reached(&self) -> bool {
        self.occasions.iter().all(|(_, count, expected)| !expected || count.held > 0)
    }
}

impl Occasion {
    /// Whether a school has to prove it: the publicity month always, an examination when the school has that stage.
    pub fn expected(self, school: &School) -> bool {
        match self {
            Self::PublicityMonth => true,
            Self::JuniorExam => school.stages.contains(&Stage::Junior),
            Self::SeniorExam => school.stages.contains(&Stage::Senior),
            Self::None | Self::TermStart | Self::Other => false,
        }
    }
}
