//! Puts the board's memory map where the linker finds it, and `board.x`, which names the scripts that
//! it is linked by: the workspace around this one asks for a file of that name.
use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let scripts: &[&str] = match env::var("CARGO_PKG_NAME").as_deref() {
        // esp-hal knows the memory itself.
        Ok("esp32-c3") => &["linkall.x", "defmt.x"],
        // The second stage of the boot loader has a section of its own.
        Ok("rp2040") => &["link.x", "link-rp.x", "defmt.x"],
        _ => &["link.x", "defmt.x"],
    };
    let includes = scripts.iter().map(|script| format!("INCLUDE {script}\n"));
    fs::write(out.join("board.x"), includes.collect::<String>()).expect("cargo makes the folder");
    if fs::exists("memory.x").is_ok_and(|exists| exists) {
        fs::copy("memory.x", out.join("memory.x")).expect("cargo makes the folder");
        println!("cargo:rerun-if-changed=memory.x");
    }
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=../build.rs");
}
