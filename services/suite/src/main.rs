//! The program `xinqiao`.
fn main() {}
