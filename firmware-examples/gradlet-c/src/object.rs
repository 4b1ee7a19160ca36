//! Objects that C declares and Rust fills.

use gradlet::{Initialize, Zeroed};

use crate::status::gradlet_status;

/// What an object holds once it is initialised.
pub(crate) const MARK: u32 = 0x6772_6431;

/// A value in memory of C's. Zeros are one of its values: a `static` of C's is an object that is not
/// initialised.
pub(crate) struct Object<T> {
    mark: u32,
    value: T,
}

impl<T: Zeroed> Object<T> {
    /// Brings the value into its initial state, whatever it was.
    pub(crate) fn init<A>(&mut self, argument: A)
    where
        T: Initialize<A>,
    {
        self.value.initialize(argument);
        self.mark = MARK;
    }

    pub(crate) fn get(&self) -> Result<&T, gradlet_status> {
        match self.mark {
            MARK => Ok(&self.value),
            _ => Err(gradlet_status::NotInitialized),
        }
    }

    pub(crate) fn get_mut(&mut self) -> Result<&mut T, gradlet_status> {
        match self.mark {
            MARK => Ok(&mut self.value),
            _ => Err(gradlet_status::NotInitialized),
        }
    }
}

/// Whether C's object of `size` bytes has room for a `T`.
pub(crate) const fn fits<T>(size: usize) -> bool {
    size_of::<T>() <= size && size.is_multiple_of(8) && align_of::<T>() <= 8
}

/// What `NULL` is answered with.
pub(crate) fn some<T>(pointer: Option<T>) -> Result<T, gradlet_status> {
    pointer.ok_or(gradlet_status::Null)
}
