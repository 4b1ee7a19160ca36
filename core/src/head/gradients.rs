//! Gradients between their computation and their application.

use super::dense::{Dense, Place};
use super::source::Source;
use super::training::Training;
use crate::Real;
use crate::gradient::{
    ClipByNorm, ClipByValue, L1L2, OnKernels, PARAMETERS, Piece, Process, Scale, SumOfSquares,
    Then, Unprocessed, global_scale, root,
};
use crate::optimizer::Optimizer;

/// Gradients of a loss with respect to a model's trainable variables, not applied yet.
///
/// They are never stored: what they are computed from is, and each piece is computed when it is
/// looked at, when a norm needs it, and when it is applied. What is asked for here happens in the
/// order in which it is asked for, with TensorFlow's arithmetic, element by element.
#[must_use = "gradients change nothing until they are applied"]
pub struct Gradients<'a, O: Optimizer, L, P = Unprocessed> {
    training: &'a mut Training<O>,
    layers: L,
    process: P,
    loss: f32,
}

impl<'a, O: Optimizer, L: Layers<O>> Gradients<'a, O, L> {
    pub(super) const fn new(training: &'a mut Training<O>, layers: L, loss: f32) -> Self {
        Self {
            training,
            layers,
            process: Unprocessed,
            loss,
        }
    }
}

impl<'a, O: Optimizer, L: Layers<O>, P: Process> Gradients<'a, O, L, P> {
    /// The loss.
    pub const fn loss(&self) -> f32 {
        self.loss
    }

    /// Changes each piece of the gradients: a closure, or something from
    /// [`gradient`](crate::gradient).
    pub fn process<Q: Process>(self, process: Q) -> Gradients<'a, O, L, Then<P, Q>> {
        Gradients {
            training: self.training,
            layers: self.layers,
            process: Then(self.process, process),
            loss: self.loss,
        }
    }

    /// Adds the gradient of a penalty on the kernels. Before anything that clips.
    pub fn kernel_regularizer(
        self,
        penalty: L1L2,
    ) -> Gradients<'a, O, L, Then<P, OnKernels<L1L2>>> {
        self.process(OnKernels(penalty))
    }

    /// Multiplies all gradients: the weight of a sample.
    pub fn scale(self, factor: f32) -> Gradients<'a, O, L, Then<P, Scale>> {
        self.process(Scale(factor))
    }

    /// `tf.clip_by_value`.
    pub fn clip_by_value(self, low: f32, high: f32) -> Gradients<'a, O, L, Then<P, ClipByValue>> {
        self.process(ClipByValue { low, high })
    }

    /// `tf.clip_by_norm` of each variable's gradient by itself.
    pub fn clip_by_norm(self, clip_norm: f32) -> Gradients<'a, O, L, Then<P, ClipByNorm>> {
        let mut norms = [0.0; PARAMETERS];
        for (parameter, norm) in norms.iter_mut().enumerate() {
            *norm = root(self.sum_of_squares(parameter, Real::ONE)).get();
        }
        self.process(ClipByNorm { norms, clip_norm })
    }

    /// `tf.clip_by_global_norm`: all gradients as one vector.
    pub fn clip_by_global_norm(self, clip_norm: f32) -> Gradients<'a, O, L, Then<P, Scale>> {
        let scale = global_scale(self.global_norm(), clip_norm);
        self.scale(scale.get())
    }

    /// `tf.global_norm`.
    pub fn global_norm(&self) -> f32 {
        let half = Real::new(0.5);
        let mut sum = Real::ZERO;
        for parameter in 0..PARAMETERS {
            sum += self.sum_of_squares(parameter, half);
        }
        (sum * Real::new(2.0)).sqrt().get()
    }

    /// Shows `visit` all gradients as they would be applied, piece by piece.
    pub fn each(&self, mut visit: impl FnMut(&Piece<'_>)) {
        self.layers.each(&mut |mut piece| {
            self.process.process(&mut piece);
            visit(&piece);
        });
    }

    /// Applies the gradients and advances `global_step`; returns the loss.
    pub fn apply_gradients(mut self) -> f32 {
        let step = self.training.begin();
        self.layers.apply(&step, &self.process);
        self.training.finish(&step);
        self.loss
    }

    /// Σ(g·g·`factor`) of one parameter's gradient.
    fn sum_of_squares(&self, parameter: usize, factor: Real) -> Real {
        let mut sum = SumOfSquares::new(self.layers.elements(parameter), factor);
        self.each(|piece| {
            if piece.parameter == parameter {
                sum.add(piece.first, piece.gradient);
            }
        });
        sum.total()
    }
}

/// The layers of a model with what their gradients are computed from; not to be implemented.
pub trait Layers<O: Optimizer>: sealed::Sealed {
    /// Elements of a parameter.
    #[doc(hidden)]
    fn elements(&self, parameter: usize) -> usize;

    /// Shows each piece of the gradients of what is trainable.
    #[doc(hidden)]
    fn each(&self, visit: &mut impl FnMut(Piece<'_>));

    /// Applies the gradients of what is trainable.
    #[doc(hidden)]
    fn apply(&mut self, step: &O::Step, process: &impl Process);
}

mod sealed {
    pub trait Sealed {}
}

/// A layer with what its gradient is computed from.
pub(super) struct Layer<'a, const IN: usize, const OUT: usize, O: Optimizer, S> {
    dense: &'a mut Dense<IN, OUT, O>,
    place: Place,
    source: S,
}

impl<'a, const IN: usize, const OUT: usize, O: Optimizer, S> Layer<'a, IN, OUT, O, S> {
    pub(super) const fn new(dense: &'a mut Dense<IN, OUT, O>, place: Place, source: S) -> Self {
        Self {
            dense,
            place,
            source,
        }
    }
}

impl<const IN: usize, const OUT: usize, O: Optimizer, S> sealed::Sealed
    for Layer<'_, IN, OUT, O, S>
{
}

impl<const IN: usize, const OUT: usize, O: Optimizer, S: Source<OUT>> Layers<O>
    for Layer<'_, IN, OUT, O, S>
{
    fn elements(&self, parameter: usize) -> usize {
        match parameter.checked_sub(2 * self.place.layer) {
            Some(0) => OUT,
            Some(1) => IN * OUT,
            _ => 0,
        }
    }

    fn each(&self, visit: &mut impl FnMut(Piece<'_>)) {
        self.dense.each_piece(self.place, &self.source, visit);
    }

    fn apply(&mut self, step: &O::Step, process: &impl Process) {
        self.dense
            .apply_processed(step, self.place, &self.source, process);
    }
}

impl<A: sealed::Sealed, B: sealed::Sealed> sealed::Sealed for (A, B) {}

impl<O: Optimizer, A: Layers<O>, B: Layers<O>> Layers<O> for (A, B) {
    fn elements(&self, parameter: usize) -> usize {
        self.0.elements(parameter) + self.1.elements(parameter)
    }

    fn each(&self, visit: &mut impl FnMut(Piece<'_>)) {
        self.0.each(visit);
        self.1.each(visit);
    }

    fn apply(&mut self, step: &O::Step, process: &impl Process) {
        self.0.apply(step, process);
        self.1.apply(step, process);
    }
}
