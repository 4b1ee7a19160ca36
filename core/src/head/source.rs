//! What a layer's gradient is computed from, a piece at a time.

use crate::features::{Element, Features, Quantization};
use crate::{Real, kernel};

/// The gradient of a dense layer with `OUT` outputs.
pub(super) trait Source<const OUT: usize> {
    /// Row `row` of the kernel's gradient, from column `first` on.
    fn kernel(&self, row: usize, first: usize, gradient: &mut [f32]);

    /// The bias's gradient.
    fn bias(&self) -> &[f32; OUT];
}

/// One sample: an outer product.
pub(super) struct Sample<const IN: usize, const OUT: usize, F> {
    pub(super) inputs: F,
    pub(super) delta: [f32; OUT],
}

impl<const IN: usize, const OUT: usize, F: Features<IN>> Source<OUT> for Sample<IN, OUT, F> {
    fn kernel(&self, row: usize, first: usize, gradient: &mut [f32]) {
        let x = Real::new(self.inputs.real(row));
        for (g, &d) in gradient.iter_mut().zip(self.delta.iter().skip(first)) {
            *g = (x * Real::new(d)).get();
        }
    }

    fn bias(&self) -> &[f32; OUT] {
        &self.delta
    }
}

/// Several samples: the sum of their outer products, in their order.
pub(super) struct Samples<'a, const IN: usize, const OUT: usize, E> {
    pub(super) inputs: &'a [[E; IN]],
    pub(super) quantization: Quantization,
    pub(super) deltas: &'a [[f32; OUT]],
    /// Sum of the deltas.
    pub(super) bias: &'a [f32; OUT],
}

impl<const IN: usize, const OUT: usize, E: Element> Source<OUT> for Samples<'_, IN, OUT, E> {
    fn kernel(&self, row: usize, first: usize, gradient: &mut [f32]) {
        gradient.fill(0.0);
        let mut x = [0.0; RUN];
        for (inputs, deltas) in self.inputs.chunks(RUN).zip(self.deltas.chunks(RUN)) {
            for (x, values) in x.iter_mut().zip(inputs) {
                let value = values.get(row).map(|value| value.real(self.quantization));
                *x = value.unwrap_or_default();
            }
            accumulate(gradient, first, x.get(..inputs.len()).unwrap_or(&x), deltas);
        }
    }

    fn bias(&self) -> &[f32; OUT] {
        self.bias
    }
}

/// Samples whose features are real at once: enough for a kernel to be worth its call.
const RUN: usize = 16;

/// Adds the outer products of `x` and `deltas`, one after the other, from column `first` on.
fn accumulate<const OUT: usize>(
    gradient: &mut [f32],
    first: usize,
    x: &[f32],
    deltas: &[[f32; OUT]],
) {
    if kernel::gradient::accumulate(gradient, first, x, deltas).is_ok() {
        return;
    }
    for (&x, delta) in x.iter().zip(deltas) {
        let x = Real::new(x);
        for (g, &d) in gradient.iter_mut().zip(delta.iter().skip(first)) {
            *g = (Real::new(*g) + x * Real::new(d)).get();
        }
    }
}
