//! In which order the samples are trained on.

use super::ReplayBuffer;
use crate::random::Random;

impl<const N: usize, const IN: usize, const OUT: usize> ReplayBuffer<N, IN, OUT> {
    /// The place of the next sample. A pass visits each place once; samples that come during a
    /// pass mix what is left of it anew.
    pub(super) fn next_place(&mut self) -> Option<usize> {
        let len = u32::try_from(self.len()).ok()?;
        let [pass, position] = &mut self.order;
        if *position >= len {
            (*pass, *position) = (pass.wrapping_add(1), 0);
        }
        let place = Shuffle::new(self.seed as u64, *pass, len)?.place(*position);
        *position += 1;
        usize::try_from(place).ok()
    }
}

/// A permutation of the numbers below `len` that needs no memory: each is computed from its
/// position.
///
/// Four rounds of additions and odd multiplications, modulo a power of two, and of shifted
/// exclusive ors. Each is one to one on the numbers below that power; what falls outside `len` is
/// sent through again (cycle walking; Black and Rogaway 2002), which ends because what lies inside
/// is where every cycle comes from.
struct Shuffle {
    keys: [u32; 4],
    mask: u32,
    shift: u32,
    len: u32,
}

impl Shuffle {
    /// `None` if there is nothing to shuffle.
    fn new(seed: u64, pass: u32, len: u32) -> Option<Self> {
        let bits = u32::BITS - len.checked_sub(1)?.leading_zeros();
        let mut random = Random::at(seed, u64::from(pass));
        Some(Self {
            keys: [(); 4].map(|()| random.next_u32()),
            mask: ((1u64 << bits) - 1) as u32,
            shift: bits.div_ceil(2).max(1),
            len,
        })
    }

    /// Where `position`, which is below `len`, goes.
    fn place(&self, position: u32) -> u32 {
        let mut x = position;
        loop {
            for key in self.keys {
                x = x.wrapping_add(key >> 8) & self.mask;
                x = x.wrapping_mul(key | 1) & self.mask;
                x ^= x >> self.shift;
            }
            if x < self.len {
                return x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shuffle;
    use std::vec;

    #[test]
    fn a_pass_visits_every_place_once() {
        for len in (1..70).chain([100, 127, 128, 129, 1000]) {
            for pass in 0..20 {
                let shuffle = Shuffle::new(3, pass, len).unwrap();
                let mut visited = vec![false; len as usize];
                for position in 0..len {
                    let place = shuffle.place(position) as usize;
                    assert!(!visited[place], "{len} places, pass {pass}: {place} twice");
                    visited[place] = true;
                }
            }
        }
        assert!(Shuffle::new(3, 0, 0).is_none());
    }

    #[test]
    fn every_place_comes_at_every_position_about_as_often() {
        const PASSES: u32 = 20_000;
        for len in [2, 3, 5, 8, 10, 13] {
            let mut counts = vec![vec![0u32; len as usize]; len as usize];
            for pass in 0..PASSES {
                let shuffle = Shuffle::new(11, pass, len).unwrap();
                for position in 0..len {
                    counts[position as usize][shuffle.place(position) as usize] += 1;
                }
            }
            let expected = f64::from(PASSES) / f64::from(len);
            for count in counts.iter().flatten() {
                let ratio = f64::from(*count) / expected;
                assert!((0.8..1.25).contains(&ratio), "{len} places: {counts:?}");
            }
        }
    }
}
