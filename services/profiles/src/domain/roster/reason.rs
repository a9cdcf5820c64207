//! What there is to say of a row: the reasons that keep it out, and warnings that do not.

use super::columns::Column;
use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident $code:literal $($param:literal)?;)+) => {
        /// A reason. Its code is in the message catalogue, with the parameter named here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code, such as `ROSTER_ID_CHECK_DIGIT`.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// The name of the parameter that its message has.
            pub fn param(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => [$($param,)? ""].first().copied().filter(|name| !name.is_empty()),)+
                }
            }
        }
    };
}

reasons! {
    /// A formula, or text that a spreadsheet program would take for one.
    Formula "ROSTER_CELL_FORMULA";
    /// An error value such as `#N/A`.
    CellFault "ROSTER_CELL_FAULT";
    /// Text far longer than anything that can be meant.
    CellTooLong "ROSTER_CELL_TOO_LONG";
    /// No name.
    NameMissing "ROSTER_NAME_MISSING";
    /// A name of more than 50 characters.
    NameTooLong "ROSTER_NAME_TOO_LONG";
    /// A character that stands in no name.
    NameCharacter "ROSTER_NAME_CHARACTER";
    /// No sex, and no number that tells it.
    SexMissing "ROSTER_SEX_MISSING";
    /// A word for a sex that nobody knows.
    SexUnknown "ROSTER_SEX_UNKNOWN";
    /// Another sex than the ID number says.
    SexMismatch "ROSTER_SEX_MISMATCH";
    /// No date of birth, and no number that tells it.
    BirthDateMissing "ROSTER_BIRTH_DATE_MISSING";
    /// A date in no form that is known.
    DateFormat "ROSTER_DATE_FORMAT";
    /// A day that does not exist.
    DateImpossible "ROSTER_DATE_IMPOSSIBLE";
    /// Born after today.
    BirthDateFuture "ROSTER_BIRTH_DATE_FUTURE";
    /// Born so long ago that nobody of that age is at school.
    BirthDateImplausible "ROSTER_BIRTH_DATE_IMPLAUSIBLE";
    /// Another date of birth than the ID number says.
    BirthDateMismatch "ROSTER_BIRTH_DATE_MISMATCH";
    /// Neither ID number nor student number.
    NumberMissing "ROSTER_NUMBER_MISSING";
    /// Not 17 digits and a digit or X.
    IdFormat "ROSTER_ID_FORMAT";
    /// An ID number stored as a number: its last digits are lost.
    IdAsNumber "ROSTER_ID_AS_NUMBER";
    /// The date inside the ID number does not exist.
    IdBirthDate "ROSTER_ID_BIRTH_DATE";
    /// The check digit of the ID number is wrong.
    IdCheckDigit "ROSTER_ID_CHECK_DIGIT";
    /// Not G, L or J and 18 characters.
    StudentNumberFormat "ROSTER_STUDENT_NUMBER_FORMAT";
    /// The ID number inside the student number is wrong in itself.
    StudentNumberInside "ROSTER_STUDENT_NUMBER_INSIDE";
    /// No school.
    SchoolMissing "ROSTER_SCHOOL_MISSING";
    /// No school of the county, or none that the importer may import for.
    SchoolUnknown "ROSTER_SCHOOL_UNKNOWN";
    /// The school with this code has another name.
    SchoolMismatch "ROSTER_SCHOOL_MISMATCH" "school";
    /// Several schools have this name, and no code says which.
    SchoolAmbiguous "ROSTER_SCHOOL_AMBIGUOUS";
    /// No grade, and no month of entry from which it would follow.
    GradeMissing "ROSTER_GRADE_MISSING";
    /// A word for a grade that nobody knows.
    GradeUnknown "ROSTER_GRADE_UNKNOWN";
    /// The school does not teach this grade.
    GradeNotTaught "ROSTER_GRADE_NOT_TAUGHT" "school";
    /// No class.
    ClassMissing "ROSTER_CLASS_MISSING";
    /// A class without a number from 1 to 99.
    ClassUnknown "ROSTER_CLASS_UNKNOWN";
    /// The class is called by another grade than the row's.
    ClassGradeMismatch "ROSTER_CLASS_GRADE_MISMATCH";
    /// A month of entry in no form that is known, or one that does not exist.
    EntryMonthFormat "ROSTER_ENTRY_MONTH_FORMAT";
    /// Neither yes nor no.
    YesNo "ROSTER_YES_NO";
    /// A phone number or a relation of a guardian without a name.
    GuardianNameMissing "ROSTER_GUARDIAN_NAME_MISSING";
    /// Not 11 digits of which the first is a 1.
    PhoneFormat "ROSTER_PHONE_FORMAT";
    /// A relation that is no word, or one of more than 20 characters.
    RelationFormat "ROSTER_RELATION_FORMAT";
    /// An earlier row says something else of the same pupil.
    PupilTwice "ROSTER_PUPIL_TWICE" "row";
    /// The two numbers belong to two pupils.
    TwoPupils "ROSTER_TWO_PUPILS";
    /// The pupil is known by another ID number.
    IdConflict "ROSTER_ID_CONFLICT";
    /// The pupil is known by another student number.
    StudentNumberConflict "ROSTER_STUDENT_NUMBER_CONFLICT";
    /// The pupil is at another school: that takes a transfer.
    EnrolledElsewhere "ROSTER_ENROLLED_ELSEWHERE";
    /// The pupil is on the way to another school.
    Transferring "ROSTER_TRANSFERRING";
    /// The pupil would have more guardians than can be kept.
    TooManyGuardians "ROSTER_TOO_MANY_GUARDIANS" "max";
    /// One of the numbers belongs to somebody whose data was erased.
    NumberTaken "ROSTER_NUMBER_TAKEN";
    /// The class was closed.
    ClassClosed "ROSTER_CLASS_CLOSED";

    /// Warning: the student number carries another ID number than the row's.
    NumbersDiffer "ROSTER_NUMBERS_DIFFER";
    /// Warning: the month of entry does not go with the grade; the grade counts.
    EntryMonthDiffers "ROSTER_ENTRY_MONTH_DIFFERS";
    /// Warning: an age that is unusual for the grade.
    AgeUnusual "ROSTER_AGE_UNUSUAL" "age";
    /// Warning: a name of one character.
    NameShort "ROSTER_NAME_SHORT";
    /// Warning: a character that other computers may show as something else.
    NamePrivateCharacter "ROSTER_NAME_PRIVATE_CHARACTER";
    /// Warning: the pupil was known by another name.
    NameChanged "ROSTER_NAME_CHANGED";
}

impl Reason {
    /// Whether it leaves the row in.
    pub fn is_warning(self) -> bool {
        matches!(
            self,
            Self::NumbersDiffer
                | Self::EntryMonthDiffers
                | Self::AgeUnusual
                | Self::NameShort
                | Self::NamePrivateCharacter
                | Self::NameChanged
        )
    }
}

/// One thing to say of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub reason: Reason,
    /// Of which cell; of the whole row if none.
    pub column: Option<Column>,
    /// What its message names; never who the pupil is.
    pub param: Option<Box<str>>,
}

impl Finding {
    /// Something to say of a cell.
    pub fn of(column: Column, reason: Reason) -> Self {
        Self { reason, column: Some(column), param: None }
    }

    /// The same with what its message names.
    pub fn with(self, param: impl Into<Box<str>>) -> Self {
        Self { param: Some(param.into()), ..self }
    }
}
