//! JSON to wire in one pass. Strict, and it does not stop at the first thing that is wrong: every violation is noted
//! with the path of its field. Only text that is no JSON at all ends the reading.

use super::{
    json::{Cursor, Next, Syntax, line_and_column},
    scalar::{self, Fault, Token},
    tables::{Field, Kind, Label, Message, MessageId, Shape, Tables},
    wire::{Layout, close, open, put_tag},
    wkt,
};
use std::{borrow::Cow, collections::HashSet, fmt::Write as _};
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

    /// The content of a message, without tag and length.
    fn message(&mut self, id: MessageId) -> Result<(), Stop> {
        let tables = self.tables;
        let message = tables.message(id);
        match message.shape {
            Shape::Plain => self.object(message),
            Shape::Timestamp => self.text("timestamp", wkt::read_timestamp),
            Shape::Duration => self.text("duration", wkt::read_duration),
            Shape::FieldMask => self.text("field_mask", wkt::read_field_mask),
            Shape::Wrapper => match message.fields.first() {
                Some(field) => self.singular(field),
                None => self.skip(),
            },
            Shape::Free | Shape::Any => self.free(message),
        }
    }

    fn text(
        &mut self,
        expected: &'static str,
        parse: fn(&str, &mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Stop> {
        if self.json.next()? != Next::Text {
            return self.refuse(Fault::wrong_type(expected));
        }
        self.count()?;
        let text = self.json.string()?;
        let mark = self.out.len();
        match parse(&text, &mut self.out) {
            Ok(()) => Ok(()),
            Err(fault) => {
                self.out.truncate(mark);
                self.note(fault)
            }
        }
    }

    /// Any JSON, by prost-reflect.
    fn free(&mut self, message: &Message) -> Result<(), Stop> {
        self.json.space();
        let start = self.json.offset();
        self.skip()?;
        let mut json = serde_json::Deserializer::from_str(self.json.since(start));
        match prost_reflect::DynamicMessage::deserialize(message.descriptor.clone(), &mut json) {
            Ok(value) => {
                self.out.extend_from_slice(&prost::Message::encode_to_vec(&value));
                Ok(())
            }
            Err(_) => self.note(Fault::new("INVALID_FORMAT")),
        }
    }

    fn object(&mut self, message: &'a Message) -> Result<(), Stop> {
        if self.json.next()? != Next::Object {
            return self.refuse(Fault::wrong_type("object"));
        }
        self.count()?;
        self.deeper()?;
        let mut seen = Seen::new(message);
        self.entries(|reader, key| reader.entry(message, &mut seen, key))?;
        self.depth -= 1;
        Ok(())
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

    fn entry(&mut self, message: &'a Message, seen: &mut Seen, key: Cow<'a, str>) -> Result<(), Stop> {
        let Some((position, field)) = message.by_key(&key) else {
            let unknown = Segment::Unknown(shorten(&key));
            return self.at(unknown, |reader| reader.refuse(Fault::new("UNKNOWN_FIELD")));
        };
        self.at(Segment::Field(&field.name), |reader| {
            if !seen.first(position) {
                return reader.refuse(Fault::new("DUPLICATE"));
            }
            if reader.json.next()? == Next::Null && !takes_null(reader.tables, field) {
                reader.count()?;
                reader.json.null()?;
                return reader.mark(field);
            }
            if let Some(oneof) = field.oneof
                && !seen.first_of_oneof(oneof)
            {
                let name = message.oneofs.get(usize::from(oneof)).map_or("", String::as_str);
                return reader.refuse(Fault::new("SEVERAL_OF_ONEOF").with("oneof", name));
            }
            reader.field(field)
        })
    }

    /// Adds the field to the update mask.
    fn mark(&mut self, field: &Field) -> Result<(), Stop> {
        if self.mask.is_some() && field.masked {
            let names = self.path.iter().filter_map(|segment| match segment {
                Segment::Field(name) => Some(*name),
                _ => None,
            });
            let path = names.collect::<Vec<_>>().join(".");
            if let Some(mask) = &mut self.mask {
                mask.push(path);
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &'a Field) -> Result<(), Stop> {
        let nested = field.is_singular()
            && self.tables.message_of(field).is_some_and(|message| message.shape == Shape::Plain);
        if nested && self.mask.is_some() && field.masked {
            let before = self.mask.as_ref().map_or(0, Vec::len);
            self.singular(field)?;
            let after = self.mask.as_ref().map_or(0, Vec::len);
            return if before == after { self.mark(field) } else { Ok(()) };
        }
        self.mark(field)?;
        let mask = self.mask.take();
        match field.label {
            Label::Implicit | Label::Explicit => self.singular(field),
            Label::Repeated { packed } => self.repeated(field, packed),
            Label::Map => self.map(field),
        }?;
        self.mask = mask;
        Ok(())
    }

    fn singular(&mut self, field: &'a Field) -> Result<(), Stop> {
        let mark = self.out.len();
        put_tag(&mut self.out, field.number, field.kind.layout());
        if let Kind::Message(id) = field.kind {
            let inner = open(&mut self.out);
            self.message(id)?;
            close(&mut self.out, inner);
            return Ok(());
        }
        let zero = self.scalar(field.kind)?;
        if zero && field.label == Label::Implicit {
            self.out.truncate(mark);
        }
        Ok(())
    }

    fn repeated(&mut self, field: &'a Field, packed: bool) -> Result<(), Stop> {
        if self.json.next()? != Next::Array {
            return self.refuse(Fault::wrong_type("list"));
        }
        let mark = self.out.len();
        if packed {
            put_tag(&mut self.out, field.number, Layout::Bytes);
            let inner = open(&mut self.out);
            let start = self.out.len();
            self.elements(|reader| reader.scalar(field.kind).map(|_| ()))?;
            if self.out.len() == start {
                self.out.truncate(mark);
            } else {
                close(&mut self.out, inner);
            }
            return Ok(());
        }
        self.elements(|reader| {
            if reader.json.next()? == Next::Null && !takes_null(reader.tables, field) {
                return reader.refuse(Fault::wrong_type(field.kind.expected()));
            }
            put_tag(&mut reader.out, field.number, field.kind.layout());
            match field.kind {
                Kind::Message(id) => {
                    let inner = open(&mut reader.out);
                    reader.message(id)?;
                    close(&mut reader.out, inner);
                }
                kind => drop(reader.scalar(kind)?),
            }
            Ok(())
        })
    }

    fn map(&mut self, field: &'a Field) -> Result<(), Stop> {
        let entry = self.tables.message_of(field).map(|message| message.fields.as_slice());
        let (Some([key_field, value_field]), Next::Object) = (entry, self.json.next()?) else {
            return self.refuse(Fault::wrong_type("map"));
        };
        self.deeper()?;
        let mut keys = HashSet::new();
        self.entries(|reader, key| {
            let segment = Segment::Key(shorten(&key));
            reader.at(segment, |reader| {
                put_tag(&mut reader.out, field.number, Layout::Bytes);
                let inner = open(&mut reader.out);
                reader.map_key(key_field, &key)?;
                if !keys.insert(key) {
                    reader.refuse(Fault::new("DUPLICATE"))?;
                } else if reader.json.next()? == Next::Null && !takes_null(reader.tables, value_field) {
                    reader.refuse(Fault::wrong_type(value_field.kind.expected()))?;
                } else {
                    reader.singular(value_field)?;
                }
                close(&mut reader.out, inner);
                Ok(())
            })
        })?;
        self.depth -= 1;
        Ok(())
    }

    fn map_key(&mut self, field: &Field, key: &str) -> Result<(), Stop> {
        let token = match field.kind {
            Kind::String => Token::Text(key),
            Kind::Bool => Token::Bare(key),
            // `01`, `1.0` and `-0` would be second spellings of one key.
            _ if key.contains(['.', 'e', 'E']) || key == "-0" => {
                return self.note(Fault::wrong_type("integer"));
            }
            _ => Token::Text(key),
        };
        put_tag(&mut self.out, field.number, field.kind.layout());
        match scalar::read(self.tables, field.kind, token, &mut self.out) {
            Ok(_) => Ok(()),
            Err(fault) => self.note(fault),
        }
    }

    /// A scalar without tag; whether it is the kind's zero. Where it is refused, the message will not be used anyway.
    fn scalar(&mut self, kind: Kind) -> Result<bool, Stop> {
        let text;
        let token = match self.json.next()? {
            Next::Text => {
                text = self.json.string()?;
                Token::Text(&text)
            }
            Next::Number => Token::Number(self.json.number()?),
            Next::Bool => Token::Bool(self.json.bool()?),
            Next::Null if is_null_value(self.tables, kind) => {
                self.json.null()?;
                Token::Number("0")
            }
            Next::Null | Next::Object | Next::Array => {
                self.refuse(Fault::wrong_type(kind.expected()))?;
                return Ok(true);
            }
        };
        self.count()?;
        match scalar::read(self.tables, kind, token, &mut self.out) {
            Ok(zero) => Ok(zero),
            Err(fault) => self.note(fault).map(|()| true),
        }
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

/// Which fields and oneofs of an object have been there.
struct Seen {
    fields: Vec<u64>,
    oneofs: Vec<u16>,
}

impl Seen {
    fn new(message: &Message) -> Self {
        Self { fields: vec![0; message.fields.len().div_ceil(64)], oneofs: Vec::new() }
    }

    fn first(&mut self, position: usize) -> bool {
        let bit = 1_u64 << (position % 64);
        let Some(word) = self.fields.get_mut(position / 64) else { return true };
        let first = *word & bit == 0;
        *word |= bit;
        first
    }

    fn first_of_oneof(&mut self, oneof: u16) -> bool {
        let first = !self.oneofs.contains(&oneof);
        self.oneofs.push(oneof);
        first
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

fn is_null_value(tables: &Tables, kind: Kind) -> bool {
    matches!(kind, Kind::Enum(id) if tables.enumeration(id).is_null)
}

/// `null` is a value of these, not the absence of one.
fn takes_null(tables: &Tables, field: &Field) -> bool {
    field.is_singular_null(tables) || is_null_value(tables, field.kind)
}

impl Field {
    fn is_singular_null(&self, tables: &Tables) -> bool {
        tables
            .message_of(self)
            .is_some_and(|message| message.descriptor.full_name() == "google.protobuf.Value")
    }
}
