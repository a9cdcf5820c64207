//! Messages from school to guardians, with receipts (P6.7).

use super::{
    ids::{ClassId, MessageId, SchoolId, StudentId, UserId},
    words::words,
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::{time::Ts, validate::Violations};

/// Characters of a subject.
pub const SUBJECT_MAX: usize = 80;
/// Characters of a text.
pub const BODY_MAX: usize = 4000;

words! {
    /// What a message is for.
    MessageKind {
        /// A notice.
        Notice = "notice",
        /// An invitation.
        Invitation = "invitation",
        /// Guidance on talking with one's child and on time together.
        Guidance = "guidance",
    }
}

/// Whose guardians a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The guardians of every pupil of the school.
    School,
    /// Those of a class.
    Class(ClassId),
    /// Those of one pupil.
    Student(StudentId),
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The school that sends it.
    pub school: SchoolId,
    /// Whose guardians it is for.
    pub audience: Audience,
    /// What it is for.
    pub kind: MessageKind,
    /// What it says.
    pub text: MessageText,
    /// Who sent it.
    pub sender: UserId,
    /// When it was sent.
    pub created_at: Ts,
    /// Pupils whose guardians have confirmed reading it.
    pub reads: i64,
}

/// What a message says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageText {
    /// Subject.
    pub subject: String,
    /// Text.
    pub body: String,
}

impl MessageText {
    /// Notes everything that is wrong with it.
    pub fn check(&self, v: &mut Violations) {
        v.len("message.subject", &self.subject, 1, SUBJECT_MAX);
        v.len("message.body", &self.body, 1, BODY_MAX);
    }
}

/// A message as one guardian of one pupil sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// When this guardian confirmed reading it.
    pub read_at: Option<Ts>,
}

/// That a guardian has read a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The pupil.
    pub student: StudentId,
    /// The guardian.
    pub guardian: UserId,
    /// When it was confirmed.
    pub read_at: Ts,
}
