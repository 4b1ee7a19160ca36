//! TensorFlow's optimizers with the reciprocal square root of its CPU kernels: what Gradlet's 1/√x
//! stands for, to the bit.
//!
//! In whole vectors of 8 elements Eigen refines the processor's estimate (`rsqrtps`) by one Newton
//! step; the elements that are left over get 1/√x. The estimate differs between makers of
//! processors, so this says what TensorFlow does on the processor that it runs on:
//! [`is_that_of_the_goldens`] tells whether the goldens' was alike.

use std::arch::x86_64::{_mm_cvtss_f32, _mm_rsqrt_ss, _mm_set_ss};

use gradlet::optimizer::{Elements, Optimizer, Slot};
use gradlet::variable::Storage;
use gradlet::{Real, Zeroed};
use trajectory::{Case, Deviation, Fault, Part, Rule, Scratch, State};

/// An optimizer with `N` slots whose rule has a reciprocal square root.
#[derive(Clone, Copy)]
struct Eigen<const N: usize>(Rule);

/// Replays a case whose rule has a reciprocal square root, with Eigen's. `None`: it has none, or
/// only such as TensorFlow computes as 1/√x.
pub fn replay(
    case: &Case<'_>,
    scratch: Scratch<'_>,
    report: impl FnMut(&State<'_>, Part, Deviation),
) -> Option<Result<(), Fault>> {
    if case.touched.is_some() && case.inner == 1 {
        return None;
    }
    let rule = case.rule;
    Some(match rule {
        Rule::Adagrad { .. } | Rule::ProximalAdagrad { .. } => {
            case.replay_with(Eigen::<1>(rule), scratch, report)
        }
        Rule::Adadelta { .. } => case.replay_with(Eigen::<2>(rule), scratch, report),
        // Only the sparse kernels have it.
        Rule::RMSProp { .. } if case.touched.is_none() => return None,
        Rule::RMSProp {
            centered: false, ..
        } => case.replay_with(Eigen::<2>(rule), scratch, report),
        Rule::RMSProp { centered: true, .. } => case.replay_with(Eigen::<3>(rule), scratch, report),
        _ => return None,
    })
}

/// Whether this processor's estimate is that of the processor which made the goldens: an Intel's,
/// which at 1 is too small by 2⁻¹².
pub fn is_that_of_the_goldens() -> bool {
    estimate(1.0).to_bits() == 0x3f7f_f000
}

fn estimate(x: f32) -> f32 {
    // SAFETY: every x86-64 processor has SSE.
    unsafe { _mm_cvtss_f32(_mm_rsqrt_ss(_mm_set_ss(x))) }
}

/// Eigen's reciprocal square root in a whole vector.
fn refined(x: Real) -> Real {
    let y = Real::new(estimate(x.get()));
    let half = y * Real::new(-0.5);
    let rest = (x * y) * y + Real::new(-1.0);
    let refined = y + half * rest;
    if refined.get().is_nan() { y } else { refined }
}

impl<const N: usize> Zeroed for Eigen<N> {
    const ZERO: Self = Self(Rule::GradientDescent { learning_rate: 0.0 });
}

impl<const N: usize> Optimizer for Eigen<N> {
    type Row<'a> = [&'a mut [f32]; N];
    type Slots<V: Storage> = [V; N];
    type Step = Rule;

    const SLOTS: &'static [Slot] = &[];

    fn initial(&self, index: usize) -> f32 {
        match (self.0, index) {
            (
                Rule::Adagrad {
                    initial_accumulator_value,
                    ..
                }
                | Rule::ProximalAdagrad {
                    initial_accumulator_value,
                    ..
                },
                _,
            ) => initial_accumulator_value,
            (Rule::RMSProp { .. }, 0) => 1.0,
            _ => 0.0,
        }
    }

    fn begin(&self, _global_step: i64) -> Rule {
        self.0
    }

    fn update(rule: &Rule, elements: Elements<'_, Self::Row<'_>>) {
        let (variable, mut slots, gradient) = elements.into_parts();
        let whole = variable.len() / 8 * 8;
        for (index, (v, &g)) in variable.iter_mut().zip(gradient).enumerate() {
            let rs = match index < whole {
                true => refined,
                false => Real::reciprocal_sqrt,
            };
            let mut state = slots.each_ref().map(|slot| Real::new(slot[index]));
            let value = element(rule, Real::new(*v), &mut state, Real::new(g), rs);
            *v = value.get();
            for (slot, number) in slots.iter_mut().zip(state) {
                slot[index] = number.get();
            }
        }
    }
}

/// The new value of an element, and its slots in place; RMSProp as its sparse kernel has it.
fn element(rule: &Rule, v: Real, slots: &mut [Real], g: Real, rs: fn(Real) -> Real) -> Real {
    let (one, zero) = (Real::ONE, Real::ZERO);
    match (*rule, slots) {
        (Rule::Adagrad { learning_rate, .. }, [a]) => {
            *a += g * g;
            v - (g * Real::new(learning_rate)) * rs(*a)
        }
        (
            Rule::ProximalAdagrad {
                learning_rate,
                l1,
                l2,
                ..
            },
            [a],
        ) => {
            *a += g * g;
            let (l1, l2) = (Real::new(l1), Real::new(l2));
            let rate = Real::new(learning_rate) * rs(*a);
            let p = v - g * rate;
            let shrunk = match l1 > zero {
                true => p.sign() * (p.abs() - rate * l1).max(zero),
                false => p,
            };
            shrunk / (one + l2 * rate)
        }
        (
            Rule::Adadelta {
                learning_rate,
                rho,
                epsilon,
            },
            [a, d],
        ) => {
            let (rho, epsilon) = (Real::new(rho), Real::new(epsilon));
            *a = *a * rho + (g * g) * (one - rho);
            let u = ((*d + epsilon).sqrt() * rs(*a + epsilon)) * g;
            *d = *d * rho + (u * u) * (one - rho);
            v - u * Real::new(learning_rate)
        }
        (
            Rule::RMSProp {
                learning_rate,
                decay,
                momentum,
                epsilon,
                ..
            },
            [r, rest @ ..],
        ) => {
            let (rho, epsilon) = (Real::new(decay), Real::new(epsilon));
            *r = *r * rho + (g * g) * (one - rho);
            let (root, m) = match rest {
                [mean, m] => {
                    *mean = *mean * rho + g * (one - rho);
                    (rs((*r + epsilon) - *mean * *mean), m)
                }
                [m] => (rs(*r + epsilon), m),
                _ => return v,
            };
            *m = *m * Real::new(momentum) + (root * Real::new(learning_rate)) * g;
            v - *m
        }
        _ => v,
    }
}
