//! A batch: what must be kept of B samples until the kernel's gradient is computed.

use super::HeadError;
use super::source::Samples;
use crate::Zeroed;
use crate::features::{Element, Features, Quantization};
use crate::loss::Label;
use crate::owned::Initialize;

/// Up to `B` labelled samples of `IN` features for a head of `OUT` outputs.
///
/// Holds B×(IN + OUT) values, not a gradient of IN×OUT: samples that come one by one accumulate
/// here until their gradient is applied. Features are kept as `E`: `f32` (`BATCH.take()`) or `i8`
/// (`BATCH.init(quantization)`); labels as `T`: class indices (`usize`, in two bytes) or vectors
/// (`[f32; OUT]`).
pub struct Batch<const B: usize, const IN: usize, const OUT: usize, E = f32, T: Label<OUT> = usize>
{
    features: [[E; IN]; B],
    deltas: [[f32; OUT]; B],
    /// Sum of the deltas: the bias's gradient.
    bias: [f32; OUT],
    labels: [T::Stored; B],
    len: usize,
    quantization: Quantization,
}

impl<const B: usize, const IN: usize, const OUT: usize, E: Element, T: Label<OUT>> Zeroed
    for Batch<B, IN, OUT, E, T>
{
    const ZERO: Self = Self {
        features: [[E::ZERO; IN]; B],
        deltas: [[0.0; OUT]; B],
        bias: [0.0; OUT],
        labels: [T::Stored::ZERO; B],
        len: 0,
        quantization: Quantization::ZERO,
    };
}

impl<const B: usize, const IN: usize, const OUT: usize, T: Label<OUT>> Initialize<()>
    for Batch<B, IN, OUT, f32, T>
{
    fn initialize(&mut self, (): ()) {}
}

impl<const B: usize, const IN: usize, const OUT: usize, T: Label<OUT>> Initialize<Quantization>
    for Batch<B, IN, OUT, i8, T>
{
    fn initialize(&mut self, quantization: Quantization) {
        self.quantization = quantization;
    }
}

/// The features of a sample in a batch.
pub(super) struct Row<'a, const IN: usize, E> {
    values: &'a [E; IN],
    quantization: Quantization,
}

impl<const IN: usize, const OUT: usize, E, T> Sample<'_, IN, OUT, E, T> {
    /// Multiplies the delta by the sample's share in the batch and adds it to the sum.
    pub(super) fn share(&mut self, share: f32) {
        for (delta, sum) in self.delta.iter_mut().zip(&mut *self.bias) {
            *delta *= share;
            *sum += *delta;
        }
    }
}

impl<const IN: usize, E: Element> Features<IN> for Row<'_, IN, E> {
    fn real(&self, index: usize) -> f32 {
        self.values
            .get(index)
            .map_or(0.0, |value| value.real(self.quantization))
    }
}

/// A sample in a batch with the places for its delta and for the sum of the deltas.
pub(super) struct Sample<'a, const IN: usize, const OUT: usize, E, T> {
    pub(super) features: Row<'a, IN, E>,
    pub(super) label: T,
    pub(super) delta: &'a mut [f32; OUT],
    /// Sum of the deltas so far.
    pub(super) bias: &'a mut [f32; OUT],
}

impl<const B: usize, const IN: usize, const OUT: usize, E: Element, T: Label<OUT>>
    Batch<B, IN, OUT, E, T>
{
    /// Number of samples in the batch.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no sample in the batch.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there is no room for another sample.
    pub const fn is_full(&self) -> bool {
        self.len >= B
    }

    /// Forgets all samples.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds a sample.
    ///
    /// # Errors
    /// [`HeadError::BatchFull`] beyond `B` samples, [`HeadError::Label`] for a class that a head
    /// of `OUT` classes does not have; the batch stays as it was.
    pub fn push(&mut self, features: &[E; IN], label: T) -> Result<(), HeadError> {
        let (Some(row), Some(slot)) = (
            self.features.get_mut(self.len),
            self.labels.get_mut(self.len),
        ) else {
            return Err(HeadError::BatchFull { capacity: B });
        };
        *slot = label.store()?;
        *row = *features;
        self.len += 1;
        Ok(())
    }

    /// Replaces the content by `samples`.
    ///
    /// # Errors
    /// Those of [`push`](Self::push); the samples before the refused one are in the batch then.
    pub fn fill<'a>(
        &mut self,
        samples: impl IntoIterator<Item = (&'a [E; IN], T)>,
    ) -> Result<(), HeadError>
    where
        E: 'a,
    {
        self.clear();
        samples
            .into_iter()
            .try_for_each(|(features, label)| self.push(features, label))
    }

    /// Calls `visit` with each sample, in their order, and the sum of the deltas.
    pub(super) fn each_sample(&mut self, mut visit: impl FnMut(Sample<'_, IN, OUT, E, T>)) {
        let quantization = self.quantization;
        let rows = self
            .features
            .iter()
            .zip(&self.labels)
            .zip(&mut self.deltas)
            .take(self.len);
        self.bias = [0.0; OUT];
        for ((values, label), delta) in rows {
            visit(Sample {
                features: Row {
                    values,
                    quantization,
                },
                label: T::stored(label),
                delta,
                bias: &mut self.bias,
            });
        }
    }

    /// Features of the samples, and what they stand for.
    pub(super) fn inputs(&self) -> (&[[E; IN]], Quantization) {
        let features = self.features.get(..self.len).unwrap_or_default();
        (features, self.quantization)
    }

    /// What the gradient of a final layer with these inputs is computed from.
    pub(super) fn source<'a, const N: usize, F>(
        &'a self,
        (inputs, quantization): (&'a [[F; N]], Quantization),
    ) -> Samples<'a, N, OUT, F> {
        Samples {
            inputs,
            quantization,
            deltas: &self.deltas,
            bias: &self.bias,
        }
    }
}
