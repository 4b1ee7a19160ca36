//! The `gradlet` command.
fn main() {}
