//! Losses that are a mean over the outputs.

/// A loss of a single output.
pub(super) trait Elementwise {
    /// The loss of output `z` with label `p`, and its derivative with respect to z.
    fn element(&self, z: f32, p: f32) -> (f32, f32);

    /// The mean over the outputs; each is replaced by its derivative's share.
    fn mean<'a>(&self, outputs: &mut [f32], labels: impl Iterator<Item = f32> + 'a) -> f32 {
        let share = 1.0 / outputs.len() as f32;
        let mut sum = 0.0;
        for (z, p) in outputs.iter_mut().zip(labels) {
            let (loss, derivative) = self.element(*z, p);
            sum += loss;
            *z = derivative * share;
        }
        sum * share
    }
}

/// Labels of either form for an [`Elementwise`] loss.
macro_rules! labelled {
    ($loss:ty) => {
        impl<const OUT: usize> super::Loss<[f32; OUT], OUT> for $loss {
            fn differentiate(&self, outputs: &mut [f32; OUT], label: &[f32; OUT]) -> f32 {
                self.mean(outputs, label.iter().copied())
            }
        }

        impl<const OUT: usize> super::Loss<usize, OUT> for $loss {
            fn differentiate(&self, outputs: &mut [f32; OUT], label: &usize) -> f32 {
                let is_of = |class| f32::from(u8::from(class == *label));
                self.mean(outputs, (0..OUT).map(is_of))
            }
        }
    };
}
pub(super) use labelled;
