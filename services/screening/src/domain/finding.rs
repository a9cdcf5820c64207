//! Findings, interviews, observations and class meetings: what each form of screening says about a pupil (P3.2, P3.5).

use super::{
    ids::{FindingId, InterviewId, MeetingId, ObservationId, Place, StudentId, UserId},
    instrument::Severity,
    level::Level,
    words::words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xinqiao_kit::time::Ts;

words! {
    /// The forms of screening (P3.2).
    Source {
        /// Questionnaire (问卷).
        Questionnaire = "questionnaire",
        /// Interview (访谈).
        Interview = "interview",
        /// Class meeting (班会).
        ClassMeeting = "class_meeting",
        /// Classroom observation (课堂观察).
        Observation = "observation",
        /// Professional assessment (专业评估).
        Assessment = "assessment",
    }
}

words! {
    /// The kind of resource that something follows from.
    EvidenceKind {
        /// A result.
        Result = "result",
        /// An unfinished questionnaire.
        Draft = "draft",
        /// An interview.
        Interview = "interview",
        /// An observation.
        Observation = "observation",
        /// A class meeting.
        ClassMeeting = "class_meeting",
        /// A finding.
        Finding = "finding",
    }
}

/// The resource that something follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its kind.
    pub kind: EvidenceKind,
    /// Its id.
    pub id: Uuid,
}

impl Evidence {
    /// Its resource name.
    pub fn name(self) -> String {
        let collection = match self.kind {
            EvidenceKind::Result => "results",
            EvidenceKind::Draft => "targets",
            EvidenceKind::Interview => "interviews",
            EvidenceKind::Observation => "observations",
            EvidenceKind::ClassMeeting => "classMeetings",
            EvidenceKind::Finding => "findings",
        };
        format!("{collection}/{}", self.id)
    }
}

/// What one source says about one pupil on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Id.
    pub id: FindingId,
    /// The pupil.
    pub student: StudentId,
    /// Where the pupil was then.
    pub place: Place,
    /// Where it comes from.
    pub source: Source,
    /// How much it asks for.
    pub level: Level,
    /// The day.
    pub day: NaiveDate,
    /// What it follows from.
    pub evidence: Option<Evidence>,
    /// What was found.
    pub notes: Option<String>,
    /// Who recorded it; nobody for what follows from answers.
    pub creator: Option<UserId>,
    /// When it was recorded.
    pub create_time: Ts,
}

words! {
    /// Whether an interview has been held.
    InterviewState {
        /// To be held.
        Open = "open",
        /// Held.
        Completed = "completed",
        /// The pupil has left.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why an interview is to be held, ascending by weight.
    InterviewReason {
        /// Planned by the psychologist.
        Planned = "planned",
        /// A finding.
        Finding = "finding",
        /// An item that makes a person review the sheet.
        ReviewItem = "review_item",
        /// A critical item.
        CriticalItem = "critical_item",
    }
}

words! {
    /// What came out of an interview. A colour is only proposed: the record takes signatures.
    Outcome {
        /// No concern.
        NoConcern = "no_concern",
        /// To be kept in view.
        Watch = "watch",
        /// Yellow is to be proposed.
        NeedsYellow = "needs_yellow",
        /// Orange is to be proposed.
        NeedsOrange = "needs_orange",
    }
}

words! {
    /// Signs that people notice in a pupil.
    Sign {
        /// Low mood, crying.
        LowMood = "low_mood",
        /// Withdrawal from others.
        Withdrawal = "withdrawal",
        /// Anxiety, panic.
        Anxiety = "anxiety",
        /// Sleep or appetite changed.
        SleepOrAppetite = "sleep_or_appetite",
        /// Marks or attendance fell off.
        SchoolDecline = "school_decline",
        /// Outbursts, fights.
        Aggression = "aggression",
        /// Conflict at home, a loss, a shock.
        FamilyOrLoss = "family_or_loss",
        /// Bullied.
        Bullied = "bullied",
        /// Self-harm.
        SelfHarm = "self_harm",
        /// Talk of death, farewell, giving things away.
        SuicidalTalk = "suicidal_talk",
        /// A plan or means of suicide.
        SuicidePlan = "suicide_plan",
    }
}

/// An interview task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interview {
    /// Id.
    pub id: InterviewId,
    /// Version of the row.
    pub version: i64,
    /// The pupil.
    pub student: StudentId,
    /// Where the pupil is.
    pub place: Place,
    /// Whether it has been held.
    pub state: InterviewState,
    /// Why it is to be held.
    pub reason: InterviewReason,
    /// What it follows from.
    pub evidence: Option<Evidence>,
    /// When it must have been held.
    pub due: Ts,
    /// What came out of it.
    pub held: Option<Held>,
    /// When the task was opened.
    pub create_time: Ts,
}

/// What came out of an interview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The outcome.
    pub outcome: Outcome,
    /// Signs noticed.
    pub signs: Vec<Sign>,
    /// Notes.
    pub notes: String,
    /// Who held it.
    pub interviewer: UserId,
    /// When it was recorded.
    pub time: Ts,
}

impl Outcome {
    /// How much the finding of the interview asks for.
    pub fn level(self) -> Level {
        match self {
            Self::NoConcern => Level::None,
            Self::Watch => Level::Watch,
            Self::NeedsYellow => Level::Attention,
            Self::NeedsOrange => Level::Urgent,
        }
    }
}

/// The alert that an interview raises: what the interviewer asks for, and red whenever there is a plan or means of suicide.
pub fn alert_of_interview(asked: Option<Severity>, signs: &[Sign]) -> Option<Severity> {
    if signs.contains(&Sign::SuicidePlan) { Some(Severity::Red) } else { asked }
}

words! {
    /// Whether it is known whom an observation is about.
    ObservationState {
        /// It is.
        Matched = "matched",
        /// A peer described a classmate.
        Unmatched = "unmatched",
    }
}

/// A sheet that somebody filled in about a pupil.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Id.
    pub id: ObservationId,
    /// The class.
    pub place: Place,
    /// The pupil, if it is known.
    pub student: Option<StudentId>,
    /// Id and version of the sheet.
    pub instrument: (String, i32),
    /// When it was seen.
    pub observe_time: Ts,
    /// When it was taken.
    pub create_time: Ts,
    /// Whether a peer handed it in.
    pub by_peer: bool,
    /// Level by the sheet's key, once it is known whom it is about.
    pub level: Option<Level>,
    /// What was seen.
    pub content: ObservationContent,
}

/// The part of an observation that is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObservationContent {
    /// The ratings, by link id.
    pub answers: Vec<(String, i32)>,
    /// In words, by staff.
    pub notes: String,
    /// Whom a peer means.
    pub described: String,
    /// Who handed it in.
    pub observer: UserId,
}

/// A class meeting that served screening.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meeting {
    /// Id.
    pub id: MeetingId,
    /// The class.
    pub place: Place,
    /// The day.
    pub day: NaiveDate,
    /// Topic.
    pub topic: String,
    /// Who was not there.
    pub absent: Vec<StudentId>,
    /// In whom something was noticed.
    pub noticed: Vec<(StudentId, Level, String)>,
    /// Pupils covered.
    pub covered: i64,
    /// When it was recorded.
    pub create_time: Ts,
}

/// What a class meeting says about each pupil of the class who was there: what was noticed, else no concern. A pupil who is noted as
/// absent or is not of the class is not covered.
pub fn findings_of_meeting<'a>(
    meeting: &'a Meeting,
    class: &'a [StudentId],
) -> impl Iterator<Item = (StudentId, Level, Option<&'a str>)> {
    class.iter().copied().filter(|student| !meeting.absent.contains(student)).map(|student| {
        let noted = meeting.noticed.iter().find(|(noted, _, _)| *noted == student);
        noted
            .map_or((student, Level::None, None), |(_, level, notes)| (student, *level, Some(notes.as_str())))
    })
}

/// How often each form reached a pupil since the school year began, and when last.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The pupil.
    pub student: StudentId,
    /// Form, last day, count.
    pub forms: Vec<(Source, NaiveDate, i64)>,
}
