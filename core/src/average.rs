//! Averages of variables over the steps of training, often better to infer with than the last
//! values.

use core::fmt;

use crate::optimizer::LengthMismatch;
use crate::owned::Initialize;
use crate::tensor::{View, ViewMut};
use crate::variable::{Collections, Variable};
use crate::{Real, Variables, Zeroed, math};

/// `tf.train.ExponentialMovingAverage`: average ← average − (average − value)·(1 − d).
///
/// d is the decay given or, with a count of updates n, the smaller of it and (1 + n)/(10 + n), so
/// that the average follows faster at first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentialMovingAverage {
    decay: f32,
}

impl ExponentialMovingAverage {
    /// With `decay` a little below 1: 0.999.
    pub const fn new(decay: f32) -> Self {
        Self { decay }
    }

    /// Moves `average` towards `value`.
    ///
    /// # Errors
    /// [`LengthMismatch`] if they differ in length; nothing is changed then.
    pub fn update(
        &self,
        num_updates: Option<i64>,
        average: &mut [f32],
        value: &[f32],
    ) -> Result<(), LengthMismatch> {
        LengthMismatch::check(average.len(), value.len())?;
        let share = Real::ONE - self.decay_of(num_updates);
        for (average, &v) in average.iter_mut().zip(value) {
            let a = Real::new(*average);
            *average = (a - (a - Real::new(v)) * share).get();
        }
        Ok(())
    }

    fn decay_of(&self, num_updates: Option<i64>) -> Real {
        let decay = Real::new(self.decay);
        num_updates.map_or(decay, |n| {
            let n = Real::new(n as f32);
            decay.min((Real::ONE + n) / (Real::new(10.0) + n))
        })
    }
}

/// An average that starts at 0 without being drawn to it (`zero_debias=True`; Kingma and Ba 2014,
/// section 3): with the n-th value
///
/// biased ← biased − (biased − value)·(1 − d), average ← average − (average − biased/(1 − dⁿ)).
///
/// Within 29 units in the last place of TensorFlow's where measured: of dⁿ near 1 little is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZeroDebiased<const N: usize> {
    /// The average.
    pub average: [f32; N],
    /// The sum from which it is computed (`…/biased`).
    pub biased: [f32; N],
    /// Number of values so far (`…/local_step`).
    pub local_step: f32,
}

impl<const N: usize> Zeroed for ZeroDebiased<N> {
    const ZERO: Self = Self {
        average: [0.0; N],
        biased: [0.0; N],
        local_step: 0.0,
    };
}

impl<const N: usize> Initialize<()> for ZeroDebiased<N> {
    fn initialize(&mut self, (): ()) {}
}

impl<const N: usize> ZeroDebiased<N> {
    /// Moves the average towards `value` by the decay of `average`.
    pub fn update(&mut self, average: ExponentialMovingAverage, value: &[f32; N]) {
        let decay = Real::new(average.decay);
        let share = Real::ONE - decay;
        self.local_step += 1.0;
        let power = Real::new(math::pow(decay.get(), self.local_step));
        let rest = Real::ONE - power;
        let elements = self.average.iter_mut().zip(&mut self.biased).zip(value);
        for ((average, biased), &v) in elements {
            let (mut a, mut b) = (Real::new(*average), Real::new(*biased));
            b -= (b - Real::new(v)) * share;
            a = a - (a - b / rest);
            (*average, *biased) = (a.get(), b.get());
        }
    }
}

/// A model with an average of each trainable variable beside it, all saved and restored together:
/// the average of `head/kernel` is `head/kernel/ExponentialMovingAverage`.
///
/// `N` is the number of elements of the trainable variables.
///
/// ```
/// use gradlet::average::{Averaged, ExponentialMovingAverage};
/// use gradlet::{Head, Momentum, Owned, Variables};
///
/// static MODEL: Owned<Averaged<Head<4, 3, Momentum>, 15>> = Owned::new();
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = MODEL.init(Momentum::new(0.1, 0.9))?;
/// let average = ExponentialMovingAverage::new(0.99);
/// model.model.minimize(&[1.0, 0.5, 0.0, -1.0], 2)?;
/// model.apply(&average, Some(model.model.global_step()))?;
/// model.swap()?; // infer with the averages, then swap back
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Averaged<M, const N: usize> {
    /// The model.
    pub model: M,
    averages: [f32; N],
}

impl<M: Zeroed, const N: usize> Zeroed for Averaged<M, N> {
    const ZERO: Self = Self {
        model: M::ZERO,
        averages: [0.0; N],
    };
}

impl<A, M: Initialize<A> + Variables, const N: usize> Initialize<A> for Averaged<M, N> {
    fn initialize(&mut self, argument: A) {
        self.model.initialize(argument);
        // The sizes are checked by every other call.
        let _ = self.restart();
    }
}

impl<M: Variables, const N: usize> Averaged<M, N> {
    /// Lets the averages start again from the variables' values: after weights were assigned.
    ///
    /// # Errors
    /// [`AverageSize`] if `N` is not what the model needs.
    pub fn restart(&mut self) -> Result<(), AverageSize> {
        self.each(|value, average| {
            for (average, value) in average.iter_mut().zip(value) {
                *average = *value;
            }
        })
    }

    /// Moves the averages towards the variables' values, after a step of training.
    ///
    /// # Errors
    /// [`AverageSize`] if `N` is not what the model needs.
    pub fn apply(
        &mut self,
        average: &ExponentialMovingAverage,
        num_updates: Option<i64>,
    ) -> Result<(), AverageSize> {
        self.each(|value, averages| {
            // `each` hands out slices of one length.
            let _ = average.update(num_updates, averages, value);
        })
    }

    /// Exchanges variables and averages.
    ///
    /// # Errors
    /// [`AverageSize`] if `N` is not what the model needs.
    pub fn swap(&mut self) -> Result<(), AverageSize> {
        self.each(|value, averages| {
            for (average, value) in averages.iter_mut().zip(value) {
                core::mem::swap(average, value);
            }
        })
    }

    fn each(&mut self, mut visit: impl FnMut(&mut [f32], &mut [f32])) -> Result<(), AverageSize> {
        let needed = averaged(&self.model).map(|(_, variable)| variable.view.len());
        let needed = needed.sum();
        if needed != N {
            return Err(AverageSize { needed, found: N });
        }
        let mut rest = &mut self.averages[..];
        for index in 0..self.model.count() {
            if !self.model.variable(index).is_some_and(|v| is_averaged(&v)) {
                continue;
            }
            let Some(ViewMut::F32(value)) = self.model.variable_mut(index) else {
                continue;
            };
            let Some((averages, after)) =
                core::mem::take(&mut rest).split_at_mut_checked(value.len())
            else {
                break;
            };
            visit(value, averages);
            rest = after;
        }
        Ok(())
    }

    /// The model's variable that average `position` follows, and where the average starts.
    fn followed(&self, position: usize) -> Option<(Variable<'_>, usize)> {
        let mut start = 0;
        for (_, variable) in averaged(&self.model).take(position) {
            start += variable.view.len();
        }
        let (_, variable) = averaged(&self.model).nth(position)?;
        Some((variable, start))
    }
}

fn is_averaged(variable: &Variable<'_>) -> bool {
    variable.collections.contains(Collections::TRAINABLE) && matches!(variable.view, View::F32(_))
}

fn averaged<M: Variables>(model: &M) -> impl Iterator<Item = (usize, Variable<'_>)> {
    (0..model.count())
        .filter_map(|index| Some((index, model.variable(index)?)))
        .filter(|(_, variable)| is_averaged(variable))
}

impl<M: Variables, const N: usize> Variables for Averaged<M, N> {
    fn count(&self) -> usize {
        self.model.count() + averaged(&self.model).count()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let Some(position) = index.checked_sub(self.model.count()) else {
            let mut variable = self.model.variable(index)?;
            if is_averaged(&variable) {
                variable.collections = variable.collections.and(Collections::MOVING_AVERAGE);
            }
            return Some(variable);
        };
        let (variable, start) = self.followed(position)?;
        let averages = self.averages.get(start..)?.get(..variable.view.len())?;
        Some(Variable {
            name: variable.name.of_slot("ExponentialMovingAverage"),
            shape: variable.shape,
            collections: Collections::GLOBAL,
            view: View::F32(averages),
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        let Some(position) = index.checked_sub(self.model.count()) else {
            return self.model.variable_mut(index);
        };
        let (variable, start) = self.followed(position)?;
        let len = variable.view.len();
        let averages = self.averages.get_mut(start..)?.get_mut(..len)?;
        Some(ViewMut::F32(averages))
    }

    fn global_step(&self) -> i64 {
        self.model.global_step()
    }
}

/// [`Averaged`] has a place for another number of elements than its model's trainable variables
/// have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct AverageSize {
    /// What the model needs.
    pub needed: usize,
    /// `N`.
    pub found: usize,
}

impl fmt::Display for AverageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, found } = self;
        write!(
            f,
            "the trainable variables have {needed} elements, there is a place for {found} averages"
        )
    }
}

impl core::error::Error for AverageSize {}
