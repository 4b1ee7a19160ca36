//! Variables arranged as objects.

use std::collections::BTreeSet;

use super::{Profile, Roles, keras, v1};
use crate::error::Result;
use crate::management::ManagementError;
use crate::mapping::Mapping;
use crate::object_graph::{ObjectId, Objects};
use crate::tensor::Tensor;
use crate::variables::{Saveable, Variable};

/// Objects, and where their values come from.
#[derive(Clone, Debug, Default)]
pub struct Arrangement {
    /// The objects; the source of each value is a number in `leaves`.
    pub objects: Objects,
    /// Values of the objects.
    pub leaves: Vec<Leaf>,
    /// Leaves that a checkpoint may lack: their variables are then zero.
    pub optional: BTreeSet<usize>,
    /// Variables that are not stored as they follow from others.
    pub derived: Vec<Derived>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Where the value of an object comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    /// From the variable with this number.
    Variable(usize),
    /// From the variable with this number, times a factor.
    Scaled {
        /// The variable.
        variable: usize,
        /// The factor.
        factor: f32,
    },
    /// From no variable.
    Constant(Tensor),
}

/// A variable whose value follows from the step counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Derived {
    /// The variable: a power of one of Adam's betas.
    pub variable: usize,
    /// The beta.
    pub beta: f32,
    /// The leaf that counts steps.
    pub steps: usize,
}

/// Arranges variables as a mapping says.
///
/// # Errors
/// A name is not UTF-8, the profile has no such optimizer, or a value cannot be looked at.
pub fn arrange(
    mapping: &Mapping,
    variables: &[Variable],
    values: Option<&dyn Saveable>,
) -> Result<Arrangement, ManagementError> {
    let names: Result<Vec<&str>, ManagementError> = variables.iter().map(name_of).collect();
    let plan = Plan {
        mapping,
        names: names?,
        variables,
        roles: Roles::of(variables),
        values,
    };
    match mapping.profile() {
        Profile::V1 => Ok(v1::arrange(&plan)),
        Profile::Keras3 | Profile::TfKeras | Profile::TfKerasLegacy => keras::arrange(&plan),
    }
}

fn name_of(variable: &Variable) -> Result<&str, ManagementError> {
    if variable.part.is_some() {
        return Err(ManagementError::Mismatch(format!(
            "variable \"{}\" is partitioned, which object-based checkpoints do not know; put its \
             parts together first",
            variable.name
        )));
    }
    variable.name.as_str().ok_or_else(|| {
        let name = &variable.name;
        ManagementError::Mismatch(format!(
            "name \"{name}\" is not UTF-8, object graphs require it"
        ))
    })
}

/// What there is to arrange.
pub(super) struct Plan<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) names: Vec<&'a str>,
    pub(super) variables: &'a [Variable],
    pub(super) roles: Roles,
    /// The values, where there are any.
    pub(super) values: Option<&'a dyn Saveable>,
}

impl Plan<'_> {
    /// The name of a variable.
    pub(super) fn name(&self, number: usize) -> &str {
        self.names.get(number).copied().unwrap_or_default()
    }
}

impl Arrangement {
    /// Makes an object a variable with this value; the number of the leaf.
    pub(super) fn set(&mut self, object: ObjectId, full_name: &str, leaf: Leaf) -> usize {
        self.leaves.push(leaf);
        let number = self.leaves.len() - 1;
        self.objects.set_variable(object, full_name, number);
        number
    }

    /// Makes an object the variable with this number.
    pub(super) fn set_variable(&mut self, object: ObjectId, plan: &Plan<'_>, number: usize) {
        self.set(object, plan.name(number), Leaf::Variable(number));
    }
}
