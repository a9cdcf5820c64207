//! Guardians ask for help (P6.7).

use super::{
    ids::{ClassId, GuidanceId, SchoolId, StudentId, UserId},
    words::words,
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::{time::Ts, validate::Violations};

/// Characters of what is asked or answered.
pub const TEXT_MAX: usize = 4000;
/// Replies to one request.
pub const REPLIES_MAX: usize = 200;

words! {
    /// Who is asked. Nobody else at school reads it.
    Recipient {
        /// The homeroom teacher of the pupil's class, and the psychologist.
        Homeroom = "homeroom",
        /// The school's psychologist only.
        Psychologist = "psychologist",
    }
}

words! {
    /// Where a request stands.
    GuidanceState {
        /// Nobody has answered yet.
        Open = "open",
        /// Staff have answered.
        Answered = "answered",
        /// It is settled.
        Closed = "closed",
    }
}

/// A request for help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuidanceRequest {
    /// Its id.
    pub id: GuidanceId,
    /// The child.
    pub student: StudentId,
    /// The child's school.
    pub school: SchoolId,
    /// The child's class, when its homeroom teacher is asked.
    pub class: Option<ClassId>,
    /// Who asks.
    pub author: UserId,
    /// Who is asked.
    pub recipient: Recipient,
    /// What about.
    pub text: String,
    /// Whether the child may be in danger now.
    pub urgent: bool,
    /// Where it stands.
    pub state: GuidanceState,
    /// What was said since, oldest first.
    pub replies: Vec<Reply>,
    /// Row version.
    pub version: i64,
    /// When it was made.
    pub created_at: Ts,
}

/// One thing said in answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Who.
    pub author: UserId,
    /// What.
    pub text: String,
    /// When.
    pub at: Ts,
}

/// Why a request cannot be answered or settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuidanceRefusal {
    /// It is settled.
    #[error("the request is settled")]
    Closed,
    /// Nobody has answered it.
    #[error("nobody has answered the request")]
    Unanswered,
    /// It has as many replies as it can hold.
    #[error("the request has as many replies as it can hold")]
    Full,
}

/// Notes what is wrong with a text.
pub fn check_text(v: &mut Violations, field: &str, text: &str) {
    v.len(field, text, 1, TEXT_MAX);
}

impl GuidanceRequest {
    /// Adds what was said. Staff answer it; the guardian, saying more, opens it again.
    ///
    /// # Errors
    /// It is settled, or full.
    pub fn reply(&mut self, reply: Reply) -> Result<(), GuidanceRefusal> {
        if self.state == GuidanceState::Closed {
            return Err(GuidanceRefusal::Closed);
        }
        if self.replies.len() >= REPLIES_MAX {
            return Err(GuidanceRefusal::Full);
        }
        let from_staff = reply.author != self.author;
        self.state = if from_staff { GuidanceState::Answered } else { GuidanceState::Open };
        self.replies.push(reply);
        self.version += 1;
        Ok(())
    }

    /// Settles it. Staff may not settle what nobody has answered; its author may take it back. Once more changes nothing.
    ///
    /// # Errors
    /// Nobody has answered.
    pub fn close(&mut self, by: UserId) -> Result<(), GuidanceRefusal> {
        match self.state {
            GuidanceState::Closed => Ok(()),
            GuidanceState::Open if by != self.author => Err(GuidanceRefusal::Unanswered),
            GuidanceState::Open | GuidanceState::Answered => {
                self.state = GuidanceState::Closed;
                self.version += 1;
                Ok(())
            }
        }
    }
}
