//! Starting from the values of another model.

use std::collections::BTreeMap;
use std::path::Path;

use super::reader::{CheckpointReader, load_checkpoint};
use crate::management::ManagementError;
use crate::name::Name;
use crate::similar::most_similar;
use crate::tensor::Tensor;
use crate::variables::{Restorable, Variable};

/// Gives variables the values that tensors of a checkpoint have, by a map from names or scopes
/// (`old/`, or `/` for all) in the checkpoint to those of the variables
/// (`tf.compat.v1.train.init_from_checkpoint`).
///
/// Variables that the map does not name keep their values. A failure changes none.
///
/// ```
/// use gradlet_host::checkpoint::init_from_checkpoint;
/// use gradlet_host::saver::Saver;
/// use gradlet_host::{Tensor, Variables};
///
/// # let folder = tempfile::tempdir()?;
/// # let run = folder.path().join("old");
/// let old: Variables = [("dense/kernel", Tensor::scalar(0.5f32))].into();
/// let saved = Saver::new().save(&old, &run, 7)?.expect("there is something to save");
///
/// let mut new: Variables = [("head/kernel", Tensor::scalar(0f32))].into();
/// let map = [("dense/".to_owned(), "head/".to_owned())].into();
/// init_from_checkpoint(&mut new, &saved, &map)?;
/// assert_eq!(new.get("head/kernel"), old.get("dense/kernel"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`load_checkpoint`]; [`ManagementError::Mismatch`] if a scope is to become a name, no
/// variable is called so, or a tensor is missing or has another type or shape; damage.
pub fn init_from_checkpoint(
    variables: &mut impl Restorable,
    directory_or_prefix: impl AsRef<Path>,
    assignment_map: &BTreeMap<String, String>,
) -> Result<(), ManagementError> {
    let checkpoint = directory_or_prefix.as_ref();
    let reader = load_checkpoint(checkpoint)?;
    let list = variables.variables();
    let mut values = Vec::new();
    for (from, to) in assignment_map {
        let initialization = Initialization {
            reader: &reader,
            checkpoint,
            list: &list,
        };
        match from.ends_with('/') {
            true => initialization.scope(from, to, &mut values)?,
            false => initialization.variable(from, to, &mut values)?,
        }
    }
    for (number, value) in values {
        variables.assign(number, value)?;
    }
    Ok(())
}

struct Initialization<'i> {
    reader: &'i CheckpointReader,
    checkpoint: &'i Path,
    list: &'i [Variable],
}

impl Initialization<'_> {
    /// The variables in the scope `to` from the tensors in the scope `from`.
    fn scope(
        &self,
        from: &str,
        to: &str,
        values: &mut Vec<(usize, Tensor)>,
    ) -> Result<(), ManagementError> {
        if !to.ends_with('/') && !to.is_empty() {
            return Err(ManagementError::Mismatch(format!(
                "Assignment map with scope only name {to} should map to scope only {from}. Should be \
                 'scope/': 'other_scope/'."
            )));
        }
        let (from, to) = (from.trim_start_matches('/'), to.trim_start_matches('/'));
        let before = values.len();
        for (number, variable) in self.list.iter().enumerate() {
            let name = variable.name.as_str();
            if let Some(rest) = name.and_then(|name| name.strip_prefix(to)) {
                values.push((number, self.value(variable, &format!("{from}{rest}"))?));
            }
        }
        match values.len() == before {
            true => Err(self.no_variable(to)),
            false => Ok(()),
        }
    }

    /// The variable `to` from the tensor `from`; its parts, if it is partitioned, each from theirs.
    fn variable(
        &self,
        from: &str,
        to: &str,
        values: &mut Vec<(usize, Tensor)>,
    ) -> Result<(), ManagementError> {
        let before = values.len();
        for (number, variable) in self.list.iter().enumerate() {
            if variable.name == to {
                values.push((number, self.value(variable, from)?));
            }
        }
        match values.len() == before {
            true => Err(self.no_variable(to)),
            false => Ok(()),
        }
    }

    fn value(&self, variable: &Variable, tensor: &str) -> Result<Tensor, ManagementError> {
        if !self.reader.contains(tensor)? {
            let names = self.reader.list()?;
            let names = names.iter().map(|(name, _, _)| name.as_bytes());
            let hint = most_similar(tensor.as_bytes(), names)
                .map(|near| format!("; did you mean \"{}\"?", Name::from(near)))
                .unwrap_or_default();
            return Err(ManagementError::Mismatch(format!(
                "Tensor {tensor} is not found in {} checkpoint{hint}",
                self.checkpoint.display()
            )));
        }
        let value = match &variable.part {
            Some(part) => self.reader.read_slice(tensor, &part.slice)?,
            None => self.reader.read(tensor)?,
        };
        if value.shape() != variable.shape || value.dtype() != variable.dtype {
            return Err(ManagementError::Mismatch(format!(
                "Shape of variable {} ({} {:?}) doesn't match with shape of tensor {tensor} ({} \
                 {:?}) from checkpoint reader.",
                variable.name,
                variable.dtype,
                variable.shape,
                value.dtype(),
                value.shape()
            )));
        }
        Ok(value)
    }

    fn no_variable(&self, name: &str) -> ManagementError {
        let names = self.list.iter().map(|variable| variable.name.as_bytes());
        let hint = most_similar(name.as_bytes(), names)
            .map(|near| format!("; did you mean \"{}\"?", Name::from(near)))
            .unwrap_or_default();
        ManagementError::Mismatch(format!("no variable is called \"{name}\"{hint}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saver::Saver;
    use crate::staged::Durability;
    use crate::variables::Variables;

    fn saved(folder: &Path) -> String {
        let old: Variables = [
            (
                "old/kernel",
                Tensor::from_values(&[2], &[1f32, 2.0]).unwrap(),
            ),
            ("old/bias", Tensor::scalar(3f32)),
            ("other", Tensor::scalar(4f32)),
        ]
        .into();
        let mut saver = Saver::new().durability(Durability::Unsynced);
        saver.save(&old, folder.join("m"), None).unwrap().unwrap()
    }

    fn new() -> Variables {
        [
            (
                "new/kernel",
                Tensor::zeros(crate::DType::Float32, &[2]).unwrap(),
            ),
            ("new/bias", Tensor::scalar(0f32)),
            ("kept", Tensor::scalar(9f32)),
        ]
        .into()
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(from, to): &(&str, &str)| ((*from).to_owned(), (*to).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn scopes_and_names_are_assigned_and_others_kept() {
        let folder = tempfile::tempdir().unwrap();
        let saved = saved(folder.path());
        let mut variables = new();
        init_from_checkpoint(&mut variables, &saved, &map(&[("old/", "new/")])).unwrap();
        let value = |variables: &Variables, name: &str| {
            variables.get(name).and_then(Tensor::values::<f32>).unwrap()
        };
        assert_eq!(value(&variables, "new/kernel"), [1.0, 2.0]);
        assert_eq!(value(&variables, "new/bias"), [3.0]);
        assert_eq!(value(&variables, "kept"), [9.0]);
        init_from_checkpoint(&mut variables, folder.path(), &map(&[("other", "kept")])).unwrap();
        assert_eq!(value(&variables, "kept"), [4.0]);
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let saved = saved(folder.path());
        for (pairs, expected) in [
            (map(&[("old/", "new")]), "should map to scope only"),
            (
                map(&[("old/", "new/"), ("othr", "kept")]),
                "did you mean \"other\"",
            ),
            (map(&[("other", "kpt")]), "did you mean \"kept\""),
            (
                map(&[("other", "new/kernel")]),
                "doesn't match with shape of tensor other",
            ),
            (map(&[("/", "")]), "Tensor new/kernel is not found"),
        ] {
            let mut variables = new();
            let error = init_from_checkpoint(&mut variables, &saved, &pairs).unwrap_err();
            assert!(
                error.to_string().contains(expected),
                "{pairs:?} gives {error}"
            );
            assert_eq!(variables, new(), "{pairs:?}");
        }
    }
}
