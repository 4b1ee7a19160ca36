//! Variables whose every bit follows from the training step, so that a mixture of two
//! checkpoints cannot pass for one.

use gradlet::Variables;
use gradlet::tensor::{Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Variable};

/// A model of `values.len()` bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    step: i64,
    values: Vec<u8>,
}

impl Model {
    /// Before the first step.
    pub fn new(len: usize) -> Self {
        Self {
            step: 0,
            values: vec![0; len],
        }
    }

    /// The model after `step` steps.
    pub fn at(step: i64, len: usize) -> Self {
        let mut model = Self::new(len);
        model.train_to(step);
        model
    }

    /// Sets every value as after `step` steps.
    pub fn train_to(&mut self, step: i64) {
        self.step = step;
        let mut state = step as u64 ^ 0x9e37_79b9_7f4a_7c15;
        for value in &mut self.values {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *value = (state >> 32) as u8;
        }
    }

    /// Puts in what was stored elsewhere.
    pub fn load(&mut self, step: i64, values: &[u8]) {
        (self.step, self.values) = (step, values.to_vec());
    }

    /// The training step.
    pub fn step(&self) -> i64 {
        self.step
    }

    /// Its bytes.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// The step, if every value is that of one step.
    pub fn whole(&self) -> Option<i64> {
        let expected = Self::at(self.step, self.values.len());
        (self.values == expected.values).then_some(self.step)
    }
}

impl Variables for Model {
    fn count(&self) -> usize {
        2
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let (name, shape, view) = match index {
            0 => (
                "global_step",
                Shape::SCALAR,
                View::I64(std::slice::from_ref(&self.step)),
            ),
            1 => (
                "values",
                Shape::vector(self.values.len()),
                View::U8(&self.values),
            ),
            _ => return None,
        };
        Some(Variable {
            name: Name::new(name),
            shape,
            collections: Collections::GLOBAL,
            view,
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        match index {
            0 => Some(ViewMut::I64(std::slice::from_mut(&mut self.step))),
            1 => Some(ViewMut::U8(&mut self.values)),
            _ => None,
        }
    }

    fn global_step(&self) -> i64 {
        self.step
    }

    fn model_id(&self) -> u32 {
        0x600d_cafe ^ self.values.len() as u32
    }
}
