//! `cargo xtask lint`
use super::Bench;
use crate::{
    args::{Arguments, Command},
    board, child, fuzz,
    machine::{Installing, Machine},
    root, say,
    toolchain::{self, Policy},
};
use anyhow::{Context, Result};
use std::{collections::BTreeSet, path::Path, process};

pub(super) const COMMAND: Command = Command {
    name: "lint",
    summary: "Check format, clippy and documentation, with warnings as errors",
    words: &[],
    flags: &[],
    details: "Of the host's crates, of the fuzz targets, of the firmware for one board of each target, and\n\
        of the programs for real boards.",
    run,
};

fn run(_: &Arguments) -> Result<()> {
    let boards = board::all()?;
    let mut targets = BTreeSet::new();
    for (index, board) in boards.into_iter().enumerate() {
        let bench = Bench::new(board)?;
        if index == 0 {
            host(&bench.machine)?;
        }
        if targets.insert(bench.board.target.clone()) {
            firmware(&bench)?;
        }
    }
    hardware()
}

fn host(machine: &Machine) -> Result<()> {
    let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
    let firmware = root::firmware_examples();
    let (fuzz, hardware) = (fuzz::folder(), firmware.join("hardware"));
    let checks: [(&Path, &str); 8] = [
        (root::repository(), "fmt --all --check"),
        (&firmware, "fmt --all --check"),
        (&fuzz, "fmt --all --check"),
        (&hardware, "fmt --all --check"),
        (
            root::repository(),
            "clippy --quiet --workspace --all-targets -- -D warnings",
        ),
        (
            root::repository(),
            "clippy --quiet -p gradlet --all-targets --no-default-features --features async,mock-flash -- -D warnings",
        ),
        (&fuzz, "clippy --quiet --all-targets -- -D warnings"),
        (root::repository(), "doc --quiet --workspace --no-deps"),
    ];
    for (folder, words) in checks {
        say::step(&format!("cargo {words} in {}", folder.display()));
        let mut command = machine.command(&cargo);
        command
            .current_dir(folder)
            .args(words.split(' '))
            .env("RUSTDOCFLAGS", "-D warnings")
            // A workspace of its own would fill a folder of its own.
            .env("CARGO_TARGET_DIR", root::target());
        on_standard_error(&mut command)?;
    }
    Ok(())
}

fn firmware(bench: &Bench) -> Result<()> {
    let Bench {
        machine,
        board,
        toolchain,
    } = bench;
    for features in ["", "log"] {
        say::step(&format!("clippy for {} {features}", board.target));
        let mut clippy = toolchain.clippy(machine, &board.target)?;
        clippy
            .current_dir(root::firmware_examples())
            .args([
                "--quiet",
                "--release",
                "--workspace",
                "--features",
                features,
            ])
            .arg("--target-dir")
            .arg(root::target().join(toolchain.name()))
            .args(["--", "-D", "warnings"])
            .env("GRADLET_BOARD", &board.name);
        on_standard_error(&mut clippy)?;
    }
    Ok(())
}

/// The programs for real boards, by target: each is checked alone, for two of a family have
/// contrary features of the same HAL.
const HARDWARE: [(&str, &str); 5] = [
    ("nrf52840", "thumbv7em-none-eabihf"),
    ("stm32f411", "thumbv7em-none-eabihf"),
    ("rp2040", "thumbv6m-none-eabi"),
    ("rp2350", "thumbv8m.main-none-eabihf"),
    ("esp32-c3", "riscv32imc-unknown-none-elf"),
];

fn hardware() -> Result<()> {
    let machine = Machine::this(Installing::Allowed);
    for (package, target) in HARDWARE {
        let toolchain = toolchain::choose(&machine, target, Policy::from_environment()?)?;
        say::step(&format!("clippy for a real {package} ({target})"));
        let mut clippy = toolchain.clippy(&machine, target)?;
        clippy
            .current_dir(root::firmware_examples().join("hardware"))
            .args(["--quiet", "--release", "--locked", "--package", package])
            .arg("--target-dir")
            .arg(root::target().join(toolchain.name()))
            .args(["--", "-D", "warnings"]);
        on_standard_error(&mut clippy)?;
    }
    Ok(())
}

fn on_standard_error(command: &mut process::Command) -> Result<()> {
    child::run(command.stdout(std::io::stderr()))
}
