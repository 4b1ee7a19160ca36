//! When power goes, and what that leaves.

/// What the step in which power goes leaves: the write of one unit, or the erase of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Tear {
    /// Power goes before it: everything is as it was.
    Nothing,
    /// So many bytes are written, or erased; the others are as they were.
    Bytes(usize),
    /// Every bit that the step could change is random.
    Random,
    /// It reads as erased. For a write: as though it had not begun, though it has.
    Blank,
    /// All of it is done, but weakly: with [`TornReads::Unsteady`] it is there at one read and gone
    /// at the next.
    Weak,
    /// Power goes after it: all of it is done, but nobody was told.
    Complete,
}

/// What torn units read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TornReads {
    /// As [`Tear`] left them, always the same.
    AsTheyAre,
    /// As an error, which is what a flash with ECC does.
    Error,
    /// As something else each time.
    Random,
    /// Each time by chance as [`Tear`] left them, as erased, or as something else.
    Unsteady,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Power {
    On,
    Going { steps: u64, tear: Tear },
    Gone,
}

impl Power {
    pub(super) const ON: Self = Self::On;

    pub(super) fn going(steps: u64, tear: Tear) -> Self {
        Self::Going { steps, tear }
    }

    pub(super) fn is_on(self) -> bool {
        !matches!(self, Self::Gone)
    }

    /// Counts a step; what it leaves if it is the one that power goes in.
    pub(super) fn step(&mut self) -> Option<Tear> {
        match self {
            Self::Going { steps: 0, tear } => {
                let tear = *tear;
                *self = Self::Gone;
                Some(tear)
            }
            Self::Going { steps, .. } => {
                *steps -= 1;
                None
            }
            Self::On | Self::Gone => None,
        }
    }
}

/// Marsaglia's xorshift: enough for bits that follow no pattern of the content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Random(u32);

impl Random {
    pub(super) const fn new(seed: u32) -> Self {
        Self(if seed == 0 { 1 } else { seed })
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 24) as u8
    }
}
