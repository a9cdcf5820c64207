use super::*;
use crate::time::ManualClock;
use chrono::Duration;

crate::typed_id!(
    /// Something with an id.
    ThingId
);

fn at(text: &str) -> ManualClock {
    ManualClock::at(text.parse().unwrap())
}

#[test]
fn ids_are_version_7_and_carry_their_time() {
    let clock = at("2026-09-01T00:00:00.123Z");
    let id = Ids::with_clock(Arc::new(clock.clone())).new_id();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    assert_eq!(made_at(id), Some(clock.now()));
}

#[test]
fn each_id_is_greater_whatever_the_clock_does() {
    let clock = at("2026-09-01T00:00:00Z");
    let ids = Ids::with_clock(Arc::new(clock.clone()));
    let mut last = Uuid::nil();
    for step in 0..20_000 {
        match step {
            7_000 => clock.advance(-Duration::days(1)),
            14_000 => clock.advance(Duration::days(3)),
            _ => {}
        }
        let id = ids.new_id();
        assert!(id > last, "step {step}: {id} after {last}");
        last = id;
    }
}

#[test]
fn the_same_seed_gives_the_same_ids() {
    let make = |seed| {
        let ids = Ids::seeded(Arc::new(at("2026-09-01T00:00:00Z")), seed);
        [ids.new_id(), ids.new_id()]
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn a_typed_id_is_text_in_json() {
    let id = Ids::system().make::<ThingId>();
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<ThingId>(&json).unwrap(), id);
    assert_eq!(id.to_string().parse::<ThingId>().unwrap(), id);
    assert_eq!(ThingId::from(id.uuid()), id);
}
