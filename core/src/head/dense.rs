//! A dense layer: outputs = inputs·kernel + bias.

use super::source::Source;
use crate::features::Features;
use crate::gradient::{Piece, Process};
use crate::optimizer::{Optimizer, Parameter, SlotStorage};
use crate::tensor::{View, ViewMut};
use crate::variable::{Collections, Name, Storage, Variable};
use crate::{Zeroed, kernel};

pub(super) struct Dense<const IN: usize, const OUT: usize, O: Optimizer> {
    pub(super) kernel: Parameter<[[f32; OUT]; IN], O>,
    pub(super) bias: Parameter<[f32; OUT], O>,
}

impl<const IN: usize, const OUT: usize, O: Optimizer> Zeroed for Dense<IN, OUT, O> {
    const ZERO: Self = Self {
        kernel: Parameter::ZERO,
        bias: Parameter::ZERO,
    };
}

impl<const IN: usize, const OUT: usize, O: Optimizer> Dense<IN, OUT, O> {
    pub(super) fn initialize(&mut self, optimizer: &O) {
        self.kernel.initialize(optimizer);
        self.bias.initialize(optimizer);
    }

    pub(super) fn assign(&mut self, kernel: &[[f32; OUT]; IN], bias: &[f32; OUT]) {
        self.kernel.value = *kernel;
        self.bias.value = *bias;
    }

    pub(super) fn outputs(&self, inputs: &impl Features<IN>) -> [f32; OUT] {
        let mut outputs = self.bias.value;
        inputs.for_each_run(|first, run| {
            let rows = self.kernel.value.get(first..).unwrap_or_default();
            kernel::dense::accumulate(&mut outputs, run, rows.as_flattened());
        });
        outputs
    }

    /// The gradient with respect to input `index`: Σⱼ kernel·delta, in the order of the columns.
    pub(super) fn input_gradient(&self, index: usize, delta: &[f32; OUT]) -> f32 {
        let row = self.kernel.value.get(index);
        let products = row.into_iter().flatten().zip(delta);
        products.fold(0.0, |sum, (weight, delta)| sum + weight * delta)
    }

    /// Applies the gradient of one sample: the outer product of inputs and delta.
    pub(super) fn apply_sample(
        &mut self,
        step: &O::Step,
        inputs: &impl Features<IN>,
        delta: &[f32; OUT],
    ) {
        self.kernel.apply_outer(step, inputs, delta);
        // The bias is the row of an input that is always 1.
        self.bias.apply_outer(step, &[1.0], delta);
    }

    /// Applies the gradient that `source` computes, as it is.
    pub(super) fn apply(&mut self, step: &O::Step, source: &impl Source<OUT>) {
        if !self.kernel.frozen {
            for row in 0..IN {
                self.kernel
                    .apply_row(step, row * OUT, OUT, |column, _, gradient| {
                        source.kernel(row, column, gradient);
                    });
            }
        }
        self.bias.apply_outer(step, &[1.0], source.bias());
    }

    /// Applies the gradient that `source` computes after `process` had each piece of it.
    pub(super) fn apply_processed(
        &mut self,
        step: &O::Step,
        place: Place,
        source: &impl Source<OUT>,
        process: &impl Process,
    ) {
        if !self.bias.frozen {
            self.bias
                .apply_row(step, 0, OUT, |column, variable, gradient| {
                    copy(source.bias(), column, gradient);
                    process.process(&mut place.bias(column, variable, gradient));
                });
        }
        if !self.kernel.frozen {
            for row in 0..IN {
                self.kernel
                    .apply_row(step, row * OUT, OUT, |column, variable, gradient| {
                        source.kernel(row, column, gradient);
                        let first = row * OUT + column;
                        process.process(&mut place.kernel(first, variable, gradient));
                    });
            }
        }
    }

    /// Shows `visit` each piece of the gradient that `source` computes.
    pub(super) fn each_piece(
        &self,
        place: Place,
        source: &impl Source<OUT>,
        visit: &mut impl FnMut(Piece<'_>),
    ) {
        if !self.bias.frozen {
            self.bias.each_piece(0, OUT, |column, variable, gradient| {
                copy(source.bias(), column, gradient);
                visit(place.bias(column, variable, gradient));
            });
        }
        if !self.kernel.frozen {
            for row in 0..IN {
                self.kernel
                    .each_piece(row * OUT, OUT, |column, variable, gradient| {
                        source.kernel(row, column, gradient);
                        visit(place.kernel(row * OUT + column, variable, gradient));
                    });
            }
        }
    }

    /// Lets exactly those parameters train whose names `is_listed` knows.
    pub(super) fn set_trainable(&mut self, scope: &str, is_listed: &impl Fn(Name<'_>) -> bool) {
        self.bias.frozen = !is_listed(Name::scoped(scope, BIAS));
        self.kernel.frozen = !is_listed(Name::scoped(scope, KERNEL));
    }

    const KERNEL: usize = 1 + O::SLOTS.len();
    /// Number of variables: two parameters with their slots.
    pub(super) const COUNT: usize = 2 * Self::KERNEL;

    pub(super) fn variable(&self, scope: &'static str, index: usize) -> Option<Variable<'_>> {
        match index.checked_sub(Self::KERNEL) {
            Some(part) => parameter_variable(Name::scoped(scope, KERNEL), &self.kernel, part),
            None => parameter_variable(Name::scoped(scope, BIAS), &self.bias, index),
        }
    }

    pub(super) fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        match index.checked_sub(Self::KERNEL) {
            Some(part) => parameter_view_mut(&mut self.kernel, part),
            None => parameter_view_mut(&mut self.bias, index),
        }
    }
}

pub(super) const KERNEL: &str = "kernel";
pub(super) const BIAS: &str = "bias";

/// Which layer of a model it is: its scope, and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) scope: &'static str,
    pub(super) layer: usize,
}

impl Place {
    fn bias<'p>(self, first: usize, variable: &'p [f32], gradient: &'p mut [f32]) -> Piece<'p> {
        let name = Name::scoped(self.scope, BIAS);
        Piece::new(name, 2 * self.layer, first, variable, gradient)
    }

    fn kernel<'p>(self, first: usize, variable: &'p [f32], gradient: &'p mut [f32]) -> Piece<'p> {
        let name = Name::scoped(self.scope, KERNEL);
        Piece::new(name, 2 * self.layer + 1, first, variable, gradient)
    }
}

fn copy(all: &[f32], first: usize, some: &mut [f32]) {
    for (to, from) in some.iter_mut().zip(all.iter().skip(first)) {
        *to = *from;
    }
}

/// Part 0 of a parameter is its value, the others are its slots.
fn parameter_variable<'a, V: Storage, O: Optimizer>(
    name: Name<'a>,
    parameter: &'a Parameter<V, O>,
    part: usize,
) -> Option<Variable<'a>> {
    let (name, shape, collections, view) = match part.checked_sub(1) {
        None => {
            let kept = Collections::GLOBAL.and(Collections::MODEL);
            let collections = match parameter.frozen {
                true => kept,
                false => kept.and(Collections::TRAINABLE),
            };
            let view = View::F32(parameter.value.elements());
            (name, V::SHAPE, collections, view)
        }
        Some(slot) => (
            name.of_slot(O::SLOTS.get(slot)?.variable),
            parameter.slots.shape(slot, V::SHAPE),
            Collections::GLOBAL,
            parameter.slots.view(slot)?,
        ),
    };
    Some(Variable {
        name,
        shape,
        collections,
        view,
    })
}

fn parameter_view_mut<V: Storage, O: Optimizer>(
    parameter: &mut Parameter<V, O>,
    part: usize,
) -> Option<ViewMut<'_>> {
    match part.checked_sub(1) {
        None => Some(ViewMut::F32(parameter.value.elements_mut())),
        Some(slot) => parameter.slots.view_mut(slot),
    }
}
