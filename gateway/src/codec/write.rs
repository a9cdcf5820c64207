//! Wire to JSON. Each message is looked over once, to learn where the values of each field lie, and then written in the
//! order of its field numbers: fields without presence always, with their zero if need be; others where they are set.

use super::{
    json::put_string,
    scalar::{self, unpack, write_zero},
    tables::{Field, Kind, Label, Message, MessageId, Shape, Tables},
    wire::{self, Layout, Malformed, Raw, Values},
    wkt,
};
use prost_reflect::{DynamicMessage, SerializeOptions};
use std::{borrow::Cow, collections::BTreeMap};

/// Messages inside each other, as prost allows.
const MAX_DEPTH: usize = 100;

/// Writes the JSON of a message to `out`.
pub(crate) fn write(tables: &Tables, id: MessageId, wire: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    Writer { tables, out, spans: Vec::new(), depth: 0 }.message(id, wire)
}

/// Where the values of one field lie in a message: from the first to the last. Empty if there is none.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: usize,
    end: usize,
}

struct Writer<'a, 'out> {
    tables: &'a Tables,
    out: &'out mut Vec<u8>,
    /// A stack: the spans of all messages that are being written, the innermost last.
    spans: Vec<Span>,
    depth: usize,
}

impl Writer<'_, '_> {
    fn message(&mut self, id: MessageId, wire: &[u8]) -> Result<(), Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Malformed("it is nested too deep"));
        }
        let tables = self.tables;
        let message = tables.message(id);
        match message.shape {
            Shape::Plain => {
                self.out.push(b'{');
                self.members(message, wire, true)?;
                self.out.push(b'}');
            }
            Shape::Timestamp => put_string(self.out, &wkt::write_timestamp(wire)?),
            Shape::Duration => put_string(self.out, &wkt::write_duration(wire)?),
            Shape::FieldMask => put_string(self.out, &wkt::write_field_mask(wire)?),
            Shape::Wrapper => {
                let field = message.fields.first().ok_or(Malformed("a wrapper without a field"))?;
                self.single(field, wire)?;
            }
            Shape::Free => self.free(message, wire)?,
            Shape::Any => self.any(wire)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Struct and its like, by prost-reflect.
    fn free(&mut self, message: &Message, wire: &[u8]) -> Result<(), Malformed> {
        const UNREADABLE: Malformed = Malformed("a free-form value does not decode");
        let value = DynamicMessage::decode(message.descriptor.clone(), wire).map_err(|_| UNREADABLE)?;
        let options = SerializeOptions::new().skip_default_fields(false);
        let mut json = serde_json::Serializer::new(&mut *self.out);
        value.serialize_with_options(&mut json, &options).map_err(|_| UNREADABLE)
    }

    /// `{"@type": ..., its fields}`; a type that is not of this API as base64.
    fn any(&mut self, wire: &[u8]) -> Result<(), Malformed> {
        let url = wire::last_text(wire, 1).unwrap_or_default();
        let value = wire::last_bytes(wire, 2).unwrap_or_default();
        self.out.extend_from_slice(b"{\"@type\":");
        put_string(self.out, url);
        let tables = self.tables;
        let id = url.rsplit('/').next().and_then(|name| tables.id(name));
        match id.map(|id| (id, tables.message(id))) {
            Some((_, message)) if message.shape == Shape::Plain => self.members(message, value, false)?,
            Some((id, _)) => {
                self.out.extend_from_slice(b",\"value\":");
                self.message(id, value)?;
            }
            None => {
                self.out.extend_from_slice(b",\"value\":");
                scalar::write(tables, Kind::Bytes, Raw::Bytes(value), self.out)?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// The fields of a message, without its braces.
    fn members(&mut self, message: &Message, wire: &[u8], mut first: bool) -> Result<(), Malformed> {
        let base = self.spans.len();
        self.spans.resize(base + message.fields.len(), Span::default());
        self.survey(message, wire, base)?;
        for (at, field) in message.fields.iter().enumerate() {
            let span = self.spans.get(base + at).copied().unwrap_or_default();
            let values = wire.get(span.start..span.end).unwrap_or_default();
            if values.is_empty() && field.label == Label::Explicit {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            self.out.extend_from_slice(field.key.as_bytes());
            match field.label {
                Label::Implicit | Label::Explicit => self.single(field, values)?,
                Label::Repeated { .. } => self.list(field, values)?,
                Label::Map => self.map(field, values)?,
            }
        }
        self.spans.truncate(base);
        Ok(())
    }

    /// Learns the span of each field. Of a oneof only the member that was set last counts.
    fn survey(&mut self, message: &Message, wire: &[u8], base: usize) -> Result<(), Malformed> {
        let spans = self.spans.get_mut(base..).unwrap_or_default();
        let mut values = Values::new(wire);
        let mut start = 0;
        while let Some((number, _)) = values.step()? {
            let end = wire.len() - values.left();
            if let Some(at) = message.by_number(number) {
                if let Some(span) = spans.get_mut(at) {
                    span.start = if span.end == 0 { start } else { span.start };
                    span.end = end;
                }
                let oneof = message.fields.get(at).and_then(|field| field.oneof);
                if oneof.is_some() {
                    for (other, (field, span)) in message.fields.iter().zip(spans.iter_mut()).enumerate() {
                        if field.oneof == oneof && other != at {
                            *span = Span::default();
                        }
                    }
                }
            }
            start = end;
        }
        Ok(())
    }

    /// The one value of a field that `wire` holds: the last scalar, or all messages merged; the zero if there is none.
    fn single(&mut self, field: &Field, wire: &[u8]) -> Result<(), Malformed> {
        let mut values = Values::new(wire);
        let mut last = None;
        let mut merged: Option<Cow<'_, [u8]>> = None;
        while let Some((number, raw)) = values.step()? {
            if number != field.number {
                continue;
            }
            last = Some(raw);
            if let (Kind::Message(_), Raw::Bytes(bytes)) = (field.kind, raw) {
                match &mut merged {
                    // Protobuf merges messages that come in parts, and joined bytes are a merged message.
                    Some(merged) => merged.to_mut().extend_from_slice(bytes),
                    None => merged = Some(Cow::Borrowed(bytes)),
                }
            }
        }
        match (field.kind, last) {
            (Kind::Message(id), None | Some(Raw::Bytes(_))) => self.message(id, &merged.unwrap_or_default()),
            (kind, Some(raw)) => scalar::write(self.tables, kind, raw, self.out),
            (kind, None) => write_zero(self.tables, kind, self.out),
        }
    }

    fn list(&mut self, field: &Field, wire: &[u8]) -> Result<(), Malformed> {
        self.out.push(b'[');
        let mut first = true;
        let mut values = Values::new(wire);
        while let Some((number, raw)) = values.step()? {
            if number != field.number {
                continue;
            }
            match raw {
                Raw::Bytes(mut packed) if field.kind.layout() != Layout::Bytes => {
                    while !packed.is_empty() {
                        let value = unpack(field.kind, &mut packed)?;
                        self.element(field.kind, value, &mut first)?;
                    }
                }
                value => self.element(field.kind, value, &mut first)?,
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn element(&mut self, kind: Kind, raw: Raw<'_>, first: &mut bool) -> Result<(), Malformed> {
        if !std::mem::take(first) {
            self.out.push(b',');
        }
        match (kind, raw) {
            (Kind::Message(id), Raw::Bytes(bytes)) => self.message(id, bytes),
            _ => scalar::write(self.tables, kind, raw, self.out),
        }
    }

    /// A map, sorted by key so that the same map always looks the same. Of equal keys the last counts.
    fn map(&mut self, field: &Field, wire: &[u8]) -> Result<(), Malformed> {
        let tables = self.tables;
        let Some([key_field, value_field]) = tables.message_of(field).map(|entry| entry.fields.as_slice())
        else {
            return Err(Malformed("a map entry has a key and a value"));
        };
        let mut entries = BTreeMap::new();
        let mut values = Values::new(wire);
        while let Some((number, raw)) = values.step()? {
            if number != field.number {
                continue;
            }
            let Raw::Bytes(entry) = raw else {
                return Err(Malformed("a map entry is a message"));
            };
            let mut key = Vec::new();
            Writer { tables, out: &mut key, spans: Vec::new(), depth: 0 }.single(key_field, entry)?;
            if key.first() != Some(&b'"') {
                key.insert(0, b'"');
                key.push(b'"');
            }
            entries.insert(key, entry);
        }
        self.out.push(b'{');
        for (at, (key, entry)) in entries.into_iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&key);
            self.out.push(b':');
            self.single(value_field, entry)?;
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// Writes the JSON of one field of a message, for a `response_body`.
pub(crate) fn write_field(
    tables: &Tables,
    field: &Field,
    wire: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let mut writer = Writer { tables, out, spans: Vec::new(), depth: 0 };
    match field.label {
        Label::Implicit | Label::Explicit => writer.single(field, wire),
        Label::Repeated { .. } => writer.list(field, wire),
        Label::Map => writer.map(field, wire),
    }
}
