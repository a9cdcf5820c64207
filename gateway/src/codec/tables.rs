//! Tables compiled once from the descriptors: all that the codec has to know of a message, laid out for its two loops.

use super::wire::Layout;
use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind as ProtoKind, MessageDescriptor};
use std::collections::HashMap;

/// A message in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MessageId(u32);

/// An enum in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EnumId(u32);

/// Messages and enums of the whole API.
#[derive(Debug)]
pub(crate) struct Tables {
    messages: Vec<Message>,
    enums: Vec<Enum>,
    by_name: HashMap<String, MessageId>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) descriptor: MessageDescriptor,
    pub(crate) shape: Shape,
    /// In the order of their numbers, as prost writes them.
    pub(crate) fields: Vec<Field>,
    /// Names of the real oneofs.
    pub(crate) oneofs: Vec<String>,
    /// Field by JSON name and by proto name.
    by_key: HashMap<String, u16>,
    /// Field by number, for the numbers below [`DENSE`].
    dense: Vec<u16>,
}

/// How a message looks in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An object with its fields.
    Plain,
    /// `"2026-09-01T08:00:00Z"`.
    Timestamp,
    /// `"1.5s"`.
    Duration,
    /// `"displayName,state"`.
    FieldMask,
    /// A bare scalar, for `google.protobuf.Int32Value` and its like.
    Wrapper,
    /// Struct, Value, ListValue: any JSON. Left to prost-reflect.
    Free,
    /// An object with `@type`.
    Any,
}

/// One field.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) json_name: String,
    /// `"jsonName":`, ready to be written.
    pub(crate) key: String,
    pub(crate) number: u32,
    pub(crate) label: Label,
    pub(crate) kind: Kind,
    /// Index of the real oneof that it is a member of.
    pub(crate) oneof: Option<u16>,
    /// Whether an update mask may be made of it: not output only, not the name, not the etag.
    pub(crate) masked: bool,
}

/// How often a field may occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// Once; absent and zero are the same.
    Implicit,
    /// Once; absent differs from zero (optional, oneof, messages).
    Explicit,
    /// A list. Packed lists are one length-delimited value.
    Repeated { packed: bool },
    /// A map: the field's kind is the entry message.
    Map,
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum(EnumId),
    Message(MessageId),
}

/// One enum.
#[derive(Debug)]
pub(crate) struct Enum {
    by_name: HashMap<String, i32>,
    by_number: HashMap<i32, String>,
    /// `google.protobuf.NullValue` is `null` in JSON.
    pub(crate) is_null: bool,
}

/// Field numbers below this are looked up without hashing.
const DENSE: u32 = 256;
const NO_FIELD: u16 = u16::MAX;

impl Tables {
    /// Compiles every message of the pool.
    pub(crate) fn new(pool: &DescriptorPool) -> Self {
        let names = pool.all_messages().map(|message| message.full_name().to_owned());
        let by_name: HashMap<_, _> = names.zip(0..).map(|(name, id)| (name, MessageId(id))).collect();
        let mut enums = Vec::new();
        let mut enum_ids = HashMap::new();
        for (descriptor, id) in pool.all_enums().zip(0..) {
            enum_ids.insert(descriptor.full_name().to_owned(), EnumId(id));
            let mut by_number = HashMap::new();
            for value in descriptor.values() {
                // An alias is read, the first name is written.
                by_number.entry(value.number()).or_insert_with(|| value.name().to_owned());
            }
            enums.push(Enum {
                by_name: descriptor.values().map(|value| (value.name().to_owned(), value.number())).collect(),
                by_number,
                is_null: descriptor.full_name() == "google.protobuf.NullValue",
            });
        }
        let messages =
            pool.all_messages().map(|message| Message::new(message, &by_name, &enum_ids)).collect();
        Self { messages, enums, by_name }
    }

    pub(crate) fn id(&self, full_name: &str) -> Option<MessageId> {
        self.by_name.get(full_name).copied()
    }

    #[expect(clippy::indexing_slicing, reason = "ids are made together with the tables and never leave them")]
    pub(crate) fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "ids are made together with the tables and never leave them")]
    pub(crate) fn enumeration(&self, id: EnumId) -> &Enum {
        &self.enums[id.0 as usize]
    }

    /// The message that a field holds, if it holds messages.
    pub(crate) fn message_of(&self, field: &Field) -> Option<&Message> {
        match field.kind {
            Kind::Message(id) => Some(self.message(id)),
            _ => None,
        }
    }
}

impl Enum {
    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn name(&self, number: i32) -> Option<&str> {
        self.by_number.get(&number).map(String::as_str)
    }
}

impl Message {
    fn new(
        descriptor: MessageDescriptor,
        messages: &HashMap<String, MessageId>,
        enums: &HashMap<String, EnumId>,
    ) -> Self {
        let real = |field: &FieldDescriptor| field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        let oneofs: Vec<String> = descriptor
            .oneofs()
            .filter(|oneof| !oneof.is_synthetic())
            .map(|oneof| oneof.name().to_owned())
            .collect();
        let mut fields: Vec<Field> = Vec::new();
        for field in descriptor.fields() {
            let Some(kind) = Kind::of(&field.kind(), messages, enums).filter(|_| !field.is_group()) else {
                continue;
            };
            let oneof = real(&field)
                .and_then(|oneof| oneofs.iter().position(|name| name == oneof.name()))
                .and_then(|at| u16::try_from(at).ok());
            fields.push(Field::new(&field, kind, oneof));
        }
        fields.sort_by_key(|field| field.number);
        let mut by_key = HashMap::new();
        let mut dense = Vec::new();
        for (field, at) in fields.iter().zip(0_u16..) {
            by_key.insert(field.name.clone(), at);
            by_key.insert(field.json_name.clone(), at);
            if field.number < DENSE {
                let number = field.number as usize;
                dense.resize(number, NO_FIELD);
                dense.push(at);
            }
        }
        Self { shape: Shape::of(descriptor.full_name()), descriptor, fields, oneofs, by_key, dense }
    }

    /// Position and field of a JSON key: the JSON name or the name in the .proto.
    pub(crate) fn by_key(&self, key: &str) -> Option<(usize, &Field)> {
        let at = usize::from(*self.by_key.get(key)?);
        Some((at, self.fields.get(at)?))
    }

    /// The field of a name, for conventions such as `etag`.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.by_key(name).map(|(_, field)| field)
    }

    /// A singular string field of that name.
    pub(crate) fn text_field(&self, name: &str) -> Option<&Field> {
        self.field(name).filter(|field| field.kind == Kind::String && field.is_singular())
    }

    /// Position of the field with a number.
    pub(crate) fn by_number(&self, number: u32) -> Option<usize> {
        if number < DENSE {
            return self.dense.get(number as usize).filter(|at| **at != NO_FIELD).map(|at| usize::from(*at));
        }
        self.fields.binary_search_by_key(&number, |field| field.number).ok()
    }
}

impl Field {
    fn new(field: &FieldDescriptor, kind: Kind, oneof: Option<u16>) -> Self {
        let label = if field.is_map() {
            Label::Map
        } else if field.cardinality() == Cardinality::Repeated {
            Label::Repeated { packed: field.is_packed() }
        } else if field.supports_presence() {
            Label::Explicit
        } else {
            Label::Implicit
        };
        let behavior = Behavior::of(field);
        Self {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            key: format!("{}:", serde_json::Value::from(field.json_name())),
            number: field.number(),
            label,
            kind,
            oneof,
            masked: !behavior.output_only && !behavior.identifier && field.name() != "etag",
        }
    }

    pub(crate) fn is_singular(&self) -> bool {
        matches!(self.label, Label::Implicit | Label::Explicit)
    }
}

/// What `google.api.field_behavior` says of a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Behavior {
    pub(crate) required: bool,
    pub(crate) output_only: bool,
    pub(crate) input_only: bool,
    pub(crate) immutable: bool,
    pub(crate) identifier: bool,
}

impl Behavior {
    pub(crate) fn of(field: &FieldDescriptor) -> Self {
        let mut found = Self::default();
        let Some(extension) = field.parent_pool().get_extension_by_name("google.api.field_behavior") else {
            return found;
        };
        let options = field.options();
        let values = options.get_extension(&extension);
        for value in values.as_list().unwrap_or_default() {
            match value.as_enum_number() {
                Some(2) => found.required = true,
                Some(3) => found.output_only = true,
                Some(4) => found.input_only = true,
                Some(5) => found.immutable = true,
                Some(8) => found.identifier = true,
                _ => {}
            }
        }
        found
    }
}

impl Shape {
    fn of(full_name: &str) -> Self {
        match full_name.strip_prefix("google.protobuf.") {
            Some("Timestamp") => Self::Timestamp,
            Some("Duration") => Self::Duration,
            Some("FieldMask") => Self::FieldMask,
            Some("Struct" | "Value" | "ListValue") => Self::Free,
            Some("Any") => Self::Any,
            Some(
                "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value"
                | "BoolValue" | "StringValue" | "BytesValue",
            ) => Self::Wrapper,
            _ => Self::Plain,
        }
    }
}

impl Kind {
    fn of(
        kind: &ProtoKind,
        messages: &HashMap<String, MessageId>,
        enums: &HashMap<String, EnumId>,
    ) -> Option<Self> {
        Some(match kind {
            ProtoKind::Double => Self::Double,
            ProtoKind::Float => Self::Float,
            ProtoKind::Int32 => Self::Int32,
            ProtoKind::Int64 => Self::Int64,
            ProtoKind::Uint32 => Self::Uint32,
            ProtoKind::Uint64 => Self::Uint64,
            ProtoKind::Sint32 => Self::Sint32,
            ProtoKind::Sint64 => Self::Sint64,
            ProtoKind::Fixed32 => Self::Fixed32,
            ProtoKind::Fixed64 => Self::Fixed64,
            ProtoKind::Sfixed32 => Self::Sfixed32,
            ProtoKind::Sfixed64 => Self::Sfixed64,
            ProtoKind::Bool => Self::Bool,
            ProtoKind::String => Self::String,
            ProtoKind::Bytes => Self::Bytes,
            ProtoKind::Enum(descriptor) => Self::Enum(*enums.get(descriptor.full_name())?),
            ProtoKind::Message(descriptor) => Self::Message(*messages.get(descriptor.full_name())?),
        })
    }

    pub(crate) fn layout(self) -> Layout {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => Layout::Fixed64,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => Layout::Fixed32,
            Self::String | Self::Bytes | Self::Message(_) => Layout::Bytes,
            _ => Layout::Varint,
        }
    }
}
