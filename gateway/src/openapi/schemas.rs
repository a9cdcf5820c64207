//! JSON schemas of messages and enums, as the codec reads and writes them.

use super::comments::Comments;
use crate::codec::Behavior;
use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Schemas in the making: what is referred to is queued until it is described.
pub(super) struct Schemas<'a> {
    comments: &'a Comments,
    done: BTreeMap<String, Value>,
    queue: VecDeque<Referred>,
}

enum Referred {
    Message(MessageDescriptor),
    Enum(EnumDescriptor),
}

/// Name of a component: the full name without our prefix.
fn component(full_name: &str) -> String {
    full_name.strip_prefix("xinqiao.").unwrap_or(full_name).to_owned()
}

impl<'a> Schemas<'a> {
    pub(super) fn new(comments: &'a Comments) -> Self {
        Self { comments, done: BTreeMap::new(), queue: VecDeque::new() }
    }

    /// All that was referred to, described.
    pub(super) fn finish(mut self) -> BTreeMap<String, Value> {
        while let Some(next) = self.queue.pop_front() {
            let (name, schema) = match next {
                Referred::Message(message) => {
                    (component(message.full_name()), self.object(&message, |_| false, true))
                }
                Referred::Enum(descriptor) => {
                    (component(descriptor.full_name()), self.enumeration(&descriptor))
                }
            };
            self.done.insert(name, schema);
        }
        self.done
    }

    fn refer(&mut self, full_name: &str, referred: Referred) -> Value {
        let name = component(full_name);
        let reference = format!("#/components/schemas/{name}");
        self.done.entry(name).or_insert_with(|| {
            self.queue.push_back(referred);
            Value::Null
        });
        json!({ "$ref": reference })
    }

    /// The schema of a message where it is used.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        match message.full_name().strip_prefix("google.protobuf.") {
            Some("Timestamp") => {
                json!({"type": "string", "format": "date-time", "examples": ["2026-09-01T00:00:00Z"]})
            }
            Some("Duration") => json!({
                "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$", "examples": ["1.5s"],
            }),
            Some("FieldMask") => json!({
                "type": "string", "description": "Names of fields, separated by commas.", "examples": ["displayName,state"],
            }),
            Some("Struct") => json!({"type": "object", "additionalProperties": true}),
            Some("ListValue") => json!({"type": "array", "items": {}}),
            Some("Value") => json!({}),
            Some("Empty") => json!({"type": "object", "additionalProperties": false}),
            Some("Any") => json!({
                "type": "object", "required": ["@type"], "additionalProperties": true,
                "properties": {"@type": {"type": "string", "description": "URL of the type of the other members."}},
            }),
            Some(name) if name.ends_with("Value") => match message.get_field_by_name("value") {
                Some(field) => self.kind(&field.kind()),
                None => json!({}),
            },
            _ => self.refer(message.full_name(), Referred::Message(message.clone())),
        }
    }

    /// The fields of a message written out, without those that stand elsewhere.
    pub(super) fn object(
        &mut self,
        message: &MessageDescriptor,
        skip: impl Fn(&FieldDescriptor) -> bool,
        with_required: bool,
    ) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in message.fields().filter(|field| !skip(field)) {
            if Behavior::of(&field).required && with_required {
                required.push(Value::from(field.json_name()));
            }
            properties.insert(field.json_name().to_owned(), self.field(&field));
        }
        let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
        let mut text = self.comments.at(&message.parent_file(), message.path()).to_owned();
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let names: Vec<String> = oneof.fields().map(|field| format!("`{}`", field.json_name())).collect();
            text.push_str(&format!("\n\nAt most one of {}.", names.join(", ")));
        }
        put(&mut schema, "description", text.trim().into());
        if !required.is_empty() {
            put(&mut schema, "required", required.into());
        }
        schema
    }

    /// The schema of a field with its comment and behaviour.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = if field.is_map() {
            let value = field.kind().as_message().map(|entry| entry.map_entry_value_field().kind());
            let value = value.map_or(json!({}), |kind| self.kind(&kind));
            json!({"type": "object", "additionalProperties": value})
        } else if field.cardinality() == Cardinality::Repeated {
            json!({"type": "array", "items": self.kind(&field.kind())})
        } else {
            self.kind(&field.kind())
        };
        let comment = self.comments.at(&field.parent_message().parent_file(), field.path());
        if !comment.is_empty() {
            put(&mut schema, "description", comment.into());
        }
        let behavior = Behavior::of(field);
        if behavior.output_only {
            put(&mut schema, "readOnly", true.into());
        }
        if behavior.input_only {
            put(&mut schema, "writeOnly", true.into());
        }
        if behavior.immutable {
            put(&mut schema, "x-immutable", true.into());
        }
        schema
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Double => json!({"type": "number", "format": "double"}),
            Kind::Float => json!({"type": "number", "format": "float"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"})
            }
            Kind::Uint64 | Kind::Fixed64 => {
                json!({"type": "string", "format": "uint64", "pattern": "^[0-9]+$"})
            }
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "format": "byte", "contentEncoding": "base64"}),
            Kind::Enum(descriptor) if descriptor.full_name() == "google.protobuf.NullValue" => {
                json!({"type": "null"})
            }
            Kind::Enum(descriptor) => self.refer(descriptor.full_name(), Referred::Enum(descriptor.clone())),
            Kind::Message(message) => self.message(message),
        }
    }

    fn enumeration(&self, descriptor: &EnumDescriptor) -> Value {
        let file = descriptor.parent_file();
        let mut text = self.comments.at(&file, descriptor.path()).to_owned();
        let mut names = Vec::new();
        for value in descriptor.values() {
            let comment = self.comments.at(&file, value.path());
            if !comment.is_empty() {
                text.push_str(&format!("\n- `{}`: {}", value.name(), comment.replace('\n', " ")));
            }
            names.push(value.name().to_owned());
        }
        json!({"type": "string", "enum": names, "description": text.trim()})
    }
}

/// Sets a member of an object.
pub(super) fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
