//! Runs the cases on the host, whose kernels are the portable ones.

use std::path::PathBuf;
use std::{env, fs};

#[path = "src/cases.rs"]
mod cases;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/cases.rs");
    let mut expected = String::from("&[\n");
    let mut count = 0;
    cases::run(&mut |name, digest| {
        expected += &format!("    ({name:?}, {digest:#010x}),\n");
        count += 1;
    });
    assert!(count > 0, "there are no cases");
    expected.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("expected.rs"), expected).expect("a folder to write to");
}
