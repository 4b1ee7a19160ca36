//! What is taken for what.

use crate::owned::Initialize;
use crate::tensor::{Shape, View, ViewMut};
use crate::variable::{Collections, Name, Variable};
use crate::{Variables, Zeroed};

/// `tf.math.confusion_matrix`, counted sample by sample: in row `label` and column `prediction`
/// the number of samples. Local variable `confusion_matrix`, `[OUT, OUT]` uint32.
///
/// ```
/// use gradlet::metrics::ConfusionMatrix;
/// let mut confusion = ConfusionMatrix::<3>::new();
/// confusion.update(2, 1); // a 2 was taken for a 1
/// assert_eq!(confusion.counts()[2], [0, 1, 0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfusionMatrix<const OUT: usize> {
    counts: [[u32; OUT]; OUT],
}

impl<const OUT: usize> Zeroed for ConfusionMatrix<OUT> {
    const ZERO: Self = Self {
        counts: [[0; OUT]; OUT],
    };
}

impl<const OUT: usize> Initialize<()> for ConfusionMatrix<OUT> {
    fn initialize(&mut self, (): ()) {}
}

impl<const OUT: usize> Default for ConfusionMatrix<OUT> {
    fn default() -> Self {
        Self::ZERO
    }
}

impl<const OUT: usize> ConfusionMatrix<OUT> {
    /// Of no sample yet.
    pub const fn new() -> Self {
        Self::ZERO
    }

    /// Counts a sample of class `label` for which `prediction` was predicted. One with a class
    /// that there is not is not counted.
    pub fn update(&mut self, label: usize, prediction: usize) {
        let row = self.counts.get_mut(label);
        if let Some(count) = row.and_then(|row| row.get_mut(prediction)) {
            *count = count.saturating_add(1);
        }
    }

    /// The counts, a row a label, a column a prediction.
    pub const fn counts(&self) -> &[[u32; OUT]; OUT] {
        &self.counts
    }

    /// The share of right predictions; 0 before the first sample.
    pub fn accuracy(&self) -> f32 {
        let rows = self.counts.iter().enumerate();
        let right = rows.filter_map(|(class, row)| row.get(class));
        let (right, all) = (sum(right), sum(self.counts.as_flattened()));
        match all {
            0 => 0.0,
            _ => right as f32 / all as f32,
        }
    }

    /// The share of a class's samples that were predicted as such; 0 where there is none.
    pub fn recall(&self, class: usize) -> f32 {
        let Some(row) = self.counts.get(class) else {
            return 0.0;
        };
        let right = row.get(class).copied().unwrap_or(0);
        match sum(row) {
            0 => 0.0,
            all => right as f32 / all as f32,
        }
    }

    /// Starts again.
    pub fn reset(&mut self) {
        self.counts.as_flattened_mut().fill(0);
    }
}

fn sum<'a>(counts: impl IntoIterator<Item = &'a u32>) -> u64 {
    counts.into_iter().copied().map(u64::from).sum()
}

impl<const OUT: usize> Variables for ConfusionMatrix<OUT> {
    fn count(&self) -> usize {
        1
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        (index == 0).then(|| Variable {
            name: Name::new("confusion_matrix"),
            shape: Shape::matrix(OUT, OUT),
            collections: Collections::LOCAL,
            view: View::U32(self.counts.as_flattened()),
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        (index == 0).then_some(ViewMut::U32(self.counts.as_flattened_mut()))
    }

    /// None of its own.
    fn global_step(&self) -> i64 {
        0
    }
}
