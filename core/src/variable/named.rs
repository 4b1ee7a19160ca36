//! Variables of the user's own.

use super::{Collections, Name, Variable, Variables};
use crate::tensor::{Shape, ViewMut};

/// A variable of the user's own, to be saved and restored beside a model: how far a recording has
/// been read, a sensor's calibration.
///
/// ```
/// use gradlet::checkpoint::{self, Checkpoint};
/// use gradlet::variable::Named;
/// use gradlet::{Head, Momentum};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut file = [0; 1024];
/// let mut head: Head<4, 3, Momentum> = Head::new(Momentum::new(0.1, 0.9));
/// let mut cursor = 17;
/// checkpoint::write(&(&mut head, Named::number("cursor", &mut cursor)), &mut file[..])?;
///
/// cursor = 0;
/// let all = &mut (&mut head, Named::number("cursor", &mut cursor));
/// checkpoint::restore(all, &Checkpoint::parse(&file)?)?;
/// assert_eq!(cursor, 17);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, PartialEq)]
pub struct Named<'a> {
    name: &'a str,
    shape: Shape,
    view: ViewMut<'a>,
}

impl<'a> Named<'a> {
    /// A vector.
    pub const fn new(name: &'a str, view: ViewMut<'a>) -> Self {
        let shape = Shape::vector(view.view().len());
        Self { name, shape, view }
    }

    /// A single number.
    pub const fn number(name: &'a str, value: &'a mut i64) -> Self {
        Self {
            name,
            shape: Shape::SCALAR,
            view: ViewMut::I64(core::slice::from_mut(value)),
        }
    }
}

impl Variables for Named<'_> {
    fn count(&self) -> usize {
        1
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        (index == 0).then(|| Variable {
            name: Name::new(self.name),
            shape: self.shape,
            collections: Collections::GLOBAL,
            view: self.view.view(),
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        (index == 0).then(|| self.view.reborrow())
    }

    /// None of its own.
    fn global_step(&self) -> i64 {
        0
    }
}
