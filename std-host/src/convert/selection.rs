//! Which tensors of a source are taken, and under which names, types and shapes.

use std::collections::BTreeMap;

use super::source::SourceTensor;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::similar::most_similar;
use crate::tensor::element_count;

/// What becomes of optimizer slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slots {
    /// They are taken as other tensors are.
    #[default]
    Keep,
    /// Slots and the powers of Adam's betas are left out.
    Drop,
}

/// What is taken of a source: everything as it is unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Names of the tensors to take; all if there are none. What is asked for must be there.
    pub variables: Vec<String>,
    /// New names by old names.
    pub renames: BTreeMap<String, String>,
    /// Types to cast to, by old names.
    pub casts: BTreeMap<String, DType>,
    /// Shapes of the same number of elements, by old names.
    pub shapes: BTreeMap<String, Vec<u64>>,
    /// What becomes of slots.
    pub slots: Slots,
}

/// A tensor to be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Its name in the source.
    pub source: Name,
    /// Its name in the target.
    pub target: Name,
    /// Its type in the target.
    pub dtype: DType,
    /// Its shape in the target.
    pub shape: Vec<u64>,
}

/// The object graph of an object-based checkpoint; it describes the checkpoint that it is in.
const OBJECT_GRAPH: &[u8] = b"_CHECKPOINTABLE_OBJECT_GRAPH";

impl Selection {
    /// Whether everything is taken as it is.
    pub fn is_everything(&self) -> bool {
        let Self {
            variables,
            renames,
            casts,
            shapes,
            slots,
        } = self;
        variables.is_empty()
            && renames.is_empty()
            && casts.is_empty()
            && shapes.is_empty()
            && *slots == Slots::Keep
    }

    /// The tensors to convert out of `tensors`, in the order of their new names.
    ///
    /// # Errors
    /// `NotFound` with the nearest name for one that is asked for and not there,
    /// `InvalidArgument` if two tensors would get one name, or a shape has another number of
    /// elements.
    pub fn apply(&self, tensors: &[SourceTensor]) -> Result<Vec<Selected>> {
        let asked = self.variables.iter().chain(self.renames.keys());
        for name in asked.chain(self.casts.keys()).chain(self.shapes.keys()) {
            if !tensors
                .iter()
                .any(|tensor| tensor.name.as_bytes() == name.as_bytes())
            {
                return Err(self.unknown(name, tensors));
            }
        }
        let mut selected = BTreeMap::new();
        for tensor in tensors {
            if !self.takes(tensor, tensors) {
                continue;
            }
            let key = tensor.name.as_str().unwrap_or_default();
            let target = self
                .renames
                .get(key)
                .map_or(tensor.name.clone(), |name| (&**name).into());
            let shape = self.shapes.get(key).unwrap_or(&tensor.shape).clone();
            if element_count(&shape) != element_count(&tensor.shape) {
                let reason = format!(
                    "shape {shape:?} has another number of elements than {:?}",
                    tensor.shape
                );
                return Err(Error::InvalidTensor {
                    name: tensor.name.clone(),
                    reason,
                });
            }
            let dtype = self.casts.get(key).copied().unwrap_or(tensor.dtype);
            let entry = Selected {
                source: tensor.name.clone(),
                target: target.clone(),
                dtype,
                shape,
            };
            if let Some(earlier) = selected.insert(target.clone(), entry) {
                let (one, other) = (&earlier.source, &tensor.name);
                let reason = format!("\"{one}\" and \"{other}\" would both get this name");
                return Err(Error::InvalidTensor {
                    name: target,
                    reason,
                });
            }
        }
        Ok(selected.into_values().collect())
    }

    fn takes(&self, tensor: &SourceTensor, tensors: &[SourceTensor]) -> bool {
        let name = tensor.name.as_bytes();
        if name == OBJECT_GRAPH {
            return false;
        }
        if !self.variables.is_empty() {
            return self
                .variables
                .iter()
                .any(|variable| variable.as_bytes() == name);
        }
        self.slots == Slots::Keep || !is_slot(name, tensors)
    }

    fn unknown(&self, name: &str, tensors: &[SourceTensor]) -> Error {
        let names = tensors.iter().map(|tensor| tensor.name.as_bytes());
        let hint = most_similar(name.as_bytes(), names)
            .map(|near| format!("; did you mean \"{}\"?", Name::from(near)))
            .unwrap_or_default();
        Error::InvalidArgument(format!("the input has no tensor \"{name}\"{hint}"))
    }
}

/// Whether `name` is an optimizer's: `beta1_power`, or below another tensor's name
/// (`head/kernel/Adam` below `head/kernel`), or an object-based slot.
fn is_slot(name: &[u8], tensors: &[SourceTensor]) -> bool {
    const OBJECT_SLOT: &[u8] = b"/.OPTIMIZER_SLOT/";
    let last = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
    let power = [&b"beta1_power"[..], b"beta2_power"].iter().any(|power| {
        last.strip_prefix(*power)
            .is_some_and(|rest| matches!(rest, [] | [b'_', ..]))
    });
    let below = name
        .strip_suffix(last)
        .and_then(|rest| rest.strip_suffix(b"/"));
    power
        || name
            .windows(OBJECT_SLOT.len())
            .any(|part| part == OBJECT_SLOT)
        || below.is_some_and(|owner| tensors.iter().any(|tensor| tensor.name.as_bytes() == owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> Vec<SourceTensor> {
        let names = [
            "beta1_power",
            "global_step",
            "head/kernel",
            "head/kernel/Adam",
        ];
        let tensor = |name: &str| SourceTensor {
            name: name.into(),
            dtype: DType::Float32,
            shape: vec![2, 3],
        };
        names.into_iter().map(tensor).collect()
    }

    fn names(selection: &Selection) -> Vec<String> {
        let selected = selection.apply(&tensors()).unwrap();
        selected
            .into_iter()
            .map(|tensor| tensor.target.to_string())
            .collect()
    }

    #[test]
    fn slots_can_be_left_out() {
        let selection = Selection {
            slots: Slots::Drop,
            ..Default::default()
        };
        assert_eq!(names(&selection), ["global_step", "head/kernel"]);
    }

    #[test]
    fn a_name_that_nearly_matches_is_suggested() {
        let selection = Selection {
            variables: vec!["head/kernl".into()],
            ..Default::default()
        };
        let error = selection.apply(&tensors()).unwrap_err().to_string();
        assert!(error.contains("did you mean \"head/kernel\""), "{error}");
    }

    #[test]
    fn two_tensors_cannot_get_one_name() {
        let renames = [("head/kernel".to_owned(), "global_step".to_owned())].into();
        let selection = Selection {
            renames,
            ..Default::default()
        };
        let error = selection.apply(&tensors()).unwrap_err().to_string();
        assert!(
            error.contains("head/kernel") && error.contains("global_step"),
            "{error}"
        );
    }

    #[test]
    fn a_shape_must_keep_the_number_of_elements() {
        let shapes = [("head/kernel".to_owned(), vec![3, 2])].into();
        let selection = Selection {
            shapes,
            ..Default::default()
        };
        assert!(selection.apply(&tensors()).is_ok());
        let shapes = [("head/kernel".to_owned(), vec![3, 3])].into();
        let selection = Selection {
            shapes,
            ..Default::default()
        };
        assert!(selection.apply(&tensors()).is_err());
    }
}
