//! Passwords that everybody tries first: refused whatever their length.

/// One a line, small letters; `#` starts a comment line.
pub const COMMON: &str = include_str!("../passwords.txt");
