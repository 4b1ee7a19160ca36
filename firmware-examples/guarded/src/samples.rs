//! Which samples are for what: of each class the first ones come round by round, and the last
//! quarter is held back.
use crate::story::{CLASSES, FINETUNE_INPUTS, FINETUNE_LABELS, INPUT};

/// Samples of a class.
const OF_EACH: usize = FINETUNE_LABELS.len() / CLASSES;
const HELD_BACK: usize = OF_EACH / 4;

/// Some of the labelled samples.
#[derive(Clone, Copy)]
pub(crate) enum Group {
    /// Of each class, those from one number up to another.
    Came { from: usize, to: usize },
    /// Those that nothing is trained on.
    HeldBack,
}

impl Group {
    /// The samples, each with its class.
    pub(crate) fn samples(self) -> impl Iterator<Item = (&'static [i8; INPUT], usize)> {
        let mut seen = [0; CLASSES];
        let all = FINETUNE_INPUTS.iter().zip(&FINETUNE_LABELS);
        all.filter_map(move |(input, &label)| {
            let label = usize::from(label);
            let number = seen.get_mut(label)?;
            *number += 1;
            self.has(*number - 1).then_some((input, label))
        })
    }

    pub(crate) fn len(self) -> u32 {
        self.samples().map(|_| 1).sum()
    }

    /// Whether number `number` of a class is in it.
    fn has(self, number: usize) -> bool {
        match self {
            Self::Came { from, to } => (from..to).contains(&number),
            Self::HeldBack => number >= OF_EACH - HELD_BACK,
        }
    }
}
