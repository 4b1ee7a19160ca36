//! What all layers of a model share: the optimizer, and how often it was applied.

use crate::Zeroed;
use crate::optimizer::Optimizer;
use crate::tensor::{Shape, View, ViewMut};
use crate::variable::{Collections, Name, Variable};

pub(super) struct Training<O> {
    pub(super) optimizer: O,
    pub(super) global_step: i64,
}

impl<O: Zeroed> Zeroed for Training<O> {
    const ZERO: Self = Self {
        optimizer: O::ZERO,
        global_step: 0,
    };
}

impl<O: Optimizer> Training<O> {
    /// The optimizer's own variables come first, then `global_step`.
    const GLOBAL_STEP: usize = O::SCALARS.len();
    /// Number of variables.
    pub(super) const COUNT: usize = Self::GLOBAL_STEP + 1;

    pub(super) fn begin(&self) -> O::Step {
        self.optimizer.begin(self.global_step)
    }

    pub(super) fn finish(&mut self, step: &O::Step) {
        self.optimizer.finish(step);
        self.global_step += 1;
    }

    pub(super) fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let (name, view) = match O::SCALARS.get(index) {
            Some(name) => {
                let scalar = self.optimizer.scalar(index)?;
                (*name, View::F32(core::slice::from_ref(scalar)))
            }
            None if index == Self::GLOBAL_STEP => {
                let step = core::slice::from_ref(&self.global_step);
                ("global_step", View::I64(step))
            }
            None => return None,
        };
        Some(Variable {
            name: Name::new(name),
            shape: Shape::SCALAR,
            collections: Collections::GLOBAL,
            view,
        })
    }

    pub(super) fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        if index == Self::GLOBAL_STEP {
            return Some(ViewMut::I64(core::slice::from_mut(&mut self.global_step)));
        }
        let scalar = self.optimizer.scalar_mut(index)?;
        Some(ViewMut::F32(core::slice::from_mut(scalar)))
    }
}
