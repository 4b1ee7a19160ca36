use core::fmt;

/// Why a backbone could not be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Two layers that do not fit each other, or a sample that does not fit the first.
    Length {
        /// The number of elements that the later one takes.
        expected: usize,
        /// The number of elements that it was given.
        found: usize,
    },
    /// The scratch cannot hold the input and the output of a layer side by side.
    Scratch {
        /// The length that this layer needs; the generated `ACTIVATIONS` is enough for all.
        needed: usize,
        /// The scratch's length.
        found: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Length { expected, found } => {
                write!(f, "a layer takes {expected} elements, found {found}")
            }
            Error::Scratch { needed, found } => {
                write!(f, "a layer needs {needed} bytes of scratch, found {found}")
            }
        }
    }
}

impl core::error::Error for Error {}
