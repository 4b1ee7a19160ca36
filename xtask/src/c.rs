//! Programs in C: a package with a `main.c` is a static library, which Arm's gcc links with the
//! program. The memory map is the board's own.
use crate::{apt, board::Board, child, example::Example, machine::Machine, root};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The compiler, and the Debian package that holds it.
const COMPILER: &str = "arm-none-eabi-gcc";
const PACKAGE: &str = "gcc-arm-none-eabi";

/// How gcc calls what rustc compiles for.
const PROCESSORS: [(&str, &[&str]); 3] = [
    ("thumbv6m-none-eabi", &["-mcpu=cortex-m0"]),
    (
        "thumbv7em-none-eabihf",
        &["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"],
    ),
    (
        "thumbv8m.main-none-eabihf",
        &["-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"],
    ),
];

/// As firmware is built: small, alone, and without what it does not use.
const OPTIONS: [&str; 11] = [
    "-std=c11",
    "-Os",
    "-g1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-nostdlib",
    "-Wl,--gc-sections,-z,noexecstack",
];

/// Finds the C compiler, installing it if the machine may.
///
/// # Errors
/// One sentence that names it and the command that mends it.
pub fn compiler(machine: &Machine) -> Result<PathBuf> {
    if let Some(file) = machine.find(COMPILER) {
        return Ok(file);
    }
    let why = format!("the C compiler {COMPILER} is needed");
    apt::install(machine, &[&[PACKAGE]], &why)?;
    machine
        .find(COMPILER)
        .with_context(|| format!("{PACKAGE} is installed, but {COMPILER} is not on PATH"))
}

/// Compiles an example's C files and links them with its static library.
///
/// # Errors
/// If there is no compiler for the board, or it refuses.
pub fn link(
    machine: &Machine,
    example: &Example,
    board: &Board,
    library: &Path,
    program: &Path,
) -> Result<()> {
    let processor = PROCESSORS
        .iter()
        .find(|(target, _)| *target == board.target)
        .with_context(|| format!("programs in C are built for Arm, not for {}", board.target))?;
    let firmware = root::firmware_examples();
    let start = example.folder.join("board");
    let mut command = machine.command(&compiler(machine)?);
    command
        .args(processor.1)
        .args(OPTIONS)
        .arg("-I")
        .arg(&start)
        .arg("-I")
        .arg(firmware.join("gradlet-c/include"))
        .args(sources(&example.folder)?)
        .args(sources(&start)?)
        .arg(library)
        .arg("-lgcc")
        .arg("-L")
        .arg(firmware.join("boards").join(&board.name))
        .arg("-T")
        .arg(start.join("link.ld"))
        .arg("-o")
        .arg(program);
    child::run(command.stdout(std::io::stderr()))
}

/// The C files of a folder, by name.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "c"))
        .collect();
    files.sort();
    Ok(files)
}
