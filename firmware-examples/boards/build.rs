//! Picks the board: `GRADLET_BOARD` names a folder beside this file. Its `mod.rs` becomes the
//! board module of the crate, and its `memory.x` the memory that the examples are linked for.
use std::{
    env, fs,
    path::{Path, PathBuf},
};

const DEFAULT_BOARD: &str = "mps2-an386";

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let board = env::var("GRADLET_BOARD").unwrap_or_else(|_| DEFAULT_BOARD.into());
    let folder = here.join(&board);
    let module = folder.join("mod.rs");
    assert!(
        module.is_file(),
        "GRADLET_BOARD={board}: there is no {}; `cargo xtask boards` lists the boards",
        module.display()
    );
    println!("cargo:rerun-if-env-changed=GRADLET_BOARD");
    println!("cargo:rerun-if-changed={}", folder.display());
    println!("cargo:rerun-if-changed=build.rs");

    write(
        &out.join("board.rs"),
        &format!("#[path = {module:?}]\nmod selected;\n"),
    );
    fs::copy(folder.join("memory.x"), out.join("memory.x")).expect("every board has a memory.x");
    write(&out.join("board.x"), &linker_script());
    println!("cargo:rustc-link-search={}", out.display());
}

/// `link.x` comes from the start-up crate of the architecture, `defmt.x` from defmt. Only ARM's
/// `link.x` includes `memory.x` itself.
fn linker_script() -> String {
    let arm = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "arm");
    let log = env::var_os("CARGO_FEATURE_LOG").is_some();
    let scripts = [("memory.x", !arm), ("link.x", true), ("defmt.x", log)];
    let wanted = scripts.iter().filter(|(_, wanted)| *wanted);
    wanted
        .map(|(name, _)| format!("INCLUDE {name}\n"))
        .collect()
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
