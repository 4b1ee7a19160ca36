//! How a call went.

use core::ffi::{CStr, c_char};
use gradlet::HeadError;

/// How a call went.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum gradlet_status {
    /// Well.
    Ok = 0,
    /// A pointer was NULL that must not be.
    Null = 1,
    /// The object was not initialised.
    NotInitialized = 2,
    /// The label is not below GRADLET_CLASSES.
    Label = 3,
    /// The batch holds GRADLET_BATCH samples already.
    BatchFull = 4,
    /// The batch holds no sample.
    BatchEmpty = 5,
    /// The function that should write failed; what it has taken so far is no checkpoint.
    WriteFailed = 6,
    /// The function that should read failed.
    ReadFailed = 7,
    /// What was read is no whole checkpoint: nothing was saved there, or it is damaged.
    Damaged = 8,
    /// The checkpoint is of another model.
    Incompatible = 9,
    /// Nothing was saved yet.
    NoCheckpoint = 10,
    /// The flash is too small for a checkpoint beside the newest one, or has no whole blocks.
    RegionTooSmall = 11,
    /// The flash holds something that was not saved by this manager.
    Foreign = 12,
    /// A function of the flash's failed.
    FlashFailed = 13,
    /// The library has an error that this version has no name for.
    Other = 14,
}

impl From<Result<(), gradlet_status>> for gradlet_status {
    fn from(result: Result<(), gradlet_status>) -> Self {
        result.err().unwrap_or(Self::Ok)
    }
}

impl From<HeadError> for gradlet_status {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Label { .. } => Self::Label,
            HeadError::BatchFull { .. } => Self::BatchFull,
            HeadError::EmptyBatch => Self::BatchEmpty,
            _ => Self::Other,
        }
    }
}

/// Texts, in the order of the numbers.
const TEXTS: [&CStr; 15] = [
    c"success",
    c"a pointer is NULL",
    c"the object was not initialised",
    c"the label is no class of the head",
    c"the batch is full",
    c"the batch is empty",
    c"the checkpoint could not be written",
    c"the checkpoint could not be read",
    c"there is no whole checkpoint",
    c"the checkpoint is of another model",
    c"nothing was saved yet",
    c"the flash is too small",
    c"the flash holds something else",
    c"the flash failed",
    c"an error of the library",
];

/// A status in words, for a log. Never NULL, and never freed.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_status_text(status: i32) -> *const c_char {
    let text = usize::try_from(status).ok().and_then(|at| TEXTS.get(at));
    text.unwrap_or(&c"no status of Gradlet's").as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_in_the_order_of_the_numbers() {
        assert_eq!(TEXTS[gradlet_status::Ok as usize], c"success");
        assert_eq!(
            TEXTS[gradlet_status::BatchEmpty as usize],
            c"the batch is empty"
        );
        assert_eq!(TEXTS.len(), gradlet_status::Other as usize + 1);
    }

    #[test]
    fn a_number_that_is_no_status_has_a_text_too() {
        for status in [-1, 15, i32::MIN, i32::MAX] {
            assert!(!gradlet_status_text(status).is_null());
        }
    }
}
