//! What to tell a person who asked for a tensor that is not there.

use std::path::Path;

use crate::error::Error;
use crate::name::Name;
use crate::similar::most_similar;

/// More names than this are not compared: the hint is a courtesy.
const MOST_NAMES: usize = 10_000;

/// The error for a tensor that a checkpoint does not have; `names` are those it has.
pub(crate) fn no_tensor<'a>(
    prefix: &Path,
    name: Name,
    names: impl Iterator<Item = &'a [u8]>,
) -> Error {
    let hint = match most_similar(&name, names.take(MOST_NAMES)) {
        Some(similar) => format!("; did you mean \"{}\"?", Name::from(similar)),
        None => String::new(),
    };
    Error::NoTensor {
        prefix: prefix.to_path_buf(),
        name,
        hint,
    }
}
