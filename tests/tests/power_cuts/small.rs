//! Sweeps of the small manager.

use crate::keeper::Small;
use crate::plain::{Run, run, weak};

const THREE: Small = Small { slots: 3 };
const FIVE: Small = Small { slots: 5 };

pub(crate) const CUTS: [Run; 6] = [
    ("small, 1-byte writes, 4 KiB blocks", || {
        run::<_, 1, 1, 4096>(THREE, 3, 160)
    }),
    ("small, 4-byte writes, two 1 KiB blocks each", || {
        run::<_, 1, 4, 1024>(THREE, 7, 1100)
    }),
    ("small, 8-byte writes, 2 KiB blocks", || {
        run::<_, 8, 8, 2048>(FIVE, 5, 700)
    }),
    ("small, 32-byte writes, 128 KiB blocks", || {
        run::<_, 4, 32, 131_072>(THREE, 3, 2000)
    }),
    ("small, 16-byte writes, four 512 B blocks each", || {
        run::<_, 16, 16, 512>(THREE, 13, 1700)
    }),
    ("small, 2-byte writes, 4-byte reads", || {
        run::<_, 4, 2, 1024>(FIVE, 5, 200)
    }),
];

pub(crate) const WEAK: [Run; 3] = [
    ("small, weak", || weak::<_, 1, 4, 1024>(THREE, 3, 300)),
    ("small, weak, two blocks each", || {
        weak::<_, 1, 8, 1024>(FIVE, 10, 1500)
    }),
    ("small, weak, 8-byte reads", || {
        weak::<_, 8, 8, 2048>(THREE, 3, 700)
    }),
];
