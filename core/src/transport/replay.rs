//! Any part of a checkpoint, without a copy of it.

use crate::Variables;
use crate::checkpoint::{EncodeError, Encoder};

/// A checkpoint of variables from which any range can be read, as often as needed: going back
/// means encoding from the start again. The variables must not change meanwhile, and cannot while
/// they are borrowed.
#[derive(Debug)]
pub struct Replay<'a, V> {
    variables: &'a V,
    encoder: Encoder,
}

impl<'a, V: Variables> Replay<'a, V> {
    /// The checkpoint that `encoder`, which is at its start, makes of `variables`.
    pub fn new(variables: &'a V, encoder: Encoder) -> Self {
        Self { variables, encoder }
    }

    /// Bytes of the whole checkpoint.
    ///
    /// # Errors
    /// Those of [`Encoder::total_len`].
    pub fn total_len(&self) -> Result<u32, EncodeError> {
        self.encoder.total_len(self.variables)
    }

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// Those of [`Encoder::fill`].
    pub fn read(&mut self, offset: u32, out: &mut [u8]) -> Result<(), EncodeError> {
        if offset < self.encoder.offset() {
            self.encoder = self.encoder.restarted();
        }
        while self.encoder.offset() < offset {
            let mut skipped = [0; 64];
            let left = (offset - self.encoder.offset()) as usize;
            let room = skipped.get_mut(..left.min(64)).unwrap_or_default();
            if self.encoder.fill(self.variables, room)? == 0 {
                break;
            }
        }
        self.encoder.fill(self.variables, out)?;
        Ok(())
    }
}
