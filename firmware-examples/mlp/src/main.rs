//! A head with a hidden layer: the frozen layers' features go through 16 units more, and both
//! layers are trained on the device, from weights that mean nothing yet.
#![no_std]
#![no_main]

use board::{Board, Value, figure};
use gradlet::{Adam, Hidden, Mlp, Owned, checkpoint};
use wand::{BATCH, CLASSES, FEATURES, Wand};

/// Units of the hidden layer; a ReLU follows them.
const UNITS: usize = 16;

static MLP: Owned<Mlp<FEATURES, UNITS, CLASSES, Adam>> = Owned::new();
/// What a batch leaves in the hidden layer until its gradient is computed.
static HIDDEN: Owned<Hidden<BATCH, UNITS>> = Owned::new();

/// The story is seen five times.
const EPOCHS: usize = 5;

static HIDDEN_KERNEL: [[f32; UNITS]; FEATURES] = noise(1);
static HEAD_KERNEL: [[f32; CLASSES]; UNITS] = noise(2);

board::main!(run);

fn run(mut board: Board) -> Result<(), &'static str> {
    let mlp = MLP
        .init(Adam::new(0.01))
        .map_err(|_| "the model is taken")?;
    let hidden = HIDDEN.take().map_err(|_| "the batch is taken")?;
    mlp.assign_hidden(&HIDDEN_KERNEL, &[0.0; UNITS]);
    mlp.assign_head(&HEAD_KERNEL, &[0.0; CLASSES]);

    let mut wand = Wand::new()?;
    figure(
        "accuracy_before",
        wand.accuracy(|features| mlp.predict(features))?,
        "%",
    );
    for _ in 0..EPOCHS {
        for step in 0.. {
            let Some(batch) = wand.batch(step)? else {
                break;
            };
            mlp.minimize_batch(batch, hidden)
                .map_err(|_| "the batch is empty")?;
        }
    }
    figure(
        "accuracy_after",
        wand.accuracy(|features| mlp.predict(features))?,
        "%",
    );
    figure("state_crc32c", Value::Bits(fingerprint::of(mlp)), "crc32c");

    let file = board
        .open(c"checkpoint.gck")
        .map_err(|error| error.as_str())?;
    let bytes = checkpoint::write(mlp, file).map_err(|_| "the checkpoint was not written")?;
    figure("checkpoint", bytes, "byte");
    Ok(())
}

/// Small weights that differ from one another, and are exact in `f32`: from -0.25 to 0.25.
const fn noise<const ROWS: usize, const COLUMNS: usize>(seed: u32) -> [[f32; COLUMNS]; ROWS] {
    let mut weights = [[0.0; COLUMNS]; ROWS];
    let mut index = 0;
    while index < ROWS * COLUMNS {
        let mixed = (index as u32 + seed * 65_536).wrapping_mul(2_654_435_761) >> 8;
        weights[index / COLUMNS][index % COLUMNS] = ((mixed % 2048) as f32 - 1024.0) / 4096.0;
        index += 1;
    }
    weights
}
