//! Keeping gradients from growing too large.

use crate::Real;

/// `tf.clip_by_value`: max(min(x, `high`), `low`) of each element. Where the bounds cross, `low`
/// wins; NaN stays.
pub fn clip_by_value(gradient: &mut [f32], low: f32, high: f32) {
    let (low, high) = (Real::new(low), Real::new(high));
    for x in gradient {
        // `min` and `max` keep their first argument where it is no number.
        *x = Real::new(*x).min(high).max(low).get();
    }
}

/// `tf.clip_by_norm`: scales to the length `clip_norm` if it is longer: (x·c)/max(‖x‖, c).
/// Returns the length ‖x‖ before.
pub fn clip_by_norm(gradient: &mut [f32], clip_norm: f32) -> f32 {
    let norm = root(sum_of_squares(gradient, Real::ONE));
    scale_to(gradient.iter_mut(), norm, Real::new(clip_norm));
    norm.get()
}

/// `tf.clip_by_norm` with `axes=[0]` of a row-major matrix: each of its `columns` is a vector of
/// its own.
pub fn clip_columns_by_norm(gradient: &mut [f32], columns: usize, clip_norm: f32) {
    for column in 0..columns {
        let mut sum = Real::ZERO;
        for x in gradient.iter().skip(column).step_by(columns.max(1)) {
            sum += Real::new(*x) * Real::new(*x);
        }
        let elements = gradient.iter_mut().skip(column).step_by(columns.max(1));
        scale_to(elements, root(sum), Real::new(clip_norm));
    }
}

/// `tf.clip_by_global_norm`: scales all gradients alike, by c·min(1/‖x‖, 1/c), so that together
/// they are no longer than `clip_norm` c. Returns the length ‖x‖ before (`tf.global_norm`); if that
/// is no finite number, all elements become NaN.
pub fn clip_by_global_norm<const N: usize>(mut gradients: [&mut [f32]; N], clip_norm: f32) -> f32 {
    let norm = global_norm(gradients.each_ref().map(|gradient| &**gradient));
    let scale = global_scale(norm, clip_norm);
    for x in gradients
        .iter_mut()
        .flat_map(|gradient| gradient.iter_mut())
    {
        *x = (Real::new(*x) * scale).get();
    }
    norm
}

/// `tf.global_norm`: √(2·Σ½‖x‖²) of several gradients.
pub fn global_norm<const N: usize>(gradients: [&[f32]; N]) -> f32 {
    let half = Real::new(0.5);
    let mut sum = Real::ZERO;
    for gradient in gradients {
        sum += sum_of_squares(gradient, half);
    }
    (sum * Real::new(2.0)).sqrt().get()
}

/// What [`clip_by_global_norm`] multiplies each element by: c·min(1/norm, 1/c), NaN if `norm` is
/// not finite. A gradient that is computed piece by piece is clipped with it.
pub fn global_scale(norm: f32, clip_norm: f32) -> Real {
    let (norm, clip) = (Real::new(norm), Real::new(clip_norm));
    match norm.get().is_finite() {
        true => clip * (Real::ONE / norm).min(Real::ONE / clip),
        false => Real::new(f32::NAN),
    }
}

/// Σ(x·x·`factor`) of a whole gradient.
fn sum_of_squares(gradient: &[f32], factor: Real) -> Real {
    let mut sum = SumOfSquares::new(gradient.len(), factor);
    sum.add(0, gradient);
    sum.total()
}

/// Σ(x·x·`factor`), in the order of TensorFlow's kernels where the gradient has less than 64
/// elements: eight sums side by side over the whole eights, then one over the rest. Larger ones
/// TensorFlow divides among its threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SumOfSquares {
    /// Elements in whole eights.
    whole: usize,
    factor: Real,
    lanes: [Real; 8],
    tail: Real,
}

impl SumOfSquares {
    /// Of a gradient of `len` elements.
    pub(crate) const fn new(len: usize, factor: Real) -> Self {
        Self {
            whole: len / 8 * 8,
            factor,
            lanes: [Real::ZERO; 8],
            tail: Real::ZERO,
        }
    }

    /// Adds the elements from `first` on; pieces come in their order.
    pub(crate) fn add(&mut self, first: usize, piece: &[f32]) {
        for (index, &x) in (first..).zip(piece) {
            let square = (Real::new(x) * Real::new(x)) * self.factor;
            match self.lanes.get_mut(index % 8) {
                Some(lane) if index < self.whole => *lane += square,
                _ => self.tail += square,
            }
        }
    }

    /// The sum.
    pub(crate) fn total(&self) -> Real {
        let [a, b, c, d, e, f, g, h] = self.lanes;
        self.tail + (((a + e) + (c + g)) + ((b + f) + (d + h)))
    }
}

/// √x where x is positive; x itself where it is not (0 and NaN).
pub(crate) fn root(sum: Real) -> Real {
    if sum > Real::ZERO { sum.sqrt() } else { sum }
}

fn scale_to<'a>(elements: impl Iterator<Item = &'a mut f32>, norm: Real, clip: Real) {
    let longer = norm.max(clip);
    for x in elements {
        *x = ((Real::new(*x) * clip) / longer).get();
    }
}
