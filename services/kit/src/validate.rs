//! Collecting everything that is wrong with a request before saying so once.

use crate::{
    names,
    status::{ApiError, Violation},
};
use chrono::NaiveDate;
use std::fmt;
use tonic::Code;
use uuid::Uuid;

/// The request breaks one or more rules of its own shape: INVALID_ARGUMENT with all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(Vec<Violation>);

impl Invalid {
    /// A request with this one violation.
    pub fn one(violation: Violation) -> Self {
        Self(vec![violation])
    }

    /// The violations, in the order in which they were found.
    pub fn into_violations(self) -> Vec<Violation> {
        self.0
    }
}

impl From<Violation> for Invalid {
    fn from(violation: Violation) -> Self {
        Self::one(violation)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid request:")?;
        self.0.iter().try_for_each(|violation| write!(f, " {} {};", violation.field, violation.reason))
    }
}

impl std::error::Error for Invalid {}

impl ApiError for Invalid {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }
    fn reason(&self) -> &'static str {
        "INVALID_ARGUMENT"
    }
    fn violations(&self) -> &[Violation] {
        &self.0
    }
}

/// A list of violations in the making. Each check returns the parsed value, or `None` after noting what is wrong.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a violation.
    pub fn push(&mut self, violation: Violation) {
        self.0.push(violation);
    }

    /// Notes all violations of another error, such as those of an embedded message.
    pub fn extend(&mut self, invalid: Invalid) {
        self.0.extend(invalid.0);
    }

    /// Takes the value of a domain constructor, or notes its reason for `field`.
    pub fn check<T>(&mut self, field: &str, result: Result<T, &'static str>) -> Option<T> {
        result.map_err(|reason| self.push(Violation::new(field, reason))).ok()
    }

    /// The text must not be empty.
    pub fn require(&mut self, field: &str, text: &str) -> bool {
        let given = !text.trim().is_empty();
        if !given {
            self.push(Violation::new(field, "REQUIRED"));
        }
        given
    }

    /// The message must be there.
    pub fn present<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.push(Violation::new(field, "REQUIRED"));
        }
        value
    }

    /// The text has between `min` and `max` characters; an empty one below `min` is REQUIRED.
    pub fn len(&mut self, field: &str, text: &str, min: usize, max: usize) -> bool {
        let count = text.chars().count();
        if count < min {
            let reason = if text.trim().is_empty() { "REQUIRED" } else { "TOO_SHORT" };
            self.push(Violation::new(field, reason).param("min", min));
        } else if count > max {
            self.push(Violation::new(field, "TOO_LONG").param("max", max));
        }
        (min..=max).contains(&count)
    }

    /// The list has at most `max` entries.
    pub fn count(&mut self, field: &str, count: usize, max: usize) -> bool {
        if count > max {
            self.push(Violation::new(field, "TOO_MANY").param("max", max));
        }
        count <= max
    }

    /// The number lies within `min..=max`.
    pub fn range<N: PartialOrd + ToString + Copy>(&mut self, field: &str, number: N, min: N, max: N) -> bool {
        let inside = number >= min && number <= max;
        if !inside {
            self.push(
                Violation::new(field, "OUT_OF_RANGE")
                    .param("min", min.to_string())
                    .param("max", max.to_string()),
            );
        }
        inside
    }

    /// A required resource name of the form `pattern`, such as `students/{}`.
    pub fn id<T: From<Uuid>>(&mut self, field: &str, name: &str, pattern: &str) -> Option<T> {
        if name.is_empty() {
            self.push(Violation::new(field, "REQUIRED"));
            return None;
        }
        let id = names::parse(name, pattern);
        if id.is_none() {
            self.push(
                Violation::new(field, "INVALID_NAME").param("pattern", pattern.replace("{}", "{uuid}")),
            );
        }
        id
    }

    /// An optional resource name: `Ok(None)` when empty, `Err(())` when wrong and noted.
    pub fn id_opt<T: From<Uuid>>(&mut self, field: &str, name: &str, pattern: &str) -> Option<T> {
        if name.is_empty() { None } else { self.id(field, name, pattern) }
    }

    /// A required resource name with two ids, such as `schools/{}/classes/{}`.
    pub fn id2<A: From<Uuid>, B: From<Uuid>>(
        &mut self,
        field: &str,
        name: &str,
        pattern: &str,
    ) -> Option<(A, B)> {
        if name.is_empty() {
            self.push(Violation::new(field, "REQUIRED"));
            return None;
        }
        let ids = names::parse2(name, pattern);
        if ids.is_none() {
            self.push(
                Violation::new(field, "INVALID_NAME").param("pattern", pattern.replace("{}", "{uuid}")),
            );
        }
        ids
    }

    /// A required UUID.
    pub fn uuid(&mut self, field: &str, text: &str) -> Option<Uuid> {
        if text.is_empty() {
            self.push(Violation::new(field, "REQUIRED"));
            return None;
        }
        let id = Uuid::try_parse(text).ok();
        if id.is_none() {
            self.push(Violation::new(field, "INVALID_UUID"));
        }
        id
    }

    /// A required date, `YYYY-MM-DD`.
    pub fn date(&mut self, field: &str, text: &str) -> Option<NaiveDate> {
        if text.is_empty() {
            self.push(Violation::new(field, "REQUIRED"));
            return None;
        }
        let well_formed = text.len() == 10;
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| well_formed);
        if date.is_none() {
            self.push(Violation::new(field, "INVALID_DATE"));
        }
        date
    }

    /// A required enum value: what `parse` makes of the number, which must not be zero.
    pub fn enum_value<T>(
        &mut self,
        field: &str,
        number: i32,
        parse: impl FnOnce(i32) -> Option<T>,
    ) -> Option<T> {
        if number == 0 {
            self.push(Violation::new(field, "REQUIRED"));
            return None;
        }
        let value = parse(number);
        if value.is_none() {
            self.push(Violation::new(field, "UNKNOWN_VALUE"));
        }
        value
    }

    /// A required time.
    pub fn time(&mut self, field: &str, time: Option<prost_types::Timestamp>) -> Option<crate::time::Ts> {
        let time = self.present(field, time)?;
        let parsed = crate::time::Ts::try_from(time).ok();
        if parsed.is_none() {
            self.push(Violation::new(field, "OUT_OF_RANGE"));
        }
        parsed
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends the checking.
    ///
    /// # Errors
    /// Everything that was noted, if anything was.
    pub fn into_result(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid(self.0)) }
    }

    /// Ends the checking of something that was parsed on the way: `Some` without violations is the value.
    ///
    /// # Errors
    /// Everything that was noted; a `None` without a note counts as a missing request.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Invalid> {
        match (self.into_result(), value) {
            (Err(invalid), _) => Err(invalid),
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(Invalid::one(Violation::new("request", "REQUIRED"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_said_at_once() {
        let mut v = Violations::new();
        v.require("a", " ");
        v.len("b", "心桥心桥", 1, 3);
        v.date("c", "2026-2-3");
        v.id::<Uuid>("d", "pupils/x", "students/{}");
        v.range("e", 200, 10, 180);
        v.enum_value("f", 0, Some);
        let reasons: Vec<_> =
            v.into_result().unwrap_err().into_violations().into_iter().map(|v| v.reason).collect();
        assert_eq!(
            reasons,
            ["REQUIRED", "TOO_LONG", "INVALID_DATE", "INVALID_NAME", "OUT_OF_RANGE", "REQUIRED"]
        );
    }
}
