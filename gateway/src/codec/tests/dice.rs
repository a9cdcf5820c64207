//! Random messages of any type, from one number: the same number gives the same message.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use std::collections::HashMap;

/// SplitMix64: small, and good enough to choose test data.
pub(super) struct Dice(pub(super) u64);

const TEXTS: &[&str] =
    &["", "a", "中文 \"quoted\" \\ / \n\t\u{1}\u{7f}", "😀\u{2028}", "true", "null", "12", "x/y:z%2F"];
const PATHS: &[&str] = &["name", "display_name", "book.page_count"];

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    pub(super) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// An integer, often near an edge.
    fn number(&mut self) -> u64 {
        let bits = self.below(65) as u32;
        let raw = self.roll();
        let low = if bits == 0 { 0 } else { raw >> (64 - bits) };
        if self.one_in(2) { low } else { low.wrapping_neg() }
    }

    fn text(&mut self) -> String {
        let count = self.below(3);
        (0..count).map(|_| TEXTS[self.below(TEXTS.len())]).collect()
    }

    fn real(&mut self) -> f64 {
        match self.below(8) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => 0.0,
            4 => 1e300,
            5 => self.number() as i64 as f64,
            _ => (self.number() as i64 as f64) / 1024.0,
        }
    }

    fn finite(&mut self) -> f64 {
        Some(self.real()).filter(|real| real.is_finite()).unwrap_or(1.5)
    }

    fn json(&mut self, depth: usize) -> serde_json::Value {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => serde_json::Value::Null,
            1 => self.one_in(2).into(),
            2 => self.finite().into(),
            3 => self.text().into(),
            4 => (0..self.below(3)).map(|_| self.json(depth - 1)).collect::<Vec<_>>().into(),
            _ => {
                let map = (0..self.below(3)).map(|at| (format!("k{at}"), self.json(depth - 1)));
                serde_json::Value::Object(map.collect())
            }
        }
    }

    fn well_known(&mut self, descriptor: &MessageDescriptor, depth: usize) -> Option<DynamicMessage> {
        let mut message = DynamicMessage::new(descriptor.clone());
        let pool = descriptor.parent_pool();
        match descriptor.full_name().strip_prefix("google.protobuf.")? {
            "Timestamp" => {
                message.set_field_by_name(
                    "seconds",
                    Value::I64((self.roll() % 253_402_300_799) as i64 - 62_135_596),
                );
                message.set_field_by_name("nanos", Value::I32(self.nanos()));
            }
            "Duration" => {
                let sign = if self.one_in(2) { 1 } else { -1 };
                message
                    .set_field_by_name("seconds", Value::I64(sign * (self.roll() % 315_576_000_000) as i64));
                message.set_field_by_name("nanos", Value::I32(sign as i32 * self.nanos()));
            }
            "FieldMask" => {
                let paths = (0..self.below(3)).map(|_| Value::String(PATHS[self.below(PATHS.len())].into()));
                message.set_field_by_name("paths", Value::List(paths.collect()));
            }
            "DoubleValue" => message.set_field_by_name("value", Value::F64(self.finite())),
            "FloatValue" => message.set_field_by_name("value", Value::F32(self.number() as i32 as f32)),
            name @ ("Struct" | "Value" | "ListValue") => {
                let json = match name {
                    "Struct" => serde_json::json!({ "inner": self.json(2) }),
                    "ListValue" => serde_json::json!([self.json(2)]),
                    _ => self.json(2),
                };
                message = DynamicMessage::deserialize(descriptor.clone(), json).unwrap();
            }
            "Any" => {
                let names = ["xinqiao.sample.v1.Nested", "google.protobuf.Timestamp"];
                let inner = pool.get_message_by_name(names[self.below(2)]);
                let inner = inner.or_else(|| pool.get_message_by_name("google.rpc.ErrorInfo")).unwrap();
                let url = format!("type.googleapis.com/{}", inner.full_name());
                let value = prost::Message::encode_to_vec(&self.message(&inner, depth.min(1)));
                message.set_field_by_name("type_url", Value::String(url));
                message.set_field_by_name("value", Value::Bytes(value.into()));
            }
            _ => return None,
        }
        Some(message)
    }

    fn nanos(&mut self) -> i32 {
        let scale = [1, 1_000, 1_000_000, 1_000_000_000][self.below(4)];
        (self.roll() % 1_000_000_000) as i32 / scale * scale
    }

    /// A random message; `depth` is how deep messages go into each other.
    pub(super) fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        if let Some(message) = self.well_known(descriptor, depth) {
            return message;
        }
        let mut message = DynamicMessage::new(descriptor.clone());
        let every = 1 + self.below(6);
        for field in descriptor.fields() {
            if !self.one_in(every) || (depth == 0 && matches!(field.kind(), Kind::Message(_))) {
                continue;
            }
            let value = self.field(&field, depth);
            message.set_field(&field, value);
        }
        message
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        if field.is_map() {
            let entry = field.kind().as_message().cloned().unwrap();
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            let count = self.below(4);
            let entries: HashMap<MapKey, Value> =
                (0..count).map(|_| (self.key(&key.kind()), self.value(&value.kind(), depth))).collect();
            return Value::Map(entries);
        }
        if field.is_list() {
            let longest = if self.one_in(20) { 60 } else { 4 };
            let count = self.below(longest);
            return Value::List((0..count).map(|_| self.value(&field.kind(), depth)).collect());
        }
        self.value(&field.kind(), depth)
    }

    fn key(&mut self, kind: &Kind) -> MapKey {
        match self.value(kind, 0) {
            Value::Bool(value) => MapKey::Bool(value),
            Value::I32(value) => MapKey::I32(value),
            Value::I64(value) => MapKey::I64(value),
            Value::U32(value) => MapKey::U32(value),
            Value::U64(value) => MapKey::U64(value),
            Value::String(value) => MapKey::String(value),
            other => panic!("no key: {other:?}"),
        }
    }

    fn value(&mut self, kind: &Kind, depth: usize) -> Value {
        match kind {
            Kind::Double => Value::F64(self.real()),
            Kind::Float => Value::F32(self.real() as f32),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(self.number() as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(self.number() as i64),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.number() as u32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.number()),
            Kind::Bool => Value::Bool(self.one_in(2)),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => {
                Value::Bytes((0..self.below(7)).map(|_| self.roll() as u8).collect::<Vec<_>>().into())
            }
            Kind::Enum(descriptor) => {
                let at = self.below(descriptor.values().len());
                Value::EnumNumber(descriptor.values().nth(at).unwrap().number())
            }
            Kind::Message(descriptor) => Value::Message(self.message(descriptor, depth.saturating_sub(1))),
        }
    }
}
