//! Ftrl as TensorFlow has it where a row has one element: with the power function of the C library,
//! even for a root. Which bits that gives is the library's, and may be others where the goldens were
//! made.

use gradlet::optimizer::{Elements, Optimizer, Slot};
use gradlet::variable::Storage;
use gradlet::{Real, Zeroed};
use trajectory::{Case, Deviation, Fault, Part, Rule, Scratch, State};

/// Replays a case of Ftrl with rows of one element. `None`: it is another.
pub fn replay(
    case: &Case<'_>,
    scratch: Scratch<'_>,
    report: impl FnMut(&State<'_>, Part, Deviation),
) -> Option<Result<(), Fault>> {
    let Rule::Ftrl {
        learning_rate,
        learning_rate_power,
        initial_accumulator_value,
        l1,
        l2,
        l2_shrinkage,
        beta,
    } = case.rule
    else {
        return None;
    };
    if case.touched.is_none() || case.inner != 1 {
        return None;
    }
    let two = Real::new(2.0);
    let learning_rate = Real::new(learning_rate);
    let ftrl = Ftrl {
        learning_rate,
        exponent: -learning_rate_power,
        initial_accumulator_value,
        l1: Real::new(l1),
        ridge: two * (Real::new(l2) + Real::new(beta) / (two * learning_rate)),
        shrinkage: (l2_shrinkage > 0.0).then(|| two * Real::new(l2_shrinkage)),
    };
    Some(case.replay_with(ftrl, scratch, report))
}

#[derive(Clone, Copy)]
struct Ftrl {
    learning_rate: Real,
    exponent: f32,
    initial_accumulator_value: f32,
    l1: Real,
    ridge: Real,
    shrinkage: Option<Real>,
}

impl Ftrl {
    fn power(&self, x: Real) -> Real {
        Real::new(x.get().powf(self.exponent))
    }

    fn power_or_root(&self, x: Real) -> Real {
        match self.exponent {
            0.5 => x.sqrt(),
            _ => self.power(x),
        }
    }
}

impl Zeroed for Ftrl {
    const ZERO: Self = Self {
        learning_rate: Real::ZERO,
        exponent: 0.0,
        initial_accumulator_value: 0.0,
        l1: Real::ZERO,
        ridge: Real::ZERO,
        shrinkage: None,
    };
}

impl Optimizer for Ftrl {
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Self;

    const SLOTS: &'static [Slot] = &[];

    fn initial(&self, index: usize) -> f32 {
        match index {
            0 => self.initial_accumulator_value,
            _ => 0.0,
        }
    }

    fn begin(&self, _global_step: i64) -> Self {
        *self
    }

    fn update(step: &Self, elements: Elements<'_, Self::Row<'_>>) {
        elements.update(|v, [a, z], g| {
            let n = a + g * g;
            let sigma = (step.power(n) - step.power(a)) / step.learning_rate;
            let shrinking = step.shrinkage.map_or(g, |shrinkage| g + shrinkage * v);
            let z = (z + shrinking) - sigma * v;
            let quadratic = step.power_or_root(n) / step.learning_rate + step.ridge;
            let v = (z.min(step.l1).max(-step.l1) - z) / quadratic;
            (v, [n, z])
        });
    }
}
