//! Power is cut at every write and every erase of a run, and within them: the newest checkpoint
//! is always the one before or the one that was being saved, whole, and saving goes on.

mod forking;
mod model;
mod sweep;

use gradlet::manager::{Keep, Options};
use gradlet_tests::figures;

use sweep::{Sweep, Tally};

/// 50 saves, as long as they are cut at every step.
const SAVES: i64 = 50;

fn run<const READ: usize, const WRITE: usize, const ERASE: usize>(
    blocks: usize,
    payload: usize,
    options: Options,
) -> Tally {
    Sweep::<READ, WRITE, ERASE>::new(blocks, payload, options).run(SAVES)
}

#[test]
fn no_cut_loses_a_checkpoint_or_space() {
    let options = Options::DEFAULT;
    let few = Options {
        max_to_keep: 2,
        ..options
    };
    let kept = Options {
        max_to_keep: 2,
        keep: Keep::EverySteps(5),
        max_kept: 3,
        ..options
    };
    type Run = (&'static str, fn(Options) -> Tally, Options);
    let runs: [Run; 6] = [
        (
            "1-byte writes, 4 KiB blocks",
            |o| run::<1, 1, 4096>(2, 160, o),
            options,
        ),
        (
            "4-byte writes, 1 KiB blocks",
            |o| run::<1, 4, 1024>(6, 1100, o),
            few,
        ),
        (
            "8-byte writes, 2 KiB blocks",
            |o| run::<8, 8, 2048>(6, 700, o),
            kept,
        ),
        (
            "32-byte writes, 128 KiB blocks",
            |o| run::<4, 32, 131_072>(2, 2000, o),
            options,
        ),
        (
            "16-byte writes, 512 B blocks",
            |o| run::<16, 16, 512>(13, 800, o),
            kept,
        ),
        (
            "2-byte writes, 4-byte reads",
            |o| run::<4, 2, 1024>(4, 300, o),
            options,
        ),
    ];
    let mut total = Tally::default();
    for (name, run, options) in runs {
        let start = std::time::Instant::now();
        let tally = run(options);
        eprintln!("{name}: {tally:?} {:?}", start.elapsed());
        assert!(tally.cuts > 1000, "{name}: only {} cuts", tally.cuts);
        total += tally;
    }
    figures::print("power_cuts.simulated", total.cuts, "cuts");
    figures::print("power_cuts.lost", total.lost, "checkpoints");
    assert_eq!(total.lost, 0, "checkpoints were lost");
    assert!(total.cuts >= 100_000, "only {} cuts", total.cuts);
}
