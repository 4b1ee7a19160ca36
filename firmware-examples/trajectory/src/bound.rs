//! How far a number may be from TensorFlow's: not at all, but for functions that TensorFlow itself
//! estimates, or leaves to the C library.
//!
//! **1/√x** in Adagrad, Adadelta, ProximalAdagrad and the sparse RMSProp. TensorFlow refines a
//! processor's estimate, off by up to e = 1.5·2⁻¹², by one Newton step, which leaves 1.5·e², under
//! 3.4·2⁻²⁴, and rounds a few times; 1/√x in two rounded operations is off by up to 2·2⁻²⁴. With
//! the roundings of the products that follow, a step differs by less than δ = 2⁻²⁰ of itself. The
//! sum of |steps| is the path that an element has gone ([`Rule::step_slot`] says where a step is
//! seen before it is rounded into the variable), so that
//!
//! - Adagrad is off by δ·path;
//! - in Adadelta a step's own size comes from the steps before it: t·δ after t steps;
//! - in RMSProp the momentum carries each step on: δ·(1+µ)/(1−µ)·path;
//! - in ProximalAdagrad the shrinkage, too, is a multiple of the rate L ≤ lr/√a₀: beside the path
//!   δ·2·L·(l1 + l2·|v|) a step, and shrinking never magnifies a difference.
//!
//! **xᵖ** in Ftrl with a power other than −0.5, and with that one where a row has one element, as
//! TensorFlow takes no root there but the C library's power. Both power functions are within a unit
//! in the last place, ρ = 2⁻²⁰ allows for it and the quotient. An error of v feeds back into z in
//! proportion to the growth of P; with P growing from P(a₀) to P(n) it is bounded by
//! ρ·t·P(n)/P(a₀) of the largest |v| of the path, and z is off by as much times P(n)/lr.
//!
//! **βᵗ** in Keras' AdamW and Adamax, which compute a power where TensorFlow's variables are
//! products, and Adamax's step in another order. A rounding of β₂ᵗ near 1 is up to 2⁻²⁴/(1 − β₂) of
//! 1 − β₂ᵗ, half of that of its root; with β₂ below 0.9999 and two roundings, less than 2⁻¹⁰ of a
//! step; of β₁, below 0.95, less than 2⁻¹⁸. The slots are TensorFlow's to the bit.
//!
//! To each comes a rounding of the sum a step, 2⁻²³·|v|.

use crate::{Case, Part, Rule};

/// What is allowed after some steps of a case.
pub(crate) struct Bound<'a> {
    pub(crate) case: &'a Case<'a>,
    pub(crate) steps: usize,
}

/// What is known of an element.
#[derive(Clone, Copy)]
pub(crate) struct Element {
    /// TensorFlow's number.
    pub(crate) expected: f32,
    /// How far the element of the variable has moved, to and fro.
    pub(crate) path: f32,
    /// The element of the first slot.
    pub(crate) first_slot: f32,
}

/// δ and ρ
const RELATIVE: f32 = 1.0 / (1 << 20) as f32;
/// Keras' power of β₁.
const POWER: f32 = 1.0 / (1 << 18) as f32;
/// The root of what its power of β₂ leaves of 1.
const ROOTED_POWER: f32 = 1.0 / (1 << 10) as f32;
/// A rounding.
const UNIT: f32 = 1.0 / (1 << 23) as f32;

impl Bound<'_> {
    /// How much an element of `part` may differ; `None`: its bits are TensorFlow's.
    pub(crate) fn of(&self, part: Part, element: Element) -> Option<f32> {
        let Element {
            expected,
            path,
            first_slot,
        } = element;
        let steps = self.steps as f32;
        // No element of the path was larger.
        let largest = expected.abs() + path;
        let rounding = steps * UNIT * largest;
        let sparse = self.case.touched.is_some();
        let scalars = sparse && self.case.inner == 1;
        match (self.case.rule, part) {
            // TensorFlow has the true root outside whole vectors of 8.
            (
                Rule::Adagrad { .. }
                | Rule::Adadelta { .. }
                | Rule::ProximalAdagrad { .. }
                | Rule::RMSProp { .. },
                _,
            ) if scalars => None,
            (Rule::KerasAdamW { .. }, Part::Variable) => Some(ROOTED_POWER * path + rounding),
            (Rule::KerasAdaMax { .. }, Part::Variable) => Some(POWER * path + rounding),
            (Rule::Adagrad { .. }, Part::Variable) => Some(RELATIVE * path + rounding),
            (Rule::Adadelta { .. }, Part::Variable) => Some(steps * RELATIVE * path + rounding),
            (Rule::Adadelta { .. }, Part::Slot(1)) => Some(4.0 * steps * RELATIVE * expected),
            (Rule::RMSProp { momentum, .. }, part) if sparse => {
                let carried = (1.0 + momentum) / (1.0 - momentum);
                let close = RELATIVE * carried * path;
                match part {
                    Part::Variable => Some(close + rounding),
                    Part::Slot(_) if self.case.rule.step_slot() == Some(part) => Some(close),
                    _ => None,
                }
            }
            (
                Rule::ProximalAdagrad {
                    learning_rate,
                    initial_accumulator_value,
                    l1,
                    l2,
                },
                Part::Variable,
            ) => {
                // Larger than lr/√a₀, without a root.
                let rate = learning_rate * (1.0 / initial_accumulator_value).max(1.0);
                let shrinking = 2.0 * steps * rate * (l1 + l2 * largest);
                Some(RELATIVE * (path + shrinking) + rounding)
            }
            (
                Rule::Ftrl {
                    learning_rate,
                    learning_rate_power,
                    initial_accumulator_value,
                    ..
                },
                part @ (Part::Variable | Part::Slot(1)),
            ) if learning_rate_power != -0.5 || scalars => {
                let power =
                    |x| gradlet::Real::new(x).powf(gradlet::Real::new(-learning_rate_power));
                let grown = power(first_slot).get();
                let variable = RELATIVE * steps * grown / power(initial_accumulator_value).get();
                match part {
                    Part::Variable => Some(variable * largest),
                    // |v|·P(n)/lr is at most |z|.
                    _ => Some(
                        variable * (path * grown / learning_rate + expected.abs())
                            + steps * UNIT * expected.abs(),
                    ),
                }
            }
            _ => None,
        }
    }
}
