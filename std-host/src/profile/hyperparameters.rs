//! Values of an optimizer that Keras stores beside its variables.

use super::family::Keras;
use crate::mapping::Mapping;

/// Looks values up in a mapping; notes where Keras's defaults had to stand in.
#[derive(Debug)]
pub(super) struct Hyperparameters<'m> {
    mapping: &'m Mapping,
    keras: &'static Keras,
}

impl<'m> Hyperparameters<'m> {
    pub(super) fn new(mapping: &'m Mapping, keras: &'static Keras) -> Hyperparameters<'m> {
        Hyperparameters { mapping, keras }
    }

    /// The value given for a name.
    pub(super) fn given(&self, name: &str) -> Option<f32> {
        self.mapping.hyperparameters.get(name).copied()
    }

    /// The value given for a name, or Keras's default with a note.
    pub(super) fn value(&self, name: &str, notes: &mut Vec<String>) -> f32 {
        if let Some(value) = self.given(name) {
            return value;
        }
        let known = self.keras.values.iter().find(|(known, _)| *known == name);
        let value = known.map_or(0.0, |(_, value)| *value);
        notes.push(format!(
            "{name} of the optimizer is not in the checkpoint; {value} was taken (set it under \
             [hyperparameters] of the mapping file)"
        ));
        value
    }
}

/// The power of a beta after so many steps, as TensorFlow 1 arrives at it: starting from the beta
/// itself and multiplying once a step, each time rounded.
pub(crate) fn beta_power(beta: f32, steps: i64) -> f32 {
    let mut power = beta;
    for _ in 0..steps.max(0) {
        let next = power * beta;
        // From some step on the product no longer changes (0 for betas below 1).
        if next == power || next.is_nan() {
            return next;
        }
        power = next;
    }
    flushed(power)
}

/// TensorFlow's kernels flush denormals to zero.
fn flushed(value: f32) -> f32 {
    if value.is_subnormal() { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_repeated_multiplication() {
        assert_eq!(beta_power(0.9, 0), 0.9);
        assert_eq!(beta_power(0.9, 2), 0.9 * 0.9 * 0.9);
        assert_eq!(
            beta_power(0.5, 1_000_000_000_000),
            0.0,
            "long runs end at once"
        );
        assert_eq!(beta_power(1.0, i64::MAX), 1.0);
    }
}
