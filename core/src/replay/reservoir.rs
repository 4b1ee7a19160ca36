//! Which samples stay.

use super::ReplayBuffer;
use crate::random::Random;

/// Keeps the numbers of the reservoir apart from those of the order.
const STREAM: u64 = 0x7265_7365_7276_6f69;

impl<const N: usize, const IN: usize, const OUT: usize> ReplayBuffer<N, IN, OUT> {
    /// The place of a sample that just came, already counted as seen; `None` if it does not stay.
    pub(super) fn place_for(&mut self, label: usize) -> Option<usize> {
        let len = self.len();
        if len < N {
            self.size = self.size.saturating_add(1);
            return Some(len);
        }
        let largest = self.largest()?;
        if let Some(full) = self.full.get_mut(largest) {
            *full = 1;
        }
        let mut random = Random::at(self.seed as u64 ^ STREAM, self.came());
        let own = self.kept(label);
        let had_its_share = self.full.get(label).is_some_and(|&full| full != 0);
        let (class, count) = match had_its_share && own > 0 {
            false => (largest, self.kept(largest)),
            // Each of the class's samples is among those kept with probability own/seen.
            true if (random.below(self.seen(label)) as usize) < own => (label, own),
            true => return None,
        };
        let chosen = random.below(u32::try_from(count).unwrap_or(u32::MAX)) as usize;
        self.of_class(class).nth(chosen)
    }

    /// The class of which most samples are kept, the first of equals.
    fn largest(&self) -> Option<usize> {
        let mut best = None;
        for class in 0..OUT {
            let kept = self.kept(class);
            if best.is_none_or(|(_, most)| kept > most) {
                best = Some((class, kept));
            }
        }
        best.map(|(class, _)| class)
    }

    /// Samples that came so far, of all classes.
    fn came(&self) -> u64 {
        self.seen.iter().copied().map(u64::from).sum()
    }
}
