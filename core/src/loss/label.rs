//! What a sample is labelled with.

use crate::Zeroed;
use crate::head::HeadError;

/// What a sample of a head with `OUT` outputs can be labelled with: the index of its class
/// (`usize`), or a number for each output (`[f32; OUT]`).
pub trait Label<const OUT: usize>: Sized {
    /// The form in which a batch keeps it.
    type Stored: Zeroed + Copy;

    /// The form in which a batch keeps it.
    ///
    /// # Errors
    /// [`HeadError::Label`] for a class that there is not.
    fn store(&self) -> Result<Self::Stored, HeadError>;

    /// The label that was kept.
    fn stored(stored: &Self::Stored) -> Self;

    /// What [`store`](Self::store) checks.
    ///
    /// # Errors
    /// [`HeadError::Label`] for a class that there is not.
    fn check(&self) -> Result<(), HeadError> {
        Ok(())
    }
}

impl<const OUT: usize> Label<OUT> for usize {
    type Stored = u16;

    fn store(&self) -> Result<u16, HeadError> {
        <Self as Label<OUT>>::check(self)?;
        u16::try_from(*self).map_err(|_| refused(OUT, *self))
    }

    fn stored(stored: &u16) -> Self {
        usize::from(*stored)
    }

    fn check(&self) -> Result<(), HeadError> {
        match *self < OUT {
            true => Ok(()),
            false => Err(refused(OUT, *self)),
        }
    }
}

impl<const OUT: usize> Label<OUT> for [f32; OUT] {
    type Stored = Self;

    fn store(&self) -> Result<Self, HeadError> {
        Ok(*self)
    }

    fn stored(stored: &Self) -> Self {
        *stored
    }
}

const fn refused(classes: usize, found: usize) -> HeadError {
    HeadError::Label { classes, found }
}
