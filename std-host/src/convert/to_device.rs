//! Device checkpoints written on the host, by the device's own encoder.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use gradlet::checkpoint::{Choice, Encoder};
use gradlet::tensor::{self, Shape, View, ViewMut};
use gradlet::variable::{Collections, Name as VariableName, Variable};
use gradlet::{Variables, checkpoint::EncodeError};

use crate::error::{Error, Result};
use crate::name::Name;
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};
use crate::tensor::Tensor;

/// Tensors of a host as the device's encoder enumerates them.
struct HostVariables {
    tensors: Vec<HostVariable>,
    global_step: i64,
}

struct HostVariable {
    name: String,
    dtype: tensor::DType,
    shape: Shape,
    tensor: Tensor,
    choice: Choice,
}

/// The encoder asks by a function without memory, so that the choice of encoding must travel with
/// the variable. The collections are free for it: the encoder looks at the global one only.
const CHOICES: [(Choice, Collections); 3] = [
    (Choice::Raw, Collections::MODEL),
    (Choice::Bf16, Collections::TRAINABLE),
    (Choice::Blocks8, Collections::MOVING_AVERAGE),
];

fn collections_of(choice: Choice) -> Collections {
    let marked = CHOICES.into_iter().find(|(marked, _)| *marked == choice);
    marked.map_or(Collections::GLOBAL, |(_, mark)| {
        Collections::GLOBAL.and(mark)
    })
}

fn choice_of(variable: &Variable<'_>) -> Choice {
    let marked = CHOICES
        .into_iter()
        .find(|(_, mark)| variable.collections.contains(*mark));
    marked.map_or(Choice::Smallest, |(choice, _)| choice)
}

impl Variables for HostVariables {
    fn count(&self) -> usize {
        self.tensors.len()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let variable = self.tensors.get(index)?;
        Some(Variable {
            name: VariableName::new(&variable.name),
            shape: variable.shape,
            collections: collections_of(variable.choice),
            view: View::LittleEndian(variable.dtype, variable.tensor.bytes()?),
        })
    }

    fn variable_mut(&mut self, _index: usize) -> Option<ViewMut<'_>> {
        None
    }

    fn global_step(&self) -> i64 {
        self.global_step
    }
}

/// Writes tensors as the device checkpoint `path`; the file appears whole or not at all.
pub(super) fn write(
    path: &Path,
    tensors: impl Iterator<Item = Result<(Name, Tensor)>>,
    encodings: &BTreeMap<String, Choice>,
    global_step: i64,
    durability: Durability,
) -> Result<()> {
    let mut variables = HostVariables {
        tensors: Vec::new(),
        global_step,
    };
    for tensor in tensors {
        let (name, tensor) = tensor?;
        let choice = name.as_str().and_then(|name| encodings.get(name));
        let variable = host_variable(name, tensor, choice.copied().unwrap_or_default())?;
        variables.tensors.push(variable);
    }
    create_folder_of(path)?;
    let mut staged = Staged::beside(path)?;
    let mut encoder = Encoder::new().choosing(choice_of);
    let mut chunk = vec![0; 1 << 16];
    loop {
        let len = encoder
            .fill(&variables, &mut chunk)
            .map_err(|error| refused(error, &variables))?;
        staged
            .write_all(&chunk[..len])
            .map_err(Error::io("write", path))?;
        if len < chunk.len() {
            break;
        }
    }
    staged.sync(durability)?;
    staged.commit(path)?;
    sync_folder_of(path, durability)
}

fn host_variable(name: Name, tensor: Tensor, choice: Choice) -> Result<HostVariable> {
    let number = u8::try_from(tensor.dtype().number()).ok();
    let dtype = number.and_then(tensor::DType::from_number);
    let dims: Option<Vec<u32>> = tensor
        .shape()
        .iter()
        .map(|&dim| dim.try_into().ok())
        .collect();
    let shape = dims.and_then(|dims| Shape::new(&dims));
    match (name.as_str().map(str::to_owned), dtype, shape) {
        (Some(name), Some(dtype), Some(shape)) => Ok(HostVariable {
            name,
            dtype,
            shape,
            tensor,
            choice,
        }),
        _ => {
            let reason = format!(
                "a device checkpoint holds numbers of up to {} dimensions under UTF-8 names, this \
                 is {} of shape {:?}; leave it out or cast it",
                tensor::MAX_RANK,
                tensor.dtype(),
                tensor.shape()
            );
            Err(Error::InvalidTensor { name, reason })
        }
    }
}

fn refused(error: EncodeError, variables: &HostVariables) -> Error {
    let name = match error {
        EncodeError::Variable { index } => variables.tensors.get(index),
        _ => None,
    };
    let name = name
        .map(|variable| Name::from(&*variable.name))
        .unwrap_or_default();
    Error::InvalidTensor {
        name,
        reason: error.to_string(),
    }
}
