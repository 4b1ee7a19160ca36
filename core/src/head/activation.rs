//! What follows a hidden layer.

use crate::loss::sigmoid;

/// The function behind a hidden layer.
pub trait Activation {
    /// Its value at `x`.
    fn value(x: f32) -> f32;

    /// Its derivative where its value is `y`.
    fn derivative(y: f32) -> f32;
}

/// `tf.nn.relu`: max(x, 0); the derivative at 0 is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relu;

impl Activation for Relu {
    fn value(x: f32) -> f32 {
        // NaN stays.
        if x < 0.0 { 0.0 } else { x }
    }

    fn derivative(y: f32) -> f32 {
        f32::from(u8::from(y > 0.0))
    }
}

/// `tf.nn.relu6`: min(max(x, 0), 6); the derivative at 0 and at 6 is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relu6;

impl Activation for Relu6 {
    fn value(x: f32) -> f32 {
        let x = Relu::value(x);
        if x > 6.0 { 6.0 } else { x }
    }

    fn derivative(y: f32) -> f32 {
        f32::from(u8::from(y > 0.0 && y < 6.0))
    }
}

/// `tf.nn.tanh`; its derivative is 1 − y².
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tanh;

impl Activation for Tanh {
    fn value(x: f32) -> f32 {
        libm::tanhf(x)
    }

    fn derivative(y: f32) -> f32 {
        1.0 - y * y
    }
}

/// `tf.nn.sigmoid`: 1/(1 + e^−x); its derivative is y·(1 − y).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sigmoid;

impl Activation for Sigmoid {
    fn value(x: f32) -> f32 {
        sigmoid(x)
    }

    fn derivative(y: f32) -> f32 {
        y * (1.0 - y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_slopes() {
        fn check<A: Activation>(name: &str) {
            for step in -80..=80 {
                let x = step as f32 * 0.1 + 0.013;
                let slope = (A::value(x + 1e-2) - A::value(x - 1e-2)) / 2e-2;
                // Not across a corner.
                if (x.abs() < 0.02) || ((x - 6.0).abs() < 0.02) {
                    continue;
                }
                let derivative = A::derivative(A::value(x));
                assert!(
                    (slope - derivative).abs() < 2e-4,
                    "{name} at {x}: {slope} {derivative}"
                );
            }
            assert!(A::value(f32::NAN).is_nan(), "{name}");
        }
        check::<Relu>("relu");
        check::<Relu6>("relu6");
        check::<Tanh>("tanh");
        check::<Sigmoid>("sigmoid");
    }
}
