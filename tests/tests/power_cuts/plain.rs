//! Sweeps of regions that keep the newest checkpoints alone.

use std::time::Instant;

use gradlet::manager::{Claim, Options};

use crate::forking::Kind;
use crate::keeper::{Keeper, Manager};
use crate::sweep::{Sweep, Tally};

/// A sweep and its name.
pub(crate) type Run = (&'static str, fn() -> Tally);

/// 50 saves, as long as they are cut at every step.
const SAVES: i64 = 50;

pub(crate) fn run<K: Keeper, const READ: usize, const WRITE: usize, const ERASE: usize>(
    keeper: K,
    blocks: usize,
    payload: usize,
) -> Tally {
    Sweep::<K, READ, WRITE, ERASE>::new(keeper, blocks, payload).run(SAVES)
}

/// 24 saves, with cuts that leave what may be there or not.
pub(crate) fn weak<K: Keeper, const READ: usize, const WRITE: usize, const ERASE: usize>(
    keeper: K,
    blocks: usize,
    payload: usize,
) -> Tally {
    let sweep = Sweep::<K, READ, WRITE, ERASE>::new(keeper, blocks, payload);
    sweep.leaving(Kind::Weak).run(24)
}

/// Runs all sweeps at once; what came out of them together.
pub(crate) fn all(runs: &[Run]) -> Tally {
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let start = |&(name, run): &Run| {
            scope.spawn(move || {
                let start = Instant::now();
                let tally = run();
                eprintln!("{name}: {tally:?} {:?}", start.elapsed());
                assert!(tally.cuts > 500, "{name}: only {} cuts", tally.cuts);
                tally
            })
        };
        let threads: Vec<_> = runs.iter().map(start).collect();
        for thread in threads {
            total += thread.join().expect("a run that ends");
        }
    });
    total
}

/// The very first save is cut as well: a region of nobody else's.
pub(crate) const DEFAULT: Options = Options {
    claim: Claim::Interrupted,
    ..Options::DEFAULT
};

pub(crate) const PLAIN: Manager = Manager {
    options: DEFAULT,
    keeps: None,
    recent: 1,
};

const FEW: Manager = Manager {
    options: Options {
        max_to_keep: 2,
        ..DEFAULT
    },
    keeps: None,
    recent: 1,
};

/// The newest is all that there is.
const ONE: Manager = Manager {
    options: Options {
        max_to_keep: 1,
        ..DEFAULT
    },
    keeps: None,
    recent: 1,
};

pub(crate) const CUTS: [Run; 5] = [
    ("1-byte writes, 4 KiB blocks", || {
        run::<_, 1, 1, 4096>(PLAIN, 2, 160)
    }),
    ("4-byte writes, 1 KiB blocks", || {
        run::<_, 1, 4, 1024>(FEW, 6, 1100)
    }),
    ("32-byte writes, 128 KiB blocks", || {
        run::<_, 4, 32, 131_072>(PLAIN, 2, 2000)
    }),
    ("8-byte writes, 1 KiB blocks, the newest only", || {
        run::<_, 1, 8, 1024>(ONE, 2, 700)
    }),
    ("2-byte writes, 4-byte reads", || {
        run::<_, 4, 2, 1024>(PLAIN, 4, 200)
    }),
];

/// Checkpoints that share a block or take several, with room and without.
pub(crate) const WEAK: [Run; 4] = [
    ("weak, several a block", || {
        weak::<_, 1, 4, 1024>(PLAIN, 12, 300)
    }),
    ("weak, several blocks each", || {
        weak::<_, 1, 4, 1024>(PLAIN, 20, 1500)
    }),
    ("weak, several a block, no more than two blocks", || {
        weak::<_, 1, 8, 1024>(PLAIN, 2, 160)
    }),
    ("weak, one of two blocks", || {
        weak::<_, 1, 8, 1024>(PLAIN, 2, 800)
    }),
];
