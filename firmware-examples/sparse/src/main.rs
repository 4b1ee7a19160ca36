//! An embedding table on the device: a player learns what its user likes, and only the rows of the
//! songs that were rated are trained.
#![no_std]
#![no_main]

mod taste;

use board::{Board, Value, figure};
use gradlet::{Adagrad, Owned, checkpoint};
use taste::{BATCH, Rating, SONGS, Taste};

static TASTE: Owned<Taste> = Owned::new();

/// `tf.train.AdagradOptimizer(0.1)`
const ADAGRAD: Adagrad = Adagrad::new(0.1);
const STEPS: u32 = 120;

board::main!(run);

fn run(mut board: Board) -> Result<(), &'static str> {
    let taste = TASTE.init(ADAGRAD).map_err(|_| "the table is taken")?;
    taste.assign(shipped, 0.25);

    figure("error_before", taste.minimize(&ratings(0))?, "squared");
    let mut error = 0.0;
    for step in 1..STEPS {
        error = taste.minimize(&ratings(step))?;
    }
    figure("error_after", error, "squared");

    let changed = (0..SONGS).filter(|&song| {
        let row = taste.song(song as u32);
        row.is_some_and(|row| {
            (0..)
                .zip(row)
                .any(|(factor, &value)| value != shipped(song, factor))
        })
    });
    figure("rows_changed", changed.count() as u32, "row");
    figure(
        "state_crc32c",
        Value::Bits(fingerprint::of(taste)),
        "crc32c",
    );

    let file = board
        .open(c"checkpoint.gck")
        .map_err(|error| error.as_str())?;
    let bytes = checkpoint::write(taste, file).map_err(|_| "the checkpoint was not written")?;
    figure("checkpoint", bytes, "byte");
    Ok(())
}

/// The table as it is shipped: made up, and exact in `f32`.
fn shipped(song: usize, factor: usize) -> f32 {
    let noise = (song * 37 + factor * 101 + 11) % 200;
    (noise as f32 - 100.0) / 256.0
}

/// What the user rates in a step; a song may come twice. Only every other song is ever rated.
fn ratings(step: u32) -> [Rating; BATCH] {
    [step * 17, step * 29 + 5, step * 5 + 2].map(|number| {
        let song = number % (SONGS as u32 / 2) * 2;
        Rating {
            song,
            stars: ((song * 53 + 7) % 9) as f32 / 4.0 - 1.0,
        }
    })
}
