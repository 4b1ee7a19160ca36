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

    let shift = number(&folder.join("board.toml"), "icount_shift");
    write(
        &out.join("board.rs"),
        &format!(
            "#[path = {module:?}]
            mod selected;
            /// The board's name, as `--board` takes it.
            pub const NAME: &str = {board:?};
            /// An instruction takes two to this power nanoseconds when QEMU counts instructions.
            #[allow(dead_code, reason = \"RISC-V counts instructions itself\")]
            const INSTRUCTION_SHIFT: u32 = {shift};
            "
        ),
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

/// The value of `key = number` in a board's description. It is the only one needed here, so the
/// build does not have to wait for a TOML parser.
fn number(file: &Path, key: &str) -> u32 {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let values = text
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.trim().strip_prefix('='));
    let value = values.map(str::trim).next();
    let value = value.unwrap_or_else(|| panic!("{}: there is no `{key}`", file.display()));
    value
        .parse()
        .unwrap_or_else(|error| panic!("{}: `{key} = {value}`: {error}", file.display()))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
