//! Where a variable lies.

use crate::Zeroed;
use crate::tensor::Shape;

/// Elements of any type, row-major.
pub trait Buffer<T>: Zeroed {
    /// All elements.
    fn all(&self) -> &[T];
    /// All elements, to be assigned.
    fn all_mut(&mut self) -> &mut [T];
}

impl<T: Zeroed, const N: usize> Buffer<T> for [T; N] {
    fn all(&self) -> &[T] {
        self
    }

    fn all_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<T: Zeroed, const ROWS: usize, const COLUMNS: usize> Buffer<T> for [[T; COLUMNS]; ROWS] {
    fn all(&self) -> &[T] {
        self.as_flattened()
    }

    fn all_mut(&mut self) -> &mut [T] {
        self.as_flattened_mut()
    }
}

/// Static storage of a variable: `[f32; N]` or, row-major, `[[f32; COLUMNS]; ROWS]`.
pub trait Storage: Zeroed {
    /// Shape of the variable.
    const SHAPE: Shape;
    /// As many elements of another type: the codes of a slot.
    type Of<T: Zeroed>: Buffer<T>;
    /// An element for each row of a matrix, one for a whole vector: the scales of a slot.
    type PerRow<T: Zeroed>: Buffer<T>;
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
    type Of<T: Zeroed> = [T; N];
    type PerRow<T: Zeroed> = [T; 1];

    fn elements(&self) -> &[f32] {
        self
    }

    fn elements_mut(&mut self) -> &mut [f32] {
        self
    }
}

impl<const ROWS: usize, const COLUMNS: usize> Storage for [[f32; COLUMNS]; ROWS] {
    const SHAPE: Shape = Shape::matrix(ROWS, COLUMNS);
    type Of<T: Zeroed> = [[T; COLUMNS]; ROWS];
    type PerRow<T: Zeroed> = [T; ROWS];

    fn elements(&self) -> &[f32] {
        self.as_flattened()
    }

    fn elements_mut(&mut self) -> &mut [f32] {
        self.as_flattened_mut()
    }
}
