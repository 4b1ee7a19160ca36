//! A head with a hidden layer.

use core::marker::PhantomData;

use super::activation::{Activation, Relu};
use super::dense::{Dense, Place};
use super::gradients::{Gradients, Layer, Layers};
use super::source::{Sample, Samples};
use super::training::Training;
use super::{Batch, HEAD, HeadError, largest, var_list};
use crate::features::{Element, Features, Quantization};
use crate::loss::{Label, Loss, SoftmaxCrossEntropy};
use crate::optimizer::Optimizer;
use crate::owned::Initialize;
use crate::tensor::ViewMut;
use crate::variable::{NoVariable, Variable};
use crate::{Variables, Zeroed};

/// Two dense layers, `IN` → `HIDDEN` → `OUT`, with the activation `A` between them.
///
/// Variables: `hidden/kernel` `[IN, HIDDEN]`, `hidden/bias`, `head/kernel` `[HIDDEN, OUT]`,
/// `head/bias`, with their slots and the optimizer's own, as in [`Head`](super::Head), whose
/// methods it has. Weights that are all zero never train: assign those of the shipped model.
///
/// ```
/// use gradlet::{Adam, Mlp, Owned, Relu};
///
/// static MLP: Owned<Mlp<8, 6, 3, Adam, Relu>> = Owned::new();
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (hidden, head) = ([[0.1; 6]; 8], [[-0.1; 3]; 6]);
/// let mlp = MLP.init(Adam::new(0.01))?;
/// mlp.assign_hidden(&hidden, &[0.0; 6]);
/// mlp.assign_head(&head, &[0.0; 3]);
/// let loss = mlp.minimize(&[0.5; 8], 2)?;
/// # assert!(loss > 0.0);
/// # Ok(())
/// # }
/// ```
pub struct Mlp<
    const IN: usize,
    const HIDDEN: usize,
    const OUT: usize,
    O: Optimizer,
    A: Activation = Relu,
> {
    hidden: Dense<IN, HIDDEN, O>,
    head: Dense<HIDDEN, OUT, O>,
    training: Training<O>,
    activation: PhantomData<A>,
}

/// What training on a batch needs of a hidden layer: the outputs of `B` samples, and their deltas.
pub struct Hidden<const B: usize, const HIDDEN: usize> {
    outputs: [[f32; HIDDEN]; B],
    deltas: [[f32; HIDDEN]; B],
    /// Sum of the deltas.
    bias: [f32; HIDDEN],
}

impl<const B: usize, const HIDDEN: usize> Zeroed for Hidden<B, HIDDEN> {
    const ZERO: Self = Self {
        outputs: [[0.0; HIDDEN]; B],
        deltas: [[0.0; HIDDEN]; B],
        bias: [0.0; HIDDEN],
    };
}

impl<const B: usize, const HIDDEN: usize> Initialize<()> for Hidden<B, HIDDEN> {
    fn initialize(&mut self, (): ()) {}
}

impl<const IN: usize, const HIDDEN: usize, const OUT: usize, O: Optimizer, A: Activation> Zeroed
    for Mlp<IN, HIDDEN, OUT, O, A>
{
    const ZERO: Self = Self {
        hidden: Dense::ZERO,
        head: Dense::ZERO,
        training: Training::ZERO,
        activation: PhantomData,
    };
}

impl<const IN: usize, const HIDDEN: usize, const OUT: usize, O: Optimizer, A: Activation>
    Initialize<O> for Mlp<IN, HIDDEN, OUT, O, A>
{
    fn initialize(&mut self, optimizer: O) {
        self.hidden.initialize(&optimizer);
        self.head.initialize(&optimizer);
        self.training.optimizer = optimizer;
    }
}

/// The hidden layer's place in the model.
const PLACE: Place = Place {
    scope: "hidden",
    layer: 1,
};

impl<const IN: usize, const HIDDEN: usize, const OUT: usize, O: Optimizer, A: Activation>
    Mlp<IN, HIDDEN, OUT, O, A>
{
    /// A model by value, all weights 0: for hosts and tests.
    pub fn new(optimizer: O) -> Self {
        let mut mlp = Self::ZERO;
        mlp.initialize(optimizer);
        mlp
    }

    /// Assigns the weights of the hidden layer; slots and step stay as they are.
    pub fn assign_hidden(&mut self, kernel: &[[f32; HIDDEN]; IN], bias: &[f32; HIDDEN]) {
        self.hidden.assign(kernel, bias);
    }

    /// Assigns the weights of the final layer; slots and step stay as they are.
    pub fn assign_head(&mut self, kernel: &[[f32; OUT]; HIDDEN], bias: &[f32; OUT]) {
        self.head.assign(kernel, bias);
    }

    /// Training steps done so far.
    pub fn global_step(&self) -> i64 {
        self.training.global_step
    }

    /// Lets exactly the variables in `var_list` train, as
    /// [`Head::set_trainable`](super::Head::set_trainable).
    ///
    /// # Errors
    /// [`NoVariable`] if the model has no trainable variable of that name; nothing is changed
    /// then.
    pub fn set_trainable(&mut self, var_list: &[&str]) -> Result<(), NoVariable> {
        var_list::check(var_list, &[HEAD, PLACE])?;
        let is_listed = var_list::listed(var_list);
        self.head.set_trainable(HEAD.scope, &is_listed);
        self.hidden.set_trainable(PLACE.scope, &is_listed);
        Ok(())
    }

    /// One logit a class.
    pub fn logits(&self, features: &impl Features<IN>) -> [f32; OUT] {
        self.head.outputs(&self.hidden(features))
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
        let (loss, deltas) = self.differentiate_sample(features, label, loss)?;
        let step = self.training.begin();
        self.head.apply_sample(&step, &deltas.outputs, &deltas.head);
        self.hidden.apply_sample(&step, features, &deltas.hidden);
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
        hidden: &mut Hidden<B, HIDDEN>,
    ) -> Result<f32, HeadError> {
        self.minimize_batch_loss(batch, hidden, &SoftmaxCrossEntropy)
    }

    /// The same with another loss, whose labels may be vectors.
    ///
    /// # Errors
    /// Those of [`minimize_batch`](Self::minimize_batch).
    pub fn minimize_batch_loss<const B: usize, E: Element, T: Label<OUT>>(
        &mut self,
        batch: &mut Batch<B, IN, OUT, E, T>,
        hidden: &mut Hidden<B, HIDDEN>,
        loss: &impl Loss<T, OUT>,
    ) -> Result<f32, HeadError> {
        let loss = self.differentiate(batch, hidden, loss)?;
        let (head, first) = sources(batch, hidden);
        let step = self.training.begin();
        self.head.apply(&step, &head);
        self.hidden.apply(&step, &first);
        self.training.finish(&step);
        Ok(loss)
    }

    /// The gradients of the loss of one sample, not applied yet, as
    /// [`Head::compute_gradients`](super::Head::compute_gradients).
    ///
    /// # Errors
    /// Those of [`minimize`](Self::minimize).
    pub fn compute_gradients<'a, F: Features<IN>, T: Label<OUT>, Q: Loss<T, OUT>>(
        &'a mut self,
        features: &'a F,
        label: &T,
        loss: &Q,
    ) -> Result<Gradients<'a, O, impl Layers<O> + use<'a, F, T, Q, IN, HIDDEN, OUT, O, A>>, HeadError>
    {
        let (loss, deltas) = self.differentiate_sample(features, label, loss)?;
        let head = Sample {
            inputs: deltas.outputs,
            delta: deltas.head,
        };
        let first = Sample {
            inputs: features,
            delta: deltas.hidden,
        };
        let layers = (
            Layer::new(&mut self.head, HEAD, head),
            Layer::new(&mut self.hidden, PLACE, first),
        );
        Ok(Gradients::new(&mut self.training, layers, loss))
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
        hidden: &'a mut Hidden<B, HIDDEN>,
        loss: &Q,
    ) -> Result<
        Gradients<'a, O, impl Layers<O> + use<'a, B, E, T, Q, IN, HIDDEN, OUT, O, A>>,
        HeadError,
    > {
        let loss = self.differentiate(batch, hidden, loss)?;
        let (head, first) = sources(batch, hidden);
        let layers = (
            Layer::new(&mut self.head, HEAD, head),
            Layer::new(&mut self.hidden, PLACE, first),
        );
        Ok(Gradients::new(&mut self.training, layers, loss))
    }

    /// The outputs of the hidden layer.
    fn hidden(&self, features: &impl Features<IN>) -> [f32; HIDDEN] {
        let mut outputs = self.hidden.outputs(features);
        for output in &mut outputs {
            *output = A::value(*output);
        }
        outputs
    }

    /// The hidden layer's delta, given its outputs and the delta behind it.
    fn hidden_delta(&self, outputs: &[f32; HIDDEN], delta: &[f32; OUT]) -> [f32; HIDDEN] {
        let mut deltas = [0.0; HIDDEN];
        for (index, (hidden, &output)) in deltas.iter_mut().zip(outputs).enumerate() {
            *hidden = self.head.input_gradient(index, delta) * A::derivative(output);
        }
        deltas
    }

    fn differentiate_sample<T: Label<OUT>>(
        &self,
        features: &impl Features<IN>,
        label: &T,
        loss: &impl Loss<T, OUT>,
    ) -> Result<(f32, Deltas<HIDDEN, OUT>), HeadError> {
        label.check()?;
        let outputs = self.hidden(features);
        let mut head = self.head.outputs(&outputs);
        let loss = loss.differentiate(&mut head, label);
        let hidden = self.hidden_delta(&outputs, &head);
        let deltas = Deltas {
            outputs,
            hidden,
            head,
        };
        Ok((loss, deltas))
    }

    /// Computes the deltas of a batch and their sums; returns its loss.
    fn differentiate<const B: usize, E: Element, T: Label<OUT>>(
        &self,
        batch: &mut Batch<B, IN, OUT, E, T>,
        hidden: &mut Hidden<B, HIDDEN>,
        loss: &impl Loss<T, OUT>,
    ) -> Result<f32, HeadError> {
        if batch.is_empty() {
            return Err(HeadError::EmptyBatch);
        }
        let share = 1.0 / batch.len() as f32;
        let mut total = 0.0;
        let mut rows = hidden.outputs.iter_mut().zip(&mut hidden.deltas);
        let sums = &mut hidden.bias;
        *sums = [0.0; HIDDEN];
        batch.each_sample(|mut sample| {
            // There are `B` of both.
            let Some((outputs, deltas)) = rows.next() else {
                return;
            };
            *outputs = self.hidden(&sample.features);
            *sample.delta = self.head.outputs(outputs);
            total += loss.differentiate(sample.delta, &sample.label);
            sample.share(share);
            *deltas = self.hidden_delta(outputs, sample.delta);
            for (delta, sum) in deltas.iter().zip(&mut *sums) {
                *sum += delta;
            }
        });
        Ok(total * share)
    }
}

/// What the gradients of one sample are computed from.
struct Deltas<const HIDDEN: usize, const OUT: usize> {
    outputs: [f32; HIDDEN],
    hidden: [f32; HIDDEN],
    head: [f32; OUT],
}

/// What the gradients of both layers are computed from, the final one's first.
fn sources<'a, const B: usize, const IN: usize, const HIDDEN: usize, const OUT: usize, E, T>(
    batch: &'a Batch<B, IN, OUT, E, T>,
    hidden: &'a Hidden<B, HIDDEN>,
) -> (Samples<'a, HIDDEN, OUT, f32>, Samples<'a, IN, HIDDEN, E>)
where
    E: Element,
    T: Label<OUT>,
{
    let outputs = hidden.outputs.get(..batch.len()).unwrap_or_default();
    let (inputs, quantization) = batch.inputs();
    let first = Samples {
        inputs,
        quantization,
        deltas: &hidden.deltas,
        bias: &hidden.bias,
    };
    // Outputs of the hidden layer are real as they are.
    (batch.source((outputs, Quantization::ZERO)), first)
}

impl<const IN: usize, const HIDDEN: usize, const OUT: usize, O: Optimizer, A: Activation> Variables
    for Mlp<IN, HIDDEN, OUT, O, A>
{
    fn count(&self) -> usize {
        Training::<O>::COUNT + Dense::<HIDDEN, OUT, O>::COUNT + Dense::<IN, HIDDEN, O>::COUNT
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let Some(index) = index.checked_sub(Training::<O>::COUNT) else {
            return self.training.variable(index);
        };
        match index.checked_sub(Dense::<HIDDEN, OUT, O>::COUNT) {
            None => self.head.variable(HEAD.scope, index),
            Some(index) => self.hidden.variable(PLACE.scope, index),
        }
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        let Some(index) = index.checked_sub(Training::<O>::COUNT) else {
            return self.training.variable_mut(index);
        };
        match index.checked_sub(Dense::<HIDDEN, OUT, O>::COUNT) {
            None => self.head.variable_mut(index),
            Some(index) => self.hidden.variable_mut(index),
        }
    }

    fn global_step(&self) -> i64 {
        self.training.global_step
    }
}
