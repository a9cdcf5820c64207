//! Properties of the codec, with prost-reflect as the oracle: both ways, over random messages of the sample API (a field
//! of every kind) and of every message of the real API, and over mutated text and mutated wire.

use super::{
    super::{wire::Malformed, *},
    dice::Dice,
};
use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions,
};
use serde_json::Value as Json;
use std::sync::LazyLock;

static SAMPLE: LazyLock<Tables> = LazyLock::new(|| Tables::new(crate::testing::pool()));
static REAL: LazyLock<Tables> = LazyLock::new(|| Tables::new(xinqiao_proto::policy::pool()));

fn oracle_json(message: &DynamicMessage, options: &SerializeOptions) -> Option<String> {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut out);
    message.serialize_with_options(&mut serializer, options).ok()?;
    Some(String::from_utf8(out).unwrap())
}

fn oracle_read(descriptor: &MessageDescriptor, text: &str) -> Option<DynamicMessage> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new();
    let message =
        DynamicMessage::deserialize_with_options(descriptor.clone(), &mut deserializer, &options).ok()?;
    deserializer.end().ok()?;
    Some(message)
}

fn printed() -> SerializeOptions {
    SerializeOptions::new().skip_default_fields(false)
}

/// Canonical form for comparing: NaN equals NaN, maps have no order.
fn canonical(message: &DynamicMessage) -> Json {
    serde_json::from_str(&oracle_json(message, &printed()).unwrap()).unwrap()
}

/// Equal but for the last bit of numbers, which the oracle's JSON reader does not always get right.
fn alike(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            a == b || (a - b).abs() <= a.abs() * 1e-15
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| alike(a, b)))
        }
        _ => a == b,
    }
}

fn our_json(tables: &Tables, descriptor: &MessageDescriptor, wire: &[u8]) -> Result<String, Malformed> {
    let mut out = Vec::new();
    write(tables, tables.id(descriptor.full_name()).unwrap(), wire, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn our_read(tables: &Tables, descriptor: &MessageDescriptor, text: &[u8]) -> Option<DynamicMessage> {
    let id = tables.id(descriptor.full_name()).unwrap();
    let encoded = read(tables, id, "", text, Limits::default()).ok()?;
    Some(DynamicMessage::decode(descriptor.clone(), encoded.wire.as_slice()).expect("we write what decodes"))
}

/// Any message of a pool, but not the descriptors of descriptors (proto2).
fn pick(pool: &DescriptorPool, dice: &mut Dice) -> MessageDescriptor {
    let proto3 = |message: &MessageDescriptor| {
        !message.is_map_entry()
            && !message.full_name().ends_with("Options")
            && message.parent_file().syntax() == prost_reflect::Syntax::Proto3
    };
    let all: Vec<_> = pool.all_messages().filter(proto3).collect();
    all[dice.below(all.len())].clone()
}

fn agrees(tables: &Tables, descriptor: &MessageDescriptor, dice: &mut Dice) {
    let message = dice.message(descriptor, 3);
    let wire = message.encode_to_vec();
    let ours = our_json(tables, descriptor, &wire).unwrap();
    assert_eq!(serde_json::from_str::<Json>(&ours).unwrap(), canonical(&message), "{ours}");
    let spellings = [
        printed(),
        SerializeOptions::new(),
        SerializeOptions::new()
            .use_proto_field_name(true)
            .use_enum_numbers(true)
            .stringify_64_bit_integers(false),
    ];
    for spelling in spellings {
        let text = oracle_json(&message, &spelling).unwrap();
        let read = our_read(tables, descriptor, text.as_bytes());
        assert_eq!(read.as_ref().map(canonical), Some(canonical(&message)), "{text}");
    }
    assert_eq!(
        our_read(tables, descriptor, ours.as_bytes()).as_ref().map(canonical),
        Some(canonical(&message))
    );
}

fn kinds() -> MessageDescriptor {
    crate::testing::pool().get_message_by_name("xinqiao.sample.v1.Kinds").unwrap()
}

/// Two things that the mapping allows and the oracle does not: names as in the .proto inside masks, and exponents and fractions in
/// quoted whole numbers.
fn only_we_take(text: &str) -> bool {
    let quoted_exponent = text.split('"').any(|part| {
        part.contains(['.', 'e', 'E']) && !part.is_empty() && json::number_len(part) == part.len()
    });
    quoted_exponent || text.contains('_')
}

/// Cases of each property; PROPTEST_CASES asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

/// Changes a few bytes of a text into others that JSON gives a meaning to.
fn mutate(text: &mut Vec<u8>, dice: &mut Dice) {
    const BYTES: &[u8] = b"{}[]:,\"\\ntfu0123456789.eE+-_ aZ\x00\xff";
    for _ in 0..=dice.below(3) {
        let at = dice.below(text.len());
        match dice.below(4) {
            0 if !text.is_empty() => drop(text.remove(at)),
            1 => text.insert(at, BYTES[dice.below(BYTES.len())]),
            2 if !text.is_empty() => text.truncate(at),
            _ => {
                let byte = BYTES[dice.below(BYTES.len())];
                if let Some(place) = text.get_mut(at) {
                    *place = byte;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn both_ways_agree_with_the_oracle_for_a_field_of_every_kind(seed: u64) {
        agrees(&SAMPLE, &kinds(), &mut Dice(seed));
    }

    #[test]
    fn both_ways_agree_with_the_oracle_for_every_message_of_the_api(seed: u64) {
        let mut dice = Dice(seed);
        let descriptor = pick(xinqiao_proto::policy::pool(), &mut dice);
        agrees(&REAL, &descriptor, &mut dice);
    }

    /// Wire may come in any order and in parts: joined messages are a merged message.
    #[test]
    fn joined_wire_is_a_merged_message(seed: u64) {
        let mut dice = Dice(seed);
        let descriptor = kinds();
        let mut wire = dice.message(&descriptor, 2).encode_to_vec();
        wire.extend(dice.message(&descriptor, 2).encode_to_vec());
        let ours = our_json(&SAMPLE, &descriptor, &wire);
        // Two durations of different signs merge into none.
        if ours == Err(Malformed("a duration is out of range")) { return Ok(()) }
        let Ok(merged) = DynamicMessage::decode(descriptor.clone(), wire.as_slice()) else { return Ok(()) };
        let Some(theirs) = oracle_json(&merged, &printed()) else { return Ok(()) };
        prop_assert_eq!(
            serde_json::from_str::<Json>(&ours.unwrap()).unwrap(),
            serde_json::from_str::<Json>(&theirs).unwrap()
        );
    }

    /// What we take from a mutated text, the oracle takes too and understands alike. (The other way round we are stricter.)
    #[test]
    fn mutated_text_is_never_understood_differently(seed: u64) {
        let mut dice = Dice(seed);
        let descriptor = kinds();
        let message = dice.message(&descriptor, 2);
        let mut text = oracle_json(&message, &SerializeOptions::new()).unwrap().into_bytes();
        mutate(&mut text, &mut dice);
        let Some(ours) = our_read(&SAMPLE, &descriptor, &text) else { return Ok(()) };
        let text = String::from_utf8(text).unwrap();
        let theirs = oracle_read(&descriptor, &text);
        if theirs.is_none() && only_we_take(&text) { return Ok(()) }
        let (ours, theirs) = (canonical(&ours), theirs.as_ref().map(canonical).unwrap_or_default());
        prop_assert!(alike(&ours, &theirs), "{}\n{}\n{}", ours, theirs, text);
    }

    /// Mutated wire never panics; where both print it, they print the same.
    #[test]
    fn mutated_wire_is_never_printed_differently(seed: u64) {
        let mut dice = Dice(seed);
        let descriptor = kinds();
        let mut wire = dice.message(&descriptor, 2).encode_to_vec();
        for _ in 0..=dice.below(4) {
            let at = dice.below(wire.len());
            let byte = dice.roll() as u8;
            if let Some(place) = wire.get_mut(at) { *place = byte }
        }
        let Ok(ours) = our_json(&SAMPLE, &descriptor, &wire) else { return Ok(()) };
        let Ok(message) = DynamicMessage::decode(descriptor, wire.as_slice()) else { return Ok(()) };
        let Some(theirs) = oracle_json(&message, &printed()) else { return Ok(()) };
        prop_assert_eq!(
            serde_json::from_str::<Json>(&ours).unwrap(),
            serde_json::from_str::<Json>(&theirs).unwrap()
        );
    }
}
