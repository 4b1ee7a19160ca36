//! What feeds a head: the frozen model's output, as real numbers or as int8.

use crate::Zeroed;

/// How int8 values stand for real ones: real = (q − zero_point)·scale, as in TensorFlow Lite.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quantization {
    /// The step between two neighbouring values.
    pub scale: f32,
    /// The int8 value that stands for 0.
    pub zero_point: i8,
}

impl Zeroed for Quantization {
    const ZERO: Self = Self {
        scale: 0.0,
        zero_point: 0,
    };
}

/// The features of one sample.
pub trait Features<const IN: usize> {
    /// The real value of feature `index`; 0 from `IN` on.
    fn real(&self, index: usize) -> f32;

    /// Gives all real values to `visit`, some at a time, each time with the index of the first.
    fn for_each_run(&self, mut visit: impl FnMut(usize, &[f32])) {
        let mut run = [0.0; RUN];
        for first in (0..IN).step_by(RUN) {
            for (index, value) in (first..IN).zip(&mut run) {
                *value = self.real(index);
            }
            visit(first, run.get(..IN - first).unwrap_or(&run));
        }
    }
}

/// Values that are real at once: enough for a kernel to be worth its call, little of a stack.
const RUN: usize = 16;

impl<const IN: usize> Features<IN> for [f32; IN] {
    fn real(&self, index: usize) -> f32 {
        self.get(index).copied().unwrap_or(0.0)
    }

    fn for_each_run(&self, mut visit: impl FnMut(usize, &[f32])) {
        visit(0, self);
    }
}

impl<const IN: usize, F: Features<IN>> Features<IN> for &F {
    fn real(&self, index: usize) -> f32 {
        (**self).real(index)
    }

    fn for_each_run(&self, visit: impl FnMut(usize, &[f32])) {
        (**self).for_each_run(visit);
    }
}

/// The int8 features of one sample, used as they are: no f32 copy is made.
#[derive(Debug, Clone, Copy)]
pub struct Quantized<'a, const IN: usize> {
    /// The frozen model's int8 output.
    pub values: &'a [i8; IN],
    /// What it stands for.
    pub quantization: Quantization,
}

impl<const IN: usize> Features<IN> for Quantized<'_, IN> {
    fn real(&self, index: usize) -> f32 {
        self.values
            .get(index)
            .map_or(0.0, |&value| value.real(self.quantization))
    }
}

/// A type in which a batch keeps features: `f32`, or `i8` for a quarter of the memory.
pub trait Element: Zeroed + Copy {
    /// The real value.
    fn real(self, quantization: Quantization) -> f32;
}

impl Element for f32 {
    fn real(self, _quantization: Quantization) -> f32 {
        self
    }
}

impl Element for i8 {
    fn real(self, quantization: Quantization) -> f32 {
        // The difference fits in 9 bits: exact. One rounding, as TensorFlow's dequantisation.
        f32::from(i16::from(self) - i16::from(quantization.zero_point)) * quantization.scale
    }
}
