//! One trajectory: gradients, and the states that TensorFlow reached with them.

/// One run of one of TensorFlow's optimizers over one variable.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Its name in the folder of goldens.
    pub name: &'a str,
    /// The optimizer with its hyper-parameters.
    pub rule: Rule,
    /// Elements of the variable.
    pub elements: usize,
    /// Elements of one row of the variable; a vector's rows have one.
    pub inner: usize,
    /// Rows of the gradient that each step brings (`IndexedSlices`); none where it is dense.
    pub touched: Option<usize>,
    /// Where in `data` the gradients start: f32, `elements` or `touched × inner` a step.
    pub gradients: usize,
    /// Where in `data` the rows' indices start: i32, `touched` a step.
    pub indices: usize,
    /// States, in the order of the steps; the first is the one before training.
    pub states: &'a [State<'a>],
    /// Everything in little-endian.
    pub data: &'a [u8],
}

use crate::Rule;

/// What TensorFlow's variables held after some steps.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// Number of steps done.
    pub after: usize,
    /// The variables.
    pub arrays: &'a [Array],
}

/// One of TensorFlow's variables at one time.
#[derive(Debug, Clone, Copy)]
pub struct Array {
    /// Which one.
    pub part: Part,
    /// Where in [`Case::data`] its elements start.
    pub offset: usize,
}

/// A variable of a training run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The one that is trained.
    Variable,
    /// A slot of it, in the optimizer's order.
    Slot(usize),
    /// A variable of the optimizer's own, in its order.
    Scalar(usize),
    /// `global_step`, an i64.
    GlobalStep,
}

impl<'a> Case<'a> {
    /// `count` numbers from byte `offset` on.
    pub(crate) fn floats(
        &self,
        offset: usize,
        count: usize,
    ) -> Option<impl Iterator<Item = f32> + use<'a>> {
        let bytes = self.data.get(offset..)?.get(..count.checked_mul(4)?)?;
        let words = bytes.as_chunks::<4>().0.iter();
        Some(words.map(|&word| f32::from_le_bytes(word)))
    }

    /// The rows that step `step` touches.
    pub(crate) fn rows(
        &self,
        step: usize,
        count: usize,
    ) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let bytes = self
            .data
            .get(self.indices.checked_add(step * count * 4)?..)?;
        let words = bytes.get(..count * 4)?.as_chunks::<4>().0.iter();
        Some(words.map(|&word| u32::from_le_bytes(word)))
    }

    /// The number of training steps.
    pub fn steps(&self) -> usize {
        self.states.last().map_or(0, |state| state.after)
    }
}
