//! The trainable final layer: logits = features·kernel + bias, trained on softmax cross entropy.

mod batch;

pub use batch::Batch;

use core::fmt;

use crate::features::{Element, Features};
use crate::kernel;
use crate::loss::softmax_cross_entropy;
use crate::optimizer::{Optimizer, Parameter, SlotStorage};
use crate::owned::Initialize;
use crate::tensor::{Shape, View, ViewMut};
use crate::variable::{Collections, Name, Storage, Variable};
use crate::{Variables, Zeroed};

/// A dense layer of `IN` features and `OUT` classes with its optimizer and slots.
///
/// The kernel is TensorFlow's, `[IN, OUT]` row-major. Variables carry TensorFlow's names,
/// `head/kernel`, `head/bias`, their slots (`head/kernel/Adam`), the optimizer's own
/// (`beta1_power`) and `global_step`. A gradient of the kernel's size is never stored: it is
/// computed a row at a time from features and deltas.
pub struct Head<const IN: usize, const OUT: usize, O: Optimizer> {
    kernel: Parameter<[[f32; OUT]; IN], O>,
    bias: Parameter<[f32; OUT], O>,
    optimizer: O,
    global_step: i64,
}

impl<const IN: usize, const OUT: usize, O: Optimizer> Zeroed for Head<IN, OUT, O> {
    const ZERO: Self = Self {
        kernel: Parameter::ZERO,
        bias: Parameter::ZERO,
        optimizer: O::ZERO,
        global_step: 0,
    };
}

impl<const IN: usize, const OUT: usize, O: Optimizer> Initialize<O> for Head<IN, OUT, O> {
    fn initialize(&mut self, optimizer: O) {
        self.kernel.initialize(&optimizer);
        self.bias.initialize(&optimizer);
        self.optimizer = optimizer;
    }
}

/// The scope of a head's variables.
const SCOPE: &str = "head";

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
        self.kernel.value = *kernel;
        self.bias.value = *bias;
    }

    /// The weights, `[IN, OUT]` row-major.
    pub fn kernel(&self) -> &[[f32; OUT]; IN] {
        &self.kernel.value
    }

    /// The biases, one a class.
    pub fn bias(&self) -> &[f32; OUT] {
        &self.bias.value
    }

    /// Training steps done so far.
    pub fn global_step(&self) -> i64 {
        self.global_step
    }

    /// One logit a class.
    pub fn logits(&self, features: &impl Features<IN>) -> [f32; OUT] {
        let mut logits = self.bias.value;
        features.for_each_run(|first, run| {
            let rows = self.kernel.value.get(first..).unwrap_or_default();
            kernel::dense::accumulate(&mut logits, run, rows.as_flattened());
        });
        logits
    }

    /// The most likely class; the first of equals, as `tf.argmax`.
    pub fn predict(&self, features: &impl Features<IN>) -> usize {
        let logits = self.logits(features);
        let (mut best, mut largest) = (0, f32::NEG_INFINITY);
        for (class, &logit) in logits.iter().enumerate() {
            if logit > largest {
                (best, largest) = (class, logit);
            }
        }
        best
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
        if label >= OUT {
            return Err(HeadError::Label {
                classes: OUT,
                found: label,
            });
        }
        let mut delta = self.logits(features);
        let loss = softmax_cross_entropy(&mut delta, label);
        let step = self.optimizer.begin(self.global_step);
        self.kernel.apply_outer(&step, features, &delta);
        // The bias is the row of a feature that is always 1.
        self.bias.apply_outer(&step, &[1.0], &delta);
        self.finish(&step);
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
        if batch.is_empty() {
            return Err(HeadError::EmptyBatch);
        }
        // TensorFlow's gradient of a mean: each sample's delta times 1/n.
        let share = 1.0 / batch.len() as f32;
        let mut loss = 0.0;
        let mut bias_gradient = [0.0; OUT];
        for sample in batch.samples_mut() {
            *sample.delta = self.logits(&sample.features);
            loss += softmax_cross_entropy(sample.delta, sample.label);
            for (delta, sum) in sample.delta.iter_mut().zip(&mut bias_gradient) {
                *delta *= share;
                *sum += *delta;
            }
        }
        let step = self.optimizer.begin(self.global_step);
        for row in 0..IN {
            self.kernel
                .apply_row(&step, row * OUT, OUT, |column, gradient| {
                    batch.kernel_gradient(row, column, gradient);
                });
        }
        self.bias.apply_outer(&step, &[1.0], &bias_gradient);
        self.finish(&step);
        Ok(loss * share)
    }

    fn finish(&mut self, step: &O::Step) {
        self.optimizer.finish(step);
        self.global_step += 1;
    }

    /// The optimizer's own variables come first, then `global_step`, then a group a parameter.
    const GLOBAL_STEP: usize = O::SCALARS.len();
    const BIAS: usize = Self::GLOBAL_STEP + 1;
    const KERNEL: usize = Self::BIAS + 1 + O::SLOTS.len();
}

impl<const IN: usize, const OUT: usize, O: Optimizer> Variables for Head<IN, OUT, O> {
    fn count(&self) -> usize {
        Self::KERNEL + 1 + O::SLOTS.len()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        if let Some(name) = O::SCALARS.get(index) {
            let view = View::F32(core::slice::from_ref(self.optimizer.scalar(index)?));
            return Some(Variable {
                name: Name::new(name),
                shape: Shape::SCALAR,
                collections: Collections::GLOBAL,
                view,
            });
        }
        if index == Self::GLOBAL_STEP {
            return Some(Variable {
                name: Name::new("global_step"),
                shape: Shape::SCALAR,
                collections: Collections::GLOBAL,
                view: View::I64(core::slice::from_ref(&self.global_step)),
            });
        }
        match index.checked_sub(Self::KERNEL) {
            Some(part) => parameter_variable("kernel", &self.kernel, part),
            None => parameter_variable("bias", &self.bias, index - Self::BIAS),
        }
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        if index < Self::GLOBAL_STEP {
            let scalar = self.optimizer.scalar_mut(index)?;
            return Some(ViewMut::F32(core::slice::from_mut(scalar)));
        }
        if index == Self::GLOBAL_STEP {
            return Some(ViewMut::I64(core::slice::from_mut(&mut self.global_step)));
        }
        match index.checked_sub(Self::KERNEL) {
            Some(part) => parameter_view_mut(&mut self.kernel, part),
            None => parameter_view_mut(&mut self.bias, index - Self::BIAS),
        }
    }

    fn global_step(&self) -> i64 {
        self.global_step
    }
}

/// Part 0 of a parameter is its value, the others are its slots.
fn parameter_variable<'a, V: Storage, O: Optimizer>(
    name: &'static str,
    parameter: &'a Parameter<V, O>,
    part: usize,
) -> Option<Variable<'a>> {
    let trained = Collections::GLOBAL
        .and(Collections::MODEL)
        .and(Collections::TRAINABLE);
    let (name, collections, view) = match part.checked_sub(1) {
        None => (
            Name::scoped(SCOPE, name),
            trained,
            View::F32(parameter.value.elements()),
        ),
        Some(slot) => (
            Name::slot(SCOPE, name, O::SLOTS.get(slot)?.variable),
            Collections::GLOBAL,
            parameter.slots.view(slot)?,
        ),
    };
    Some(Variable {
        name,
        shape: V::SHAPE,
        collections,
        view,
    })
}

fn parameter_view_mut<V: Storage, O: Optimizer>(
    parameter: &mut Parameter<V, O>,
    part: usize,
) -> Option<ViewMut<'_>> {
    match part.checked_sub(1) {
        None => Some(ViewMut::F32(parameter.value.elements_mut())),
        Some(slot) => parameter.slots.view_mut(slot),
    }
}

/// Why a sample or a batch was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HeadError {
    /// The label is not a class of the head.
    Label {
        /// Number of classes; labels count from 0.
        classes: usize,
        /// The label that was given.
        found: usize,
    },
    /// The batch holds its capacity already.
    BatchFull {
        /// Most samples it can hold.
        capacity: usize,
    },
    /// The batch holds no sample.
    EmptyBatch,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label { classes, found } => {
                write!(
                    f,
                    "label {found} is not one of the head's {classes} classes"
                )
            }
            Self::BatchFull { capacity } => write!(f, "the batch holds {capacity} samples already"),
            Self::EmptyBatch => f.write_str("the batch holds no sample"),
        }
    }
}

impl core::error::Error for HeadError {}
