use super::*;

fn keys() -> Keys {
    Keys::from_bytes([7; 32], &[9; 32], Role::Profiles).unwrap()
}

#[test]
fn a_sealed_value_opens_only_where_it_belongs() {
    let key = keys().service_subject();
    let row = Uuid::from_u128(5);
    let sealed = key.seal_text("students", "name", row, "张三").unwrap();
    assert!(!sealed.windows(3).any(|w| w == "张".as_bytes()));
    assert_eq!(key.open_text("students", "name", row, &sealed).unwrap(), "张三");
    assert!(key.open_text("students", "note", row, &sealed).is_err());
    assert!(key.open_text("students", "name", Uuid::from_u128(6), &sealed).is_err());
    let other = Keys::from_bytes([8; 32], &[9; 32], Role::Profiles).unwrap().service_subject();
    assert!(other.open_text("students", "name", row, &sealed).is_err());
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(key.open_text("students", "name", row, &changed).is_err());
    assert!(key.open_text("students", "name", row, &[]).is_err());
}

#[test]
fn look_ups_are_keyed_and_differ_by_column() {
    let (a, b) = (keys(), Keys::from_bytes([7; 32], &[1; 32], Role::Profiles).unwrap());
    assert_eq!(a.lookup("phone", "13800000000"), a.lookup("phone", "13800000000"));
    assert_ne!(a.lookup("phone", "13800000000"), a.lookup("id", "13800000000"));
    assert_ne!(a.lookup("phone", "13800000000"), b.lookup("phone", "13800000000"));
}

#[test]
fn a_key_file_is_made_once_and_says_nothing_when_it_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys/county.toml");
    let sealed = Keys::open_or_create(&path, Role::Crisis).unwrap().service_subject();
    let sealed = sealed.seal_text("t", "c", Uuid::nil(), "x").unwrap();
    let again = Keys::open_or_create(&path, Role::Crisis).unwrap().service_subject();
    assert_eq!(again.open_text("t", "c", Uuid::nil(), &sealed).unwrap(), "x");
    std::fs::write(&path, "county_key = 'deadbeef'\nlookup_key = 'x'\n").unwrap();
    let complaint = Keys::open_or_create(&path, Role::Crisis).unwrap_err().to_string();
    assert!(!complaint.contains("deadbeef"), "{complaint}");
}
