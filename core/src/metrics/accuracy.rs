//! The share of right predictions.

use crate::owned::Initialize;
use crate::tensor::{Shape, View, ViewMut};
use crate::variable::{Collections, Name, Variable};
use crate::{Variables, Zeroed};

/// `tf.compat.v1.metrics.accuracy`: the share of right predictions so far. Local variables
/// `accuracy/total` and `accuracy/count`, `f32` as in TensorFlow: exact up to 2²⁴ samples.
///
/// ```
/// use gradlet::metrics::Accuracy;
/// let mut accuracy = Accuracy::new();
/// accuracy.update(2, 2);
/// accuracy.update(1, 2);
/// assert_eq!(accuracy.value(), 0.5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Accuracy {
    total: f32,
    count: f32,
}

impl Zeroed for Accuracy {
    const ZERO: Self = Self {
        total: 0.0,
        count: 0.0,
    };
}

impl Initialize<()> for Accuracy {
    fn initialize(&mut self, (): ()) {}
}

impl Accuracy {
    /// Of no sample yet.
    pub const fn new() -> Self {
        Self::ZERO
    }

    /// Counts a sample of class `label` for which `prediction` was predicted.
    pub fn update(&mut self, label: usize, prediction: usize) {
        self.total += f32::from(u8::from(label == prediction));
        self.count += 1.0;
    }

    /// The share of right predictions; 0 before the first sample.
    pub fn value(&self) -> f32 {
        match self.count > 0.0 {
            true => self.total / self.count,
            false => 0.0,
        }
    }

    /// Starts again.
    pub const fn reset(&mut self) {
        *self = Self::ZERO;
    }
}

impl Variables for Accuracy {
    fn count(&self) -> usize {
        2
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let (name, value) = match index {
            0 => ("count", &self.count),
            1 => ("total", &self.total),
            _ => return None,
        };
        Some(Variable {
            name: Name::scoped("accuracy", name),
            shape: Shape::SCALAR,
            collections: Collections::LOCAL,
            view: View::F32(core::slice::from_ref(value)),
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        let value = match index {
            0 => &mut self.count,
            1 => &mut self.total,
            _ => return None,
        };
        Some(ViewMut::F32(core::slice::from_mut(value)))
    }

    /// None of its own.
    fn global_step(&self) -> i64 {
        0
    }
}
