//! The trainable final layers: a dense layer, or two with an activation between them.

mod activation;
mod batch;
mod dense;
mod error;
mod gradients;
mod mlp;
mod source;
mod training;
mod var_list;

pub use activation::{Activation, Relu, Relu6, Sigmoid, Tanh};
pub use batch::Batch;
pub use error::HeadError;
pub use gradients::{Gradients, Layers};
pub use mlp::{Hidden, Mlp};

use dense::{Dense, Place};
use gradients::Layer;
use source::Sample;
use training::Training;

use crate::features::{Element, Features};
use crate::loss::{Label, Loss, SoftmaxCrossEntropy};
use crate::optimizer::Optimizer;
use crate::owned::Initialize;
use crate::tensor::ViewMut;
use crate::variable::{NoVariable, Variable};
use crate::{Variables, Zeroed};

/// A dense layer of `IN` features and `OUT` classes with its optimizer and slots.
///
/// The kernel is TensorFlow's, `[IN, OUT]` row-major. Variables carry TensorFlow's names,
/// `head/kernel`, `head/bias`, their slots (`head/kernel/Adam`), the optimizer's own
/// (`beta1_power`) and `global_step`. A gradient of the kernel's size is never stored: it is
/// computed a row at a time from features and deltas.
///
/// [`minimize`](Self::minimize) trains on softmax cross entropy,
/// [`minimize_loss`](Self::minimize_loss) on any [`loss`](crate::loss);
/// [`compute_gradients`](Self::compute_gradients) lets gradients be looked at and changed before
/// they are applied.
pub struct Head<const IN: usize, const OUT: usize, O: Optimizer> {
    dense: Dense<IN, OUT, O>,
    training: Training<O>,
}

impl<const IN: usize, const OUT: usize, O: Optimizer> Zeroed for Head<IN, OUT, O> {
    const ZERO: Self = Self {
        dense: Dense::ZERO,
        training: Training::ZERO,
    };
}

impl<const IN: usize, const OUT: usize, O: Optimizer> Initialize<O> for Head<IN, OUT, O> {
    fn initialize(&mut self, optimizer: O) {
        self.dense.initialize(&optimizer);
        self.training.optimizer = optimizer;
    }
}

/// The final layer's place in a model.
const HEAD: Place = Place {
    scope: "head",
    layer: 0,
};

impl<const IN: usize, const OUT: usize, O: Optimizer> Head<IN, OUT, O> {
    /// A head by value, all weights 0: for hosts and tests. Firmware keeps it in an
    /// [`Owned`](crate::Owned) static, so that it never crosses the stack.
    pub fn new(optimizer: O) -> Self {
        let mut head = Self::ZERO;
        head.initialize(optimizer);
        head
    }

    /// Assigns the weights of the shipped head; slots and step stay as they are.
    pub fn assign(&mut self, kernel: &[[f32; OUT]; IN], bias: &[f32; OUT]) {
        self.dense.assign(kernel, bias);
    }

    /// The weights, `[IN, OUT]` row-major.
    pub fn kernel(&self) -> &[[f32; OUT]; IN] {
        &self.dense.kernel.value
    }

    /// The biases, one a class.
    pub fn bias(&self) -> &[f32; OUT] {
        &self.dense.bias.value
    }

    /// Training steps done so far.
    pub fn global_step(&self) -> i64 {
        self.training.global_step
    }

    /// Lets exactly the variables in `var_list` train (`head/kernel`, `head/bias`); the others stay
    /// as they are, and so do their slots. To begin with, all train. Not part of a checkpoint.
    ///
    /// ```
    /// use gradlet::{Adam, Head};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut head: Head<4, 3, Adam> = Head::new(Adam::new(0.01));
    /// head.set_trainable(&["head/bias"])?;
    /// head.minimize(&[1.0, 0.5, 0.0, -1.0], 2)?;
    /// assert_eq!(head.kernel(), &[[0.0; 3]; 4]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NoVariable`] if the head has no trainable variable of that name; nothing is changed then.
    pub fn set_trainable(&mut self, var_list: &[&str]) -> Result<(), NoVariable> {
        var_list::check(var_list, &[HEAD])?;
        let is_listed = var_list::listed(var_list);
        self.dense.set_trainable(HEAD.scope, &is_listed);
        Ok(())
    }

    /// One logit a class.
    pub fn logits(&self, features: &impl Features<IN>) -> [f32; OUT] {
        self.dense.outputs(features)
    }

    /// The most likely class; the first of equals, as `tf.argmax`.
    pub fn predict(&self, features: &impl Features<IN>) -> usize {
        largest(&self.logits(features))
    }

    /// One training step on one sample; returns the loss before the step.
    ///
    /// # Errors
    /// [`HeadError::Label`] for a class that the head does not have; nothing is changed then.
    pub fn minimize(
        &mut self,
        features: &impl Features<IN>,
        label: usize,
    ) -> Result<f32, HeadError> {
        self.minimize_loss(features, &label, &SoftmaxCrossEntropy)
    }

    /// The same with another loss, whose labels may be vectors.
    ///
    /// # Errors
    /// Those of [`minimize`](Self::minimize).
    pub fn minimize_loss<T: Label<OUT>>(
        &mut self,
        features: &impl Features<IN>,
        label: &T,
        loss: &impl Loss<T, OUT>,
    ) -> Result<f32, HeadError> {
        label.check()?;
        let mut delta = self.logits(features);
        let loss = loss.differentiate(&mut delta, label);
        let step = self.training.begin();
        self.dense.apply_sample(&step, features, &delta);
        self.training.finish(&step);
        Ok(loss)
    }

    /// One training step on the mean loss of a batch; returns that loss before the step.
    ///
    /// # Errors
    /// [`HeadError::EmptyBatch`]: the mean of nothing is no number. Nothing is changed then.
    pub fn minimize_batch<const B: usize, E: Element>(
        &mut self,
        batch: &mut Batch<B, IN, OUT, E>,
    ) -> Result<f32, HeadError> {
        self.minimize_batch_loss(batch, &SoftmaxCrossEntropy)
    }

    /// The same with another loss, whose labels may be vectors.
    ///
    /// # Errors
    /// Those of [`minimize_batch`](Self::minimize_batch).
    pub fn minimize_batch_loss<const B: usize, E: Element, T: Label<OUT>>(
        &mut self,
        batch: &mut Batch<B, IN, OUT, E, T>,
        loss: &impl Loss<T, OUT>,
    ) -> Result<f32, HeadError> {
        let loss = self.differentiate(batch, loss)?;
        let step = self.training.begin();
        self.dense.apply(&step, &batch.source(batch.inputs()));
        self.training.finish(&step);
        Ok(loss)
    }

    /// The gradients of the loss of one sample, not applied yet:
    /// `Optimizer.compute_gradients`.
    ///
    /// ```
    /// use gradlet::gradient::{L1L2, Piece};
    /// use gradlet::loss::SoftmaxCrossEntropy;
    /// use gradlet::{Adam, Head};
    ///
    /// # fn main() -> Result<(), gradlet::HeadError> {
    /// let mut head: Head<4, 3, Adam> = Head::new(Adam::new(0.01));
    /// let loss = head
    ///     .compute_gradients(&[1.0, 0.5, 0.0, -1.0], &2, &SoftmaxCrossEntropy)?
    ///     .kernel_regularizer(L1L2 { l1: 0.0, l2: 1e-4 })
    ///     .scale(0.5) // the sample's weight
    ///     .process(|piece: &mut Piece<'_>| {
    ///         if piece.name.is(b"head/bias") {
    ///             piece.gradient.fill(0.0);
    ///         }
    ///     })
    ///     .clip_by_global_norm(1.0)
    ///     .apply_gradients(); // advances global_step
    /// # let _ = loss;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`minimize`](Self::minimize).
    pub fn compute_gradients<'a, F: Features<IN>, T: Label<OUT>, Q: Loss<T, OUT>>(
        &'a mut self,
        features: &'a F,
        label: &T,
        loss: &Q,
    ) -> Result<Gradients<'a, O, impl Layers<O> + use<'a, F, T, Q, IN, OUT, O>>, HeadError> {
        label.check()?;
        let mut delta = self.logits(features);
        let loss = loss.differentiate(&mut delta, label);
        let source = Sample {
            inputs: features,
            delta,
        };
        let layer = Layer::new(&mut self.dense, HEAD, source);
        Ok(Gradients::new(&mut self.training, layer, loss))
    }

    /// The gradients of the mean loss of a batch, not applied yet.
    ///
    /// # Errors
    /// Those of [`minimize_batch`](Self::minimize_batch).
    pub fn compute_batch_gradients<
        'a,
        const B: usize,
        E: Element,
        T: Label<OUT>,
        Q: Loss<T, OUT>,
    >(
        &'a mut self,
        batch: &'a mut Batch<B, IN, OUT, E, T>,
        loss: &Q,
    ) -> Result<Gradients<'a, O, impl Layers<O> + use<'a, B, E, T, Q, IN, OUT, O>>, HeadError> {
        let loss = self.differentiate(batch, loss)?;
        let source = batch.source(batch.inputs());
        let layer = Layer::new(&mut self.dense, HEAD, source);
        Ok(Gradients::new(&mut self.training, layer, loss))
    }

    /// Computes the deltas of a batch and their sum; returns its loss.
    fn differentiate<const B: usize, E: Element, T: Label<OUT>>(
        &self,
        batch: &mut Batch<B, IN, OUT, E, T>,
        loss: &impl Loss<T, OUT>,
    ) -> Result<f32, HeadError> {
        if batch.is_empty() {
            return Err(HeadError::EmptyBatch);
        }
        // TensorFlow's gradient of a mean: each sample's delta times 1/n.
        let share = 1.0 / batch.len() as f32;
        let mut total = 0.0;
        batch.each_sample(|mut sample| {
            *sample.delta = self.logits(&sample.features);
            total += loss.differentiate(sample.delta, &sample.label);
            sample.share(share);
        });
        Ok(total * share)
    }
}

/// The index of the largest number, the first of equals.
fn largest(numbers: &[f32]) -> usize {
    let (mut best, mut largest) = (0, f32::NEG_INFINITY);
    for (index, &number) in numbers.iter().enumerate() {
        if number > largest {
            (best, largest) = (index, number);
        }
    }
    best
}

impl<const IN: usize, const OUT: usize, O: Optimizer> Variables for Head<IN, OUT, O> {
    fn count(&self) -> usize {
        Training::<O>::COUNT + Dense::<IN, OUT, O>::COUNT
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        match index.checked_sub(Training::<O>::COUNT) {
            None => self.training.variable(index),
            Some(index) => self.dense.variable(HEAD.scope, index),
        }
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        match index.checked_sub(Training::<O>::COUNT) {
            None => self.training.variable_mut(index),
            Some(index) => self.dense.variable_mut(index),
        }
    }

    fn global_step(&self) -> i64 {
        self.training.global_step
    }
}
