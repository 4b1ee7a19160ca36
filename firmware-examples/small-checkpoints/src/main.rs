//! Training whose state outlives the power, in as little flash as can be: a head on 64 features and
//! 10 classes with Adam, the small manager that keeps its checkpoints, and the writer that sends one
//! out.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::{Board, Value, figure};
use core::hint::black_box;
use gradlet::manager::SmallManager;
use gradlet::{Adam, Head, Owned, checkpoint};

static HEAD: Owned<Head<64, 10, Adam>> = Owned::new();
static FEATURES: Owned<[f32; 64]> = Owned::new();

board::main!(run);

fn run(board: Board) -> Result<(), &'static str> {
    let head = HEAD.init(Adam::new(0.01)).map_err(|_| "taken")?;
    let features = FEATURES.take().map_err(|_| "taken")?;

    let mut checkpoints = SmallManager::open(board.flash, 3).map_err(|_| "no room in the flash")?;
    checkpoints
        .restore_or_initialize(head)
        .map_err(|_| "a damaged checkpoint")?;

    let mut loss = 0.0;
    for step in 0..20 {
        let label = step % 10;
        for (index, feature) in features.iter_mut().enumerate() {
            *feature = (index * (label + 1) % 16) as f32;
        }
        loss = head
            .minimize(black_box(features), label)
            .map_err(|_| "no such class")?;
        if label == 9 {
            checkpoints.save(head).map_err(|_| "the flash failed")?;
        }
    }
    figure("loss", Value::Bits(loss.to_bits()), "bits");
    figure("saved", checkpoints.save_counter(), "checkpoint");
    let sent = checkpoint::write(head, board.serial).map_err(|_| "the line failed")?;
    figure("sent", sent, "byte");
    Ok(())
}
