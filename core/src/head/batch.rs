//! A batch: what must be kept of B samples until the kernel's gradient is computed.

use super::HeadError;
use crate::Zeroed;
use crate::features::{Element, Features, Quantization};
use crate::kernel::Real;
use crate::owned::Initialize;

/// Up to `B` labelled samples of `IN` features for a head of `OUT` classes.
///
/// Holds B×(IN + OUT) values, not a gradient of IN×OUT. Features are kept as `E`: `f32`
/// (`BATCH.take()`) or `i8` (`BATCH.init(quantization)`).
pub struct Batch<const B: usize, const IN: usize, const OUT: usize, E = f32> {
    features: [[E; IN]; B],
    deltas: [[f32; OUT]; B],
    labels: [u16; B],
    len: usize,
    quantization: Quantization,
}

impl<const B: usize, const IN: usize, const OUT: usize, E: Element> Zeroed
    for Batch<B, IN, OUT, E>
{
    const ZERO: Self = Self {
        features: [[E::ZERO; IN]; B],
        deltas: [[0.0; OUT]; B],
        labels: [0; B],
        len: 0,
        quantization: Quantization::ZERO,
    };
}

impl<const B: usize, const IN: usize, const OUT: usize> Initialize<()> for Batch<B, IN, OUT, f32> {
    fn initialize(&mut self, (): ()) {}
}

impl<const B: usize, const IN: usize, const OUT: usize> Initialize<Quantization>
    for Batch<B, IN, OUT, i8>
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

impl<const IN: usize, E: Element> Features<IN> for Row<'_, IN, E> {
    fn real(&self, index: usize) -> f32 {
        self.values
            .get(index)
            .map_or(0.0, |value| value.real(self.quantization))
    }
}

/// A sample in a batch with the place for its delta.
pub(super) struct Sample<'a, const IN: usize, const OUT: usize, E> {
    pub(super) features: Row<'a, IN, E>,
    pub(super) label: usize,
    pub(super) delta: &'a mut [f32; OUT],
}

impl<const B: usize, const IN: usize, const OUT: usize, E: Element> Batch<B, IN, OUT, E> {
    /// Number of samples in the batch.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no sample in the batch.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets all samples.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds a sample.
    ///
    /// # Errors
    /// [`HeadError::Label`] for a class that a head of `OUT` classes does not have,
    /// [`HeadError::BatchFull`] beyond `B` samples; the batch stays as it was.
    pub fn push(&mut self, features: &[E; IN], label: usize) -> Result<(), HeadError> {
        let (Some(row), Some(slot)) = (
            self.features.get_mut(self.len),
            self.labels.get_mut(self.len),
        ) else {
            return Err(HeadError::BatchFull { capacity: B });
        };
        match u16::try_from(label) {
            Ok(small) if label < OUT => *slot = small,
            _ => {
                return Err(HeadError::Label {
                    classes: OUT,
                    found: label,
                });
            }
        }
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
        samples: impl IntoIterator<Item = (&'a [E; IN], usize)>,
    ) -> Result<(), HeadError>
    where
        E: 'a,
    {
        self.clear();
        samples
            .into_iter()
            .try_for_each(|(features, label)| self.push(features, label))
    }

    pub(super) fn samples_mut(&mut self) -> impl Iterator<Item = Sample<'_, IN, OUT, E>> {
        let quantization = self.quantization;
        let rows = self
            .features
            .iter()
            .zip(&self.labels)
            .zip(&mut self.deltas)
            .take(self.len);
        rows.map(move |((values, &label), delta)| Sample {
            features: Row {
                values,
                quantization,
            },
            label: usize::from(label),
            delta,
        })
    }

    /// Row `row` of the kernel's gradient from column `first` on: Σ over the samples of
    /// feature·delta, in the order of the samples.
    pub(super) fn kernel_gradient(&self, row: usize, first: usize, gradient: &mut [f32]) {
        gradient.fill(0.0);
        for (values, delta) in self.features.iter().zip(&self.deltas).take(self.len) {
            let Some(x) = values.get(row).map(|value| value.real(self.quantization)) else {
                return;
            };
            let x = Real::new(x);
            for (g, &d) in gradient.iter_mut().zip(delta.iter().skip(first)) {
                *g = (Real::new(*g) + x * Real::new(d)).get();
            }
        }
    }
}
