//! Set-up and everything a person would otherwise type twice.
fn main() {}
