//! Follow the regularized leader.

use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.FtrlOptimizer` (kernels `ApplyFtrl`, with shrinkage `ApplyFtrlV2`; McMahan and others
/// 2013): with P(x) = x^(−`learning_rate_power`), which is √x by default, and
/// g′ = g + (2·shrinkage)·v,
///
/// n = a + g·g, z ← z + (g′ − ((P(n) − P(a))/lr)·v),
/// v ← (l1·sign z − z) / (P(n)/lr + 2·l2) where |z| > l1, else 0, and a ← n.
///
/// `beta` adds beta/(2·lr) to l2. Two slots, `accum`, initially 0.1, and `linear`, initially 0:
/// 12 bytes a parameter. Defaults: power −0.5, l1 0, l2 0, shrinkage 0, beta 0.
///
/// With another power the results are not TensorFlow's to the bit: its power function and ours
/// are both within a unit in the last place, and P(n) − P(a) magnifies what they differ by. Nor are
/// they always for rows of one element: there TensorFlow computes √x, too, with the power function
/// of the C library that it runs on, which for some x is not rounded as a root is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ftrl<L = f32> {
    learning_rate: L,
    learning_rate_power: f32,
    initial_accumulator_value: f32,
    l1: f32,
    l2: f32,
    shrinkage: f32,
    beta: f32,
}

impl<L> Ftrl<L> {
    /// With `learning_rate` lr, a number or a schedule.
    pub const fn new(learning_rate: L) -> Self {
        Self {
            learning_rate,
            learning_rate_power: -0.5,
            initial_accumulator_value: 0.1,
            l1: 0.0,
            l2: 0.0,
            shrinkage: 0.0,
            beta: 0.0,
        }
    }

    /// With `learning_rate_power`, not positive.
    #[must_use]
    pub const fn learning_rate_power(mut self, power: f32) -> Self {
        self.learning_rate_power = power;
        self
    }

    /// With the initial value of `accum`, not negative.
    #[must_use]
    pub const fn initial_accumulator_value(mut self, value: f32) -> Self {
        self.initial_accumulator_value = value;
        self
    }

    /// With `l1_regularization_strength`, not negative.
    #[must_use]
    pub const fn l1_regularization_strength(mut self, l1: f32) -> Self {
        self.l1 = l1;
        self
    }

    /// With `l2_regularization_strength`, not negative.
    #[must_use]
    pub const fn l2_regularization_strength(mut self, l2: f32) -> Self {
        self.l2 = l2;
        self
    }

    /// With `l2_shrinkage_regularization_strength`, not negative.
    #[must_use]
    pub const fn l2_shrinkage_regularization_strength(mut self, shrinkage: f32) -> Self {
        self.shrinkage = shrinkage;
        self
    }

    /// With `beta`, not negative.
    #[must_use]
    pub const fn beta(mut self, beta: f32) -> Self {
        self.beta = beta;
        self
    }
}

impl<L: Zeroed> Zeroed for Ftrl<L> {
    const ZERO: Self = Self::new(L::ZERO)
        .learning_rate_power(0.0)
        .initial_accumulator_value(0.0);
}

/// What the variables of one step share.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    learning_rate: Real,
    power: Power,
    l1: Real,
    /// 2·l2, with beta's share.
    ridge: Real,
    /// 2·shrinkage, where there is one.
    shrinkage: Option<Real>,
}

/// P.
#[derive(Debug, Clone, Copy)]
enum Power {
    Root,
    Other(Real),
}

impl Power {
    fn of(self, x: Real) -> Real {
        match self {
            Self::Root => x.sqrt(),
            Self::Other(exponent) => x.powf(exponent),
        }
    }
}

impl Step {
    /// g′
    fn shrinking(&self, g: Real, v: Real) -> Real {
        self.shrinkage.map_or(g, |shrinkage| g + shrinkage * v)
    }

    /// P(n)/lr + 2·l2
    fn quadratic(&self, n: Real) -> Real {
        self.power.of(n) / self.learning_rate + self.ridge
    }

    /// (P(n) − P(a))/lr
    fn sigma(&self, n: Real, a: Real) -> Real {
        (self.power.of(n) - self.power.of(a)) / self.learning_rate
    }

    /// How far `z` lies outside ±l1, with the sign reversed.
    fn outside(&self, z: Real) -> Real {
        z.min(self.l1).max(-self.l1) - z
    }
}

impl<L: Schedule> Optimizer for Ftrl<L> {
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "accum",
            variable: "Ftrl",
        },
        Slot {
            name: "linear",
            variable: "Ftrl_1",
        },
    ];

    fn initial(&self, index: usize) -> f32 {
        match index {
            0 => self.initial_accumulator_value,
            _ => 0.0,
        }
    }

    fn begin(&self, global_step: i64) -> Step {
        let two = Real::new(2.0);
        let lr = Real::new(self.learning_rate.at(global_step));
        let l2 = Real::new(self.l2) + Real::new(self.beta) / (two * lr);
        Step {
            learning_rate: lr,
            power: match self.learning_rate_power {
                -0.5 => Power::Root,
                power => Power::Other(Real::new(-power)),
            },
            l1: Real::new(self.l1),
            ridge: two * l2,
            shrinkage: (self.shrinkage > 0.0).then(|| two * Real::new(self.shrinkage)),
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let l1 = step.l1;
        elements.update(|v, [a, z], g| {
            let n = a + g * g;
            let z = z + (step.shrinking(g, v) - step.sigma(n, a) * v);
            let v = match z.abs() > l1 {
                true => (l1 * z.sign() - z) / step.quadratic(n),
                false => Real::ZERO,
            };
            (v, [n, z])
        });
    }

    /// v ← (z held within ±l1, less z) / (P(n)/lr + 2·l2)
    fn update_rows(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        elements.update(|v, [a, z], g| {
            let n = a + g * g;
            let z = z + (step.shrinking(g, v) - step.sigma(n, a) * v);
            (step.outside(z) / step.quadratic(n), [n, z])
        });
    }

    /// As [`update_rows`](Self::update_rows), but z ← (z + g′) − ((P(n) − P(a))/lr)·v.
    fn update_scalars(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        elements.update(|v, [a, z], g| {
            let n = a + g * g;
            let z = (z + step.shrinking(g, v)) - step.sigma(n, a) * v;
            (step.outside(z) / step.quadratic(n), [n, z])
        });
    }
}
