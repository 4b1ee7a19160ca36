//! Where a variable lies.

use crate::Zeroed;
use crate::tensor::Shape;

/// Static storage of a variable: `[f32; N]` or, row-major, `[[f32; COLUMNS]; ROWS]`.
pub trait Storage: Zeroed {
    /// Shape of the variable.
    const SHAPE: Shape;
    /// All elements, row-major.
    fn elements(&self) -> &[f32];
    /// All elements, row-major, to be assigned.
    fn elements_mut(&mut self) -> &mut [f32];
    /// `len` elements from element `start` on, to be assigned; none where that is out of range.
    fn part_mut(&mut self, start: usize, len: usize) -> &mut [f32] {
        let rest = self.elements_mut().get_mut(start..);
        rest.and_then(|rest| rest.get_mut(..len))
            .unwrap_or_default()
    }
}

impl<const N: usize> Storage for [f32; N] {
    const SHAPE: Shape = Shape::vector(N);

    fn elements(&self) -> &[f32] {
        self
    }

    fn elements_mut(&mut self) -> &mut [f32] {
        self
    }
}

impl<const ROWS: usize, const COLUMNS: usize> Storage for [[f32; COLUMNS]; ROWS] {
    const SHAPE: Shape = Shape::matrix(ROWS, COLUMNS);

    fn elements(&self) -> &[f32] {
        self.as_flattened()
    }

    fn elements_mut(&mut self) -> &mut [f32] {
        self.as_flattened_mut()
    }
}
