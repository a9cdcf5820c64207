//! What stands where a field's value should be: messages, lists, maps, scalars.

use super::{Reader, Segment, Stop, shorten};
use crate::codec::{
    json::Next,
    scalar::{self, Fault, Token},
    tables::{Field, Kind, Label, Message, MessageId, Shape, Tables},
    wire::{Layout, close, open, put_tag},
    wkt,
};
use std::{borrow::Cow, collections::HashSet};

impl<'a> Reader<'a> {
    /// The content of a message, without tag and length.
    pub(super) fn message(&mut self, id: MessageId) -> Result<(), Stop> {
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
