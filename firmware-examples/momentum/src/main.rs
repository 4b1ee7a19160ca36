//! Another optimizer: the head of `wand_digits` is fine-tuned with Nesterov's momentum, which keeps
//! one slot where Adam keeps two.
#![no_std]
#![no_main]

use board::{Board, Value, figure};
use gradlet::{Head, Momentum, Owned, checkpoint};
use wand::{CLASSES, FEATURES, Wand};

static HEAD: Owned<Head<FEATURES, CLASSES, Momentum>> = Owned::new();

/// `tf.train.MomentumOptimizer(0.03, 0.9, use_nesterov=True)`
const MOMENTUM: Momentum = Momentum::nesterov(0.03, 0.9);

board::main!(run);

fn run(mut board: Board) -> Result<(), &'static str> {
    let head = HEAD.init(MOMENTUM).map_err(|_| "the head is taken")?;
    head.assign(&wand::KERNEL, &wand::BIAS);

    let mut wand = Wand::new()?;
    figure(
        "accuracy_before",
        wand.accuracy(|features| head.predict(features))?,
        "%",
    );
    for step in 0.. {
        let Some(batch) = wand.batch(step)? else {
            break;
        };
        head.minimize_batch(batch)
            .map_err(|_| "the batch is empty")?;
    }
    figure(
        "accuracy_after",
        wand.accuracy(|features| head.predict(features))?,
        "%",
    );
    figure("state_crc32c", Value::Bits(fingerprint::of(head)), "crc32c");

    let file = board
        .open(c"checkpoint.gck")
        .map_err(|error| error.as_str())?;
    let bytes = checkpoint::write(head, file).map_err(|_| "the checkpoint was not written")?;
    figure("checkpoint", bytes, "byte");
    Ok(())
}
