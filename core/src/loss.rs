//! What training minimizes, and its gradient.

use crate::kernel::exp_of_non_positive;

/// `tf.nn.sparse_softmax_cross_entropy_with_logits` of one sample.
///
/// Returns the loss, log Σⱼ exp(zⱼ) − z_label, and replaces the `logits` by its gradient,
/// softmax(z) − one_hot(label). A `label` outside the logits counts as no class: the loss is
/// NaN, as in TensorFlow on a GPU; callers that can refuse it do so first.
pub fn softmax_cross_entropy(logits: &mut [f32], label: usize) -> f32 {
    let mut max = f32::NEG_INFINITY;
    for &logit in logits.iter() {
        // Not `f32::max`, which costs three comparisons where one decides.
        if logit > max {
            max = logit;
        }
    }
    let shifted_label = logits.get(label).map_or(f32::NAN, |logit| logit - max);
    let mut sum = 0.0;
    for logit in logits.iter_mut() {
        *logit = exp_of_non_positive(*logit - max);
        sum += *logit;
    }
    for value in logits.iter_mut() {
        *value /= sum;
    }
    if let Some(value) = logits.get_mut(label) {
        *value -= 1.0;
    }
    libm::logf(sum) - shifted_label
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
