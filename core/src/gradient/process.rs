//! What is done to gradients before an optimizer gets them.

use super::clip::clip_by_value;
use crate::Real;
use crate::variable::Name;

/// Some consecutive elements of a variable's gradient, on their way to the optimizer.
#[derive(Debug)]
pub struct Piece<'a> {
    /// Name of the variable.
    pub name: Name<'a>,
    /// Index of the first of the elements in the variable.
    pub first: usize,
    /// The variable's elements.
    pub variable: &'a [f32],
    /// Their gradient.
    pub gradient: &'a mut [f32],
    /// Number of the variable among the model's parameters: the odd ones are kernels.
    pub(crate) parameter: usize,
}

impl<'a> Piece<'a> {
    pub(crate) const fn new(
        name: Name<'a>,
        parameter: usize,
        first: usize,
        variable: &'a [f32],
        gradient: &'a mut [f32],
    ) -> Self {
        Self {
            name,
            first,
            variable,
            gradient,
            parameter,
        }
    }
}

/// A function of gradients, applied a piece at a time: a closure, or one of those below.
pub trait Process {
    /// Changes the gradient of some elements.
    fn process(&self, piece: &mut Piece<'_>);
}

impl<F: Fn(&mut Piece<'_>)> Process for F {
    fn process(&self, piece: &mut Piece<'_>) {
        self(piece);
    }
}

/// Nothing.
#[derive(Debug, Clone, Copy)]
pub struct Unprocessed;

impl Process for Unprocessed {
    #[inline]
    fn process(&self, _: &mut Piece<'_>) {}
}

/// One after the other.
#[derive(Debug, Clone, Copy)]
pub struct Then<P, Q>(pub P, pub Q);

impl<P: Process, Q: Process> Process for Then<P, Q> {
    fn process(&self, piece: &mut Piece<'_>) {
        self.0.process(piece);
        self.1.process(piece);
    }
}

/// Multiplies by a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale(pub f32);

impl Process for Scale {
    fn process(&self, piece: &mut Piece<'_>) {
        let factor = Real::new(self.0);
        for g in &mut *piece.gradient {
            *g = (Real::new(*g) * factor).get();
        }
    }
}

/// `tf.clip_by_value`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipByValue {
    /// The smallest value.
    pub low: f32,
    /// The largest value.
    pub high: f32,
}

impl Process for ClipByValue {
    fn process(&self, piece: &mut Piece<'_>) {
        clip_by_value(piece.gradient, self.low, self.high);
    }
}

/// Most parameters of a model: two a layer.
pub(crate) const PARAMETERS: usize = 4;

/// `tf.clip_by_norm`, each variable by itself, once the norms are known: (g·c)/max(norm, c).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipByNorm {
    pub(crate) norms: [f32; PARAMETERS],
    pub(crate) clip_norm: f32,
}

impl Process for ClipByNorm {
    fn process(&self, piece: &mut Piece<'_>) {
        let norm = self.norms.get(piece.parameter).copied();
        let clip = Real::new(self.clip_norm);
        let longer = Real::new(norm.unwrap_or(0.0)).max(clip);
        for g in &mut *piece.gradient {
            *g = ((Real::new(*g) * clip) / longer).get();
        }
    }
}

/// `tf.keras.regularizers.L1L2`: a penalty of l1·Σ|v| + l2·Σv² on a variable, whose gradient is
/// l1·sign(v) + l2·2v.
///
/// `l2` is half of the factor of `tf.nn.l2_loss`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct L1L2 {
    /// The factor of the magnitudes.
    pub l1: f32,
    /// The factor of the squares.
    pub l2: f32,
}

impl L1L2 {
    /// The penalty of a variable's elements, which is not part of the loss that a step returns.
    pub fn loss(&self, variable: &[f32]) -> f32 {
        let (mut magnitudes, mut squares) = (0.0, 0.0);
        for v in variable {
            magnitudes += v.abs();
            squares += v * v;
        }
        self.l1 * magnitudes + self.l2 * squares
    }
}

impl Process for L1L2 {
    fn process(&self, piece: &mut Piece<'_>) {
        let (l1, l2, two) = (Real::new(self.l1), Real::new(self.l2), Real::new(2.0));
        for (g, &v) in piece.gradient.iter_mut().zip(piece.variable) {
            let v = Real::new(v);
            *g = (Real::new(*g) + (l1 * v.sign() + l2 * (v * two))).get();
        }
    }
}

/// On kernels only (`kernel_regularizer`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnKernels<P>(pub P);

impl<P: Process> Process for OnKernels<P> {
    fn process(&self, piece: &mut Piece<'_>) {
        if piece.parameter % 2 == 1 {
            self.0.process(piece);
        }
    }
}
