//! Restoring.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::{Emptiness, RestoreOrder, Saver, Shapes};
use crate::bundle;
use crate::checkpoint::CheckpointReader;
use crate::clock::Clock;
use crate::error::{Error, Status};
use crate::management::ManagementError;
use crate::name::Name;
use crate::object_graph::{OBJECT_GRAPH_KEY, ObjectGraph};
use crate::state::{self, paths};
use crate::tensor::{Tensor, element_count};
use crate::variables::{Restorable, Variable};

impl<C: Clock> Saver<C> {
    /// Sets every variable to its value in the checkpoint with this prefix, V2 or V1 (`restore`).
    ///
    /// An object-based checkpoint is restored by the names that its objects had, as TensorFlow
    /// does. Unless restoring one by one was chosen, a failure changes no variable.
    ///
    /// # Errors
    /// [`ManagementError::NotACheckpoint`]; [`ManagementError::Restore`] if a variable is missing
    /// in the checkpoint or has another type or shape there; the checkpoint is damaged.
    pub fn restore(
        &self,
        variables: &mut (impl Restorable + ?Sized),
        save_path: impl AsRef<Path>,
    ) -> Result<(), ManagementError> {
        let list = variables.variables();
        if list.is_empty() && self.emptiness == Emptiness::Allowed {
            return Ok(());
        }
        let prefix = paths::as_text(save_path.as_ref())?;
        if !state::checkpoint_exists(prefix) {
            let hint = match CheckpointReader::open(prefix) {
                Err(Error::NoCheckpoint { hint, .. }) => format!(" ({hint})"),
                _ => String::new(),
            };
            return Err(ManagementError::NotACheckpoint {
                prefix: prefix.to_owned(),
                hint,
            });
        }
        let reader = CheckpointReader::open(prefix)?;
        let keys = keys(&reader, &list)?;
        let mut values = Vec::new();
        for (number, variable) in list.iter().enumerate() {
            let key = keys.get(&variable.name).unwrap_or(&variable.name);
            let value = self.value(&reader, variable, key)?;
            match self.restore_order {
                RestoreOrder::Together => values.push((number, value)),
                RestoreOrder::OneByOne => variables.assign(number, value)?,
            }
        }
        for (number, value) in values {
            variables.assign(number, value)?;
        }
        Ok(())
    }

    fn value(
        &self,
        reader: &CheckpointReader,
        variable: &Variable,
        key: &Name,
    ) -> Result<Tensor, ManagementError> {
        let read = match &variable.part {
            Some(part) => reader.read_slice(key, &part.slice),
            None => reader.read(key),
        };
        let tensor = read.map_err(fault)?;
        if tensor.dtype() != variable.dtype {
            let (name, expected, found) = (variable.name.clone(), variable.dtype, tensor.dtype());
            return Err(fault(Error::WrongDType {
                name,
                expected,
                found,
            }));
        }
        if tensor.shape() == variable.shape {
            return Ok(tensor);
        }
        let same_count = element_count(tensor.shape()) == element_count(&variable.shape);
        if self.shapes == Shapes::SameCount && same_count {
            return reshaped(tensor, &variable.shape).map_err(ManagementError::from);
        }
        let (name, expected, found) = (&variable.name, &variable.shape, tensor.shape());
        Err(ManagementError::Restore {
            status: Status::InvalidArgument,
            reason: "a mismatch between the current graph and the graph",
            original: format!(
                "variable \"{name}\" has shape {expected:?}, the checkpoint's is {found:?}"
            ),
        })
    }
}

fn reshaped(tensor: Tensor, shape: &[u64]) -> Result<Tensor, Error> {
    match tensor.strings().cloned() {
        Some(strings) => Tensor::from_strings(shape, strings),
        None => {
            let dtype = tensor.dtype();
            Tensor::new(dtype, shape, tensor.into_bytes().unwrap_or_default())
        }
    }
}

/// TensorFlow's words around the reason.
fn fault(error: Error) -> ManagementError {
    let status = error.status();
    let reason = match status {
        Status::NotFound => "a Variable name or other graph key that is missing",
        Status::InvalidArgument => "a mismatch between the current graph and the graph",
        _ => return ManagementError::File(error),
    };
    ManagementError::Restore {
        status,
        reason,
        original: error.to_string(),
    }
}

/// For an object-based checkpoint in which names are missing: the tensors of all variables by the
/// names that its objects had.
fn keys(
    reader: &CheckpointReader,
    list: &[Variable],
) -> Result<HashMap<Name, Name>, ManagementError> {
    let CheckpointReader::V2(bundle) = reader else {
        return Ok(HashMap::new());
    };
    let missing = |variable: &Variable| Ok::<_, Error>(!bundle.contains(&variable.name)?);
    let mut any_missing = false;
    for variable in list {
        any_missing |= missing(variable)?;
    }
    if !any_missing || !bundle.contains(OBJECT_GRAPH_KEY)? {
        return Ok(HashMap::new());
    }
    log::warn!(
        "Restoring an object-based checkpoint using a name-based saver. This may be somewhat \
         fragile. Instead, consider loading it by its objects."
    );
    object_keys(bundle, list)
}

fn object_keys(
    bundle: &bundle::Reader,
    list: &[Variable],
) -> Result<HashMap<Name, Name>, ManagementError> {
    let graph = ObjectGraph::read(bundle)?;
    let names: HashMap<&str, &str> = graph
        .as_ref()
        .map(ObjectGraph::names_to_keys)
        .unwrap_or_default();
    let current: BTreeSet<String> = list.iter().map(|v| v.name.to_string()).collect();
    let known = |name: &&String| names.contains_key(name.as_str());
    let missing: Vec<&str> = current
        .iter()
        .filter(|name| !known(name))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        let pairs = names
            .iter()
            .map(|(name, key)| (Name::from(*name), Name::from(*key)));
        return Ok(pairs.collect());
    }
    let others: BTreeSet<&str> = names
        .keys()
        .copied()
        .filter(|name| !current.contains(*name))
        .collect();
    let others: Vec<&str> = others.into_iter().collect();
    Err(ManagementError::Restore {
        status: Status::NotFound,
        reason: "a Variable name or other graph key that is missing",
        original: format!(
            "Existing variables not in the checkpoint: {}\n\nVariables names when this checkpoint \
             was written which don't exist now: {}\n\n({} variable name(s) did match)\n\nThe \
             checkpoint is object-based (saved using tf.train.Checkpoint or \
             tf.keras.Model.save_weights): choose a profile or a mapping file that says which \
             object is which variable.",
            missing.join(", "),
            others.join(", "),
            current.len() - missing.len(),
        ),
    })
}
