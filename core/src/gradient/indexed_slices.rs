//! The gradient of some rows of a variable.

use core::fmt;
use core::num::NonZeroUsize;

use crate::Real;

/// `tf.IndexedSlices`: rows of a gradient with the indices of the variable's rows they belong to.
/// Rows that no index names have no gradient; a row may be named several times.
///
/// A row is everything that lies under one index of the first dimension: of a `[7, 11]` variable
/// it has 11 elements, of a vector one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndexedSlices<'a> {
    indices: &'a [u32],
    values: &'a [f32],
    inner: NonZeroUsize,
}

impl<'a> IndexedSlices<'a> {
    /// `values` holds a row of `inner` elements for each of `indices`.
    ///
    /// # Errors
    /// [`IndexedSlicesError::Values`] if it holds more or less, or a row has no element.
    pub fn new(
        indices: &'a [u32],
        values: &'a [f32],
        inner: usize,
    ) -> Result<Self, IndexedSlicesError> {
        match (NonZeroUsize::new(inner), indices.len().checked_mul(inner)) {
            (Some(inner), Some(expected)) if expected == values.len() => Ok(Self {
                indices,
                values,
                inner,
            }),
            (_, expected) => Err(IndexedSlicesError::Values {
                expected: expected.unwrap_or(usize::MAX),
                found: values.len(),
            }),
        }
    }

    /// The rows' indices, as they were given.
    pub const fn indices(&self) -> &'a [u32] {
        self.indices
    }

    /// The rows' elements.
    pub const fn values(&self) -> &'a [f32] {
        self.values
    }

    /// Elements of a row.
    pub const fn inner(&self) -> usize {
        self.inner.get()
    }

    /// Rows of a variable of `elements`.
    pub(crate) const fn rows(&self, elements: usize) -> usize {
        // Never 0, and the compiler knows.
        elements / self.inner.get()
    }

    /// Checks that a variable of `elements` has every row that is named.
    pub(crate) fn check(&self, elements: usize) -> Result<(), IndexedSlicesError> {
        let rows = self.rows(elements);
        if rows * self.inner() != elements {
            return Err(IndexedSlicesError::Rows {
                elements,
                inner: self.inner(),
            });
        }
        let outside = |&index: &u32| usize::try_from(index).map_or(true, |index| index >= rows);
        match self.indices.iter().copied().find(outside) {
            Some(found) => Err(IndexedSlicesError::Index { rows, found }),
            None => Ok(()),
        }
    }

    /// Indices with the columns `first..first + len` of their rows.
    pub(crate) fn columns(
        &self,
        first: usize,
        len: usize,
    ) -> impl Iterator<Item = (u32, &'a [f32])> {
        let rows = self.values.chunks_exact(self.inner());
        self.indices.iter().zip(rows).map(move |(&index, row)| {
            let rest = row.get(first..).unwrap_or_default();
            (index, rest.get(..len).unwrap_or_default())
        })
    }

    /// Sums columns of all rows for `index` into `sum`, in the order they were given; tells
    /// whether there was one.
    pub(crate) fn sum(&self, index: u32, first: usize, sum: &mut [f32]) -> bool {
        sum.fill(0.0);
        let mut named = false;
        for (other, row) in self.columns(first, sum.len()) {
            if other == index {
                named = true;
                for (sum, &g) in sum.iter_mut().zip(row) {
                    *sum = (Real::new(*sum) + Real::new(g)).get();
                }
            }
        }
        named
    }
}

/// Why rows of a gradient fit together not at all, or not to a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum IndexedSlicesError {
    /// The values are not as many as the indices and the row length say.
    Values {
        /// Values there should be.
        expected: usize,
        /// Values there are.
        found: usize,
    },
    /// The variable does not consist of rows of that length.
    Rows {
        /// Elements of the variable.
        elements: usize,
        /// Elements of a row of the gradient.
        inner: usize,
    },
    /// The variable has no such row.
    Index {
        /// Rows of the variable.
        rows: usize,
        /// The index that was given.
        found: u32,
    },
    /// A slot of the variable has another length than the variable.
    Slots,
}

impl fmt::Display for IndexedSlicesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values { expected, found } => {
                write!(f, "the rows have {found} values instead of {expected}")
            }
            Self::Rows { elements, inner } => {
                write!(f, "{elements} elements are no rows of {inner}")
            }
            Self::Index { rows, found } => {
                write!(f, "the variable of {rows} rows has no row {found}")
            }
            Self::Slots => f.write_str("a slot has another length than its variable"),
        }
    }
}

impl core::error::Error for IndexedSlicesError {}
