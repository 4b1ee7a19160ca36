//! Which variables train.

use super::dense::{BIAS, KERNEL, Place};
use crate::variable::{Name, NoVariable};

/// Checks that every name is that of a parameter of one of the `layers`.
pub(super) fn check(var_list: &[&str], layers: &[Place]) -> Result<(), NoVariable> {
    let known = |name: &str| {
        layers.iter().any(|place| {
            let is = |parameter| Name::scoped(place.scope, parameter).is(name.as_bytes());
            is(KERNEL) || is(BIAS)
        })
    };
    match var_list.iter().position(|name| !known(name)) {
        Some(position) => Err(NoVariable { position }),
        None => Ok(()),
    }
}

/// Whether a name is in the list.
pub(super) fn listed(var_list: &[&str]) -> impl Fn(Name<'_>) -> bool {
    |name| var_list.iter().any(|listed| name.is(listed.as_bytes()))
}
