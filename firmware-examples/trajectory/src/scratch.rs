//! Memory of a replay.

use crate::{Case, Fault};

/// Memory in which a case is replayed; its content does not matter.
#[derive(Debug)]
pub struct Scratch<'s> {
    /// As many as [`Case::numbers`] tells, or more.
    pub numbers: &'s mut [f32],
    /// As many as [`Case::touched`] tells, or more.
    pub indices: &'s mut [u32],
}

/// The most slots that an optimizer has.
const MOST_SLOTS: usize = 3;

impl Case<'_> {
    /// Numbers that a replay needs as scratch: the variable, its slots, the variable before the
    /// step, its path, and a step's gradient.
    pub const fn numbers(&self) -> usize {
        self.elements * (MOST_SLOTS + 3) + self.gradient_len()
    }

    /// Elements of one step's gradient.
    pub(crate) const fn gradient_len(&self) -> usize {
        match self.touched {
            Some(rows) => rows * self.inner,
            None => self.elements,
        }
    }
}

/// Cuts `len` elements off the front of `rest`.
pub(crate) fn cut<'a, T>(rest: &mut &'a mut [T], len: usize) -> Result<&'a mut [T], Fault> {
    let (front, back) = core::mem::take(rest)
        .split_at_mut_checked(len)
        .ok_or(Fault::Scratch)?;
    *rest = back;
    Ok(front)
}
