//! Adagrad by dual averaging.

use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.AdagradDAOptimizer` (kernel `ApplyAdagradDA`; Duchi, Hazan and Singer 2011): sparse
/// models from the averaged gradient. With T = `global_step` + 1,
///
/// G ← G + g, Q ← Q + g·g, and
/// v ← ((lr·−1)·sign G)·max(|G| − T·l1, 0) / (l2·(T·lr) + √Q), or without l1
/// v ← ((lr·G)·−1) / (l2·(T·lr) + √Q).
///
/// Two slots, `gradient_accumulator`, initially 0, and `gradient_squared_accumulator`, initially
/// 0.1: 12 bytes a parameter. Defaults: l1 0, l2 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdagradDa<L = f32> {
    learning_rate: L,
    initial_gradient_squared_accumulator_value: f32,
    l1: f32,
    l2: f32,
}

impl<L> AdagradDa<L> {
    /// With `learning_rate` lr, a number or a schedule.
    pub const fn new(learning_rate: L) -> Self {
        Self {
            learning_rate,
            initial_gradient_squared_accumulator_value: 0.1,
            l1: 0.0,
            l2: 0.0,
        }
    }

    /// With `initial_gradient_squared_accumulator_value`; TensorFlow wants it positive.
    #[must_use]
    pub const fn initial_gradient_squared_accumulator_value(mut self, value: f32) -> Self {
        self.initial_gradient_squared_accumulator_value = value;
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
}

impl<L: Zeroed> Zeroed for AdagradDa<L> {
    const ZERO: Self = Self::new(L::ZERO).initial_gradient_squared_accumulator_value(0.0);
}

/// What the variables of one step share.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    learning_rate: Real,
    /// T, counted from 1.
    time: Real,
    l1: Real,
    l2: Real,
}

impl<L: Schedule> Optimizer for AdagradDa<L> {
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "gradient_accumulator",
            variable: "AdagradDA",
        },
        Slot {
            name: "gradient_squared_accumulator",
            variable: "AdagradDA_1",
        },
    ];

    fn initial(&self, index: usize) -> f32 {
        match index {
            0 => 0.0,
            _ => self.initial_gradient_squared_accumulator_value,
        }
    }

    fn begin(&self, global_step: i64) -> Step {
        Step {
            learning_rate: Real::new(self.learning_rate.at(global_step)),
            time: Real::new(global_step.wrapping_add(1) as f32),
            l1: Real::new(self.l1),
            l2: Real::new(self.l2),
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let &Step { l1, l2, time, .. } = step;
        let lr = step.learning_rate;
        let minus_lr = lr * -Real::ONE;
        let (threshold, ridge) = (time * l1, l2 * (time * lr));
        elements.update(|_, [sum, squares], g| {
            let (sum, squares) = (sum + g, squares + g * g);
            let denominator = ridge + squares.sqrt();
            let v = if l1 > Real::ZERO {
                (minus_lr * sum.sign()) * (sum.abs() - threshold).max(Real::ZERO) / denominator
            } else {
                ((lr * sum) * -Real::ONE) / denominator
            };
            (v, [sum, squares])
        });
    }

    /// With d = l2 + √Q/(T·lr): v ← (−sign G)·max(|G|/T − l1, 0) / d, or without l1
    /// v ← (−1·(G/T)) / d.
    fn update_rows(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let &Step { l1, l2, time, .. } = step;
        let scale = time * step.learning_rate;
        elements.update(|_, [sum, squares], g| {
            let (sum, squares) = (sum + g, squares + g * g);
            let denominator = l2 + squares.sqrt() / scale;
            let v = if l1 > Real::ZERO {
                -sum.sign() * (sum.abs() / time - l1).max(Real::ZERO) / denominator
            } else {
                -(sum / time) / denominator
            };
            (v, [sum, squares])
        });
    }

    /// As [`update`](Self::update), but in double precision, rounded where it is stored and after
    /// the root.
    fn update_scalars(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let [lr, time, l1, l2] =
            [step.learning_rate, step.time, step.l1, step.l2].map(Real::to_f64);
        let (threshold, ridge) = (time * l1, time * l2 * lr);
        elements.update(|_, [sum, squares], g| {
            let sum = sum + g;
            let squares = Real::from_f64(squares.to_f64() + g.to_f64() * g.to_f64());
            let denominator = ridge + squares.sqrt().to_f64();
            let numerator = if l1 > 0.0 {
                let excess = sum.abs().to_f64() - threshold;
                let excess = if excess < 0.0 { 0.0 } else { excess };
                -sum.sign().to_f64() * lr * excess
            } else {
                -sum.to_f64() * lr
            };
            (Real::from_f64(numerator / denominator), [sum, squares])
        });
    }
}
