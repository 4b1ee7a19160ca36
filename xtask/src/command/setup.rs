//! `cargo xtask setup`
use super::BOARD;
use crate::{
    args::{Arguments, Command},
    board, c,
    machine::{Installing, Machine},
    qemu, say,
    toolchain::{self, Policy, Toolchain},
};
use anyhow::Result;

pub(super) const COMMAND: Command = Command {
    name: "setup",
    summary: "Find or install the firmware compilers and QEMU",
    words: &[],
    flags: &[BOARD],
    details: "Without --board, for every board. The other commands do this by themselves.\n\
        GRADLET_TOOLCHAIN chooses the compiler: auto (the default), rustup or distro.",
    run,
};

fn run(arguments: &Arguments) -> Result<()> {
    let boards = match arguments.value(BOARD.name) {
        Some(name) => vec![board::find(name)?],
        None => board::all()?,
    };
    let machine = Machine::this(Installing::Allowed);
    let policy = Policy::from_environment()?;
    for board in boards {
        let compiler = match toolchain::choose(&machine, &board.target, policy)? {
            Toolchain::Active { cargo } => {
                format!("{} has `core` for {}", cargo.display(), board.target)
            }
            Toolchain::Distro { rustc, .. } => {
                format!(
                    "{} builds `core` for {} from source",
                    rustc.display(),
                    board.target
                )
            }
        };
        let qemu = qemu::find(&machine, &board.qemu.program)?;
        say::step(&format!(
            "{}: {compiler}; {} plays it",
            board.name,
            qemu.display()
        ));
    }
    let c = c::compiler(&machine)?;
    say::step(&format!("{} compiles the programs in C", c.display()));
    Ok(())
}
