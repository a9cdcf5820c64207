//! JSON to wire in one pass. Strict, and it does not stop at the first thing that is wrong: every violation is noted
//! with the path of its field. Only text that is no JSON at all ends the reading.

mod values;

use super::{
    json::{Cursor, Next, Syntax, line_and_column},
    scalar::{self, Fault, Token},
    tables::{Field, Message, MessageId, Shape, Tables},
    wire::{close, open, put_tag},
    wkt,
};
use std::{borrow::Cow, fmt::Write as _};
use xinqiao_kit::status::Violation;

/// Limits on what is read, besides the size of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Objects and lists inside each other.
    pub(crate) depth: usize,
    /// Values in one body.
    pub(crate) values: usize,
    /// Violations that are told at once.
    pub(crate) violations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 32, values: 200_000, violations: 500 }
    }
}

/// A body on the wire.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) wire: Vec<u8>,
    /// Paths of the fields that the body names, as an update mask: leaves, in the body's order.
    pub(crate) mask: Vec<String>,
}

/// Reads the JSON of a message. `prefix` is the message's own path in the request, empty for the request itself.
pub(crate) fn read(
    tables: &Tables,
    id: MessageId,
    prefix: &str,
    body: &[u8],
    limits: Limits,
) -> Result<Encoded, Vec<Violation>> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.valid_up_to();
            return Err(vec![Violation::new(prefix, "NOT_UTF8").param("offset", offset)]);
        }
    };
    let mut reader = Reader {
        tables,
        json: Cursor::new(text),
        out: Vec::with_capacity(body.len()),
        path: Vec::new(),
        prefix,
        violations: Vec::new(),
        limits,
        values: 0,
        depth: 0,
        mask: Some(Vec::new()),
    };
    let outcome = reader.whole(id);
    if let Err(stop) = outcome {
        let violation = reader.why(stop, text);
        reader.violations.push(violation);
    }
    if reader.violations.is_empty() {
        Ok(Encoded { wire: reader.out, mask: reader.mask.unwrap_or_default() })
    } else {
        Err(reader.violations)
    }
}

/// Writes a path variable or a query parameter as a field with its tag.
pub(crate) fn read_bare(tables: &Tables, field: &Field, text: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let mark = out.len();
    put_tag(out, field.number, field.kind.layout());
    let result = match tables.message_of(field) {
        None => scalar::read(tables, field.kind, Token::Bare(text), out).map(|_| ()),
        Some(message) => {
            let inner = open(out);
            let result = bare_message(tables, message, text, out);
            close(out, inner);
            result
        }
    };
    if result.is_err() {
        out.truncate(mark);
    }
    result
}

fn bare_message(tables: &Tables, message: &Message, text: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    match message.shape {
        Shape::Timestamp => wkt::read_timestamp(text, out),
        Shape::Duration => wkt::read_duration(text, out),
        Shape::FieldMask => wkt::read_field_mask(text, out),
        Shape::Wrapper => {
            let field = message.fields.first().ok_or_else(|| Fault::wrong_type("object"))?;
            read_bare(tables, field, text, out)
        }
        Shape::Plain | Shape::Free | Shape::Any => Err(Fault::wrong_type("object")),
    }
}

/// Why the reading ended before the text did.
enum Stop {
    Syntax(Syntax),
    TooDeep,
    TooMany,
    /// More violations than anybody wants to read.
    Enough,
}

impl From<Syntax> for Stop {
    fn from(syntax: Syntax) -> Self {
        Self::Syntax(syntax)
    }
}

enum Segment<'a> {
    Field(&'a str),
    Unknown(String),
    Index(usize),
    Key(String),
}

struct Reader<'a> {
    tables: &'a Tables,
    json: Cursor<'a>,
    out: Vec<u8>,
    path: Vec<Segment<'a>>,
    prefix: &'a str,
    violations: Vec<Violation>,
    limits: Limits,
    values: usize,
    depth: usize,
    /// `None` inside lists, maps and well-known types: a mask does not reach into them.
    mask: Option<Vec<String>>,
}

impl<'a> Reader<'a> {
    fn whole(&mut self, id: MessageId) -> Result<(), Stop> {
        self.message(id)?;
        Ok(self.json.end()?)
    }

    fn why(&self, stop: Stop, text: &str) -> Violation {
        let field = self.location();
        match stop {
            Stop::Syntax(Syntax { offset, what }) => {
                let (line, column) = line_and_column(text, offset);
                Violation::new(field, "MALFORMED_JSON")
                    .param("what", what)
                    .param("line", line)
                    .param("column", column)
            }
            Stop::TooDeep => Violation::new(field, "TOO_DEEP").param("max", self.limits.depth),
            Stop::TooMany => Violation::new(field, "TOO_MANY").param("max", self.limits.values),
            Stop::Enough => Violation::new(field, "TOO_MANY_VIOLATIONS").param("max", self.limits.violations),
        }
    }

    /// Where the reader is, as `student.guardians[1].phone`.
    fn location(&self) -> String {
        let mut location = self.prefix.to_owned();
        for segment in &self.path {
            match segment {
                Segment::Index(index) => {
                    let _ = write!(location, "[{index}]");
                }
                Segment::Key(key) => {
                    let _ = write!(location, "[{key:?}]");
                }
                Segment::Field(name) => dot(&mut location, name),
                Segment::Unknown(name) => dot(&mut location, name),
            }
        }
        location
    }

    fn note(&mut self, fault: Fault) -> Result<(), Stop> {
        if self.violations.len() >= self.limits.violations {
            return Err(Stop::Enough);
        }
        let mut violation = Violation::new(self.location(), fault.reason);
        violation.params = fault.params;
        self.violations.push(violation);
        Ok(())
    }

    fn count(&mut self) -> Result<(), Stop> {
        self.values += 1;
        if self.values > self.limits.values { Err(Stop::TooMany) } else { Ok(()) }
    }

    fn deeper(&mut self) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > self.limits.depth { Err(Stop::TooDeep) } else { Ok(()) }
    }

    /// Runs `read` on what stands at `segment`.
    fn at<T>(
        &mut self,
        segment: Segment<'a>,
        read: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        self.path.push(segment);
        let value = read(self)?;
        self.path.pop();
        Ok(value)
    }

    /// Notes that another kind of value stands here than was expected, and passes over it.
    fn refuse(&mut self, fault: Fault) -> Result<(), Stop> {
        self.note(fault)?;
        self.skip()
    }

    /// Walks the entries of an object; `entry` reads the value.
    fn entries(
        &mut self,
        mut entry: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.json.expect(b'{', "an object should begin here")?;
        if self.json.take(b'}') {
            return Ok(());
        }
        loop {
            self.json.space();
            let key = self.json.string()?;
            self.json.expect(b':', "a colon should follow the name")?;
            entry(self, key)?;
            if self.json.take(b'}') {
                return Ok(());
            }
            self.json.expect(b',', "a comma or the end of the object should follow")?;
        }
    }

    /// Walks the elements of a list.
    fn elements(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        self.deeper()?;
        self.json.expect(b'[', "a list should begin here")?;
        if !self.json.take(b']') {
            let mut index = 0;
            loop {
                self.at(Segment::Index(index), &mut element)?;
                index += 1;
                if self.json.take(b']') {
                    break;
                }
                self.json.expect(b',', "a comma or the end of the list should follow")?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Passes over a value, which must still be JSON within the limits.
    fn skip(&mut self) -> Result<(), Stop> {
        self.count()?;
        match self.json.next()? {
            Next::Text => drop(self.json.string()?),
            Next::Number => drop(self.json.number()?),
            Next::Bool => drop(self.json.bool()?),
            Next::Null => self.json.null()?,
            Next::Array => self.elements(Self::skip)?,
            Next::Object => {
                self.deeper()?;
                self.entries(|reader, _| reader.skip())?;
                self.depth -= 1;
            }
        }
        Ok(())
    }
}

fn dot(location: &mut String, name: &str) {
    if !location.is_empty() {
        location.push('.');
    }
    location.push_str(name);
}

/// What a client named, short enough for an answer.
fn shorten(name: &str) -> String {
    const MAX_CHARS: usize = 80;
    name.chars().take(MAX_CHARS).collect()
}
