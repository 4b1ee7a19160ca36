//! The cross entropy of classes that exclude each other.

use super::Loss;
#[cfg(feature = "micromath")]
use crate::approximate::exp_of_non_positive;
#[cfg(not(feature = "micromath"))]
use crate::kernel::exp_of_non_positive;

/// `tf.compat.v1.losses.softmax_cross_entropy`, for a class index
/// `…sparse_softmax_cross_entropy`: −Σ pᵢ·log softmax(z)ᵢ.
///
/// The gradient is softmax(z) − p, as TensorFlow's kernel has it: right where the label's
/// probabilities add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SoftmaxCrossEntropy;

impl<const OUT: usize> Loss<usize, OUT> for SoftmaxCrossEntropy {
    #[inline]
    fn differentiate(&self, outputs: &mut [f32; OUT], label: &usize) -> f32 {
        softmax_cross_entropy(outputs, *label)
    }
}

impl<const OUT: usize> Loss<[f32; OUT], OUT> for SoftmaxCrossEntropy {
    fn differentiate(&self, outputs: &mut [f32; OUT], label: &[f32; OUT]) -> f32 {
        let max = largest(outputs);
        let (mut mass, mut shifted) = (0.0, 0.0);
        for (z, p) in outputs.iter().zip(label) {
            mass += p;
            // A class that is not expected costs nothing, however unlikely it is.
            if *p != 0.0 {
                shifted += p * (z - max);
            }
        }
        let sum = exponentials(outputs, max);
        for (z, p) in outputs.iter_mut().zip(label) {
            *z = *z / sum - p;
        }
        mass * libm::logf(sum) - shifted
    }
}

/// `tf.nn.softmax`: replaces the logits by probabilities, which are positive and add up to 1.
pub fn softmax(logits: &mut [f32]) {
    let sum = exponentials(logits, largest(logits));
    for value in logits.iter_mut() {
        *value /= sum;
    }
}

/// `tf.nn.sparse_softmax_cross_entropy_with_logits` of one sample.
///
/// Returns the loss, log Σⱼ exp(zⱼ) − z_label, and replaces the `logits` by its gradient,
/// softmax(z) − one_hot(label). A `label` outside the logits counts as no class: the loss is
/// NaN, as in TensorFlow on a GPU; callers that can refuse it do so first.
pub fn softmax_cross_entropy(logits: &mut [f32], label: usize) -> f32 {
    let max = largest(logits);
    let shifted_label = logits.get(label).map_or(f32::NAN, |logit| logit - max);
    let sum = exponentials(logits, max);
    for value in logits.iter_mut() {
        *value /= sum;
    }
    if let Some(value) = logits.get_mut(label) {
        *value -= 1.0;
    }
    libm::logf(sum) - shifted_label
}

#[inline]
fn largest(logits: &[f32]) -> f32 {
    let mut max = f32::NEG_INFINITY;
    for &logit in logits {
        // Not `f32::max`, which costs three comparisons where one decides.
        if logit > max {
            max = logit;
        }
    }
    max
}

/// Replaces each logit by exp(z − `max`); returns the sum.
#[inline]
fn exponentials(logits: &mut [f32], max: f32) -> f32 {
    let mut sum = 0.0;
    for logit in logits {
        *logit = exp_of_non_positive(*logit - max);
        sum += *logit;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_lose_the_logarithm_of_the_class_count() {
        let mut logits = [3.0; 4];
        let loss = softmax_cross_entropy(&mut logits, 2);
        assert!((loss - 4f32.ln()).abs() < 1e-6, "{loss}");
        assert_eq!(logits, [0.25, 0.25, -0.75, 0.25]);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let mut logits = [1e30, -1e30, 0.0];
        assert_eq!(softmax_cross_entropy(&mut logits, 0), 0.0);
        assert_eq!(logits, [0.0, 0.0, 0.0]);
    }
}
