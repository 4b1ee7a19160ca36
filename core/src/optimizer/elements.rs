//! The elements that one call updates, and the loop over them.

use core::fmt;

use crate::Real;

/// The slots of some consecutive elements, one buffer a slot.
pub trait Row {
    /// The length of the first buffer that does not hold `len` elements.
    fn mismatch(&self, len: usize) -> Option<usize>;
}

impl<const N: usize> Row for [&mut [f32]; N] {
    fn mismatch(&self, len: usize) -> Option<usize> {
        self.iter()
            .map(|slot| slot.len())
            .find(|&found| found != len)
    }
}

/// Consecutive elements of a variable with their slots `R` and gradients: all of one length.
#[derive(Debug)]
pub struct Elements<'a, R> {
    variable: &'a mut [f32],
    slots: R,
    gradient: &'a [f32],
}

impl<'a, R: Row> Elements<'a, R> {
    /// Puts together what belongs together.
    ///
    /// # Errors
    /// [`LengthMismatch`] if slots or gradient have not as many elements as the variable.
    pub fn new(
        variable: &'a mut [f32],
        slots: R,
        gradient: &'a [f32],
    ) -> Result<Self, LengthMismatch> {
        let expected = variable.len();
        let other = Some(gradient.len()).filter(|&found| found != expected);
        match other.or_else(|| slots.mismatch(expected)) {
            Some(found) => Err(LengthMismatch { expected, found }),
            None => Ok(Self {
                variable,
                slots,
                gradient,
            }),
        }
    }

    /// Number of elements.
    pub const fn len(&self) -> usize {
        self.variable.len()
    }

    /// Whether there is no element.
    pub const fn is_empty(&self) -> bool {
        self.variable.is_empty()
    }

    /// Replaces each element v of the variable by `rule(v)`.
    pub(super) fn replace(&mut self, rule: impl Fn(Real) -> Real) {
        for v in &mut *self.variable {
            *v = rule(Real::new(*v)).get();
        }
    }

    /// Variable, slots and gradient, for a loop of one's own.
    pub fn into_parts(self) -> (&'a mut [f32], R, &'a [f32]) {
        (self.variable, self.slots, self.gradient)
    }
}

impl<const N: usize> Elements<'_, [&mut [f32]; N]> {
    /// Replaces each element v with slots s, given its gradient g, by `rule(v, s, g)`.
    #[inline]
    pub fn update(self, rule: impl Fn(Real, [Real; N], Real) -> (Real, [Real; N])) {
        let Self {
            variable,
            mut slots,
            gradient,
        } = self;
        for (index, (v, &g)) in variable.iter_mut().zip(gradient).enumerate() {
            let state = slots
                .each_ref()
                .map(|slot| Real::new(slot.get(index).copied().unwrap_or_default()));
            let (value, state) = rule(Real::new(*v), state, Real::new(g));
            *v = value.get();
            for (slot, number) in slots.iter_mut().zip(state) {
                if let Some(element) = slot.get_mut(index) {
                    *element = number.get();
                }
            }
        }
    }
}

/// Buffers that belong together differ in length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct LengthMismatch {
    /// Elements of the variable.
    pub expected: usize,
    /// Elements of the gradient, slot or average.
    pub found: usize,
}

impl LengthMismatch {
    pub(crate) fn check(expected: usize, found: usize) -> Result<(), Self> {
        match expected == found {
            true => Ok(()),
            false => Err(Self { expected, found }),
        }
    }
}

impl fmt::Display for LengthMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, found } = self;
        write!(
            f,
            "a variable of {expected} elements does not go with {found} other numbers"
        )
    }
}

impl core::error::Error for LengthMismatch {}
