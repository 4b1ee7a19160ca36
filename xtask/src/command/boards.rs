//! `cargo xtask boards`
use crate::{
    args::{Arguments, Command},
    board, example,
};
use anyhow::Result;

pub(super) const COMMAND: Command = Command {
    name: "boards",
    summary: "List the boards and what each offers",
    words: &[],
    flags: &[],
    details: "",
    run,
};

fn run(_: &Arguments) -> Result<()> {
    let examples = example::all()?;
    for board in board::all()? {
        let runs = examples
            .iter()
            .filter(|example| example.boards().contains(board.name.as_str()));
        let runs: Vec<&str> = runs.map(|example| example.name.as_str()).collect();
        println!("{}: {}", board.name, board.about);
        println!("  core      {} ({})", board.core, board.target);
        println!("  memory    {}", board.memory);
        println!("  offers    {}", board.offers.join(", "));
        println!("  examples  {}", runs.join(", "));
    }
    Ok(())
}
