//! Some of a set of variables.

use super::{Collections, Variable, Variables};
use crate::tensor::ViewMut;

/// The variables that are in every one of some collections: what is saved, restored or sent of
/// them.
///
/// ```
/// use gradlet::variable::{Collections, Selection};
/// use gradlet::{Adam, Head, Variables, checkpoint};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let head: Head<4, 3, Adam> = Head::new(Adam::new(0.01));
/// # let mut file = [0; 1024];
/// // What inference needs: kernel and bias, without the optimizer's state.
/// let model = Selection::new(&head, Collections::MODEL);
/// assert_eq!(model.count(), 2);
/// checkpoint::write(&model, &mut file[..])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Selection<V> {
    variables: V,
    collections: Collections,
}

impl<V: Variables> Selection<V> {
    /// Those of `variables` (a reference, or the object itself) that are in all of `collections`.
    pub const fn new(variables: V, collections: Collections) -> Self {
        Self {
            variables,
            collections,
        }
    }

    /// Indices of the selected variables among all.
    fn indices(&self) -> impl Iterator<Item = usize> {
        (0..self.variables.count()).filter(|&index| {
            let variable = self.variables.variable(index);
            variable.is_some_and(|variable| variable.collections.contains(self.collections))
        })
    }
}

impl<V: Variables> Variables for Selection<V> {
    fn count(&self) -> usize {
        self.indices().count()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        self.variables.variable(self.indices().nth(index)?)
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        let index = self.indices().nth(index)?;
        self.variables.variable_mut(index)
    }

    fn global_step(&self) -> i64 {
        self.variables.global_step()
    }

    fn metadata(&self) -> &[u8] {
        self.variables.metadata()
    }
}
