//! Variables: what is saved, and what is restored into.

use crate::bundle;
use crate::device::{DeviceCheckpoint, DeviceTensor};
use crate::dtype::DType;
use crate::error::Result;
use crate::name::Name;
use crate::slice::Slice;
use crate::tensor::{Tensor, TensorView};

/// What is known of a variable before its value is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Name, as TensorFlow gives it to the variable's op: `head/kernel`. For a part of a
    /// partitioned variable the name of the whole.
    pub name: Name,
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<u64>,
    /// For a part of a partitioned variable, which part.
    pub part: Option<Part>,
    /// Where the variable lives, for example `/cpu:1`; a sharded saver makes one file a device.
    pub device: String,
}

/// Which part of a partitioned variable one is (`SaveSliceInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Shape of the whole variable.
    pub full_shape: Vec<u64>,
    /// What of it this part holds.
    pub slice: Slice,
}

impl Variable {
    /// A whole variable that lives nowhere in particular.
    pub fn new(name: impl Into<Name>, dtype: DType, shape: &[u64]) -> Variable {
        let (name, shape) = (name.into(), shape.to_vec());
        Variable {
            name,
            dtype,
            shape,
            part: None,
            device: String::new(),
        }
    }
}

/// Variables with values, to be saved.
pub trait Saveable {
    /// The variables, in the order in which they were made. Values are asked for by position.
    ///
    /// # Errors
    /// They cannot be listed.
    fn variables(&self) -> Result<Vec<Variable>>;

    /// Passes the value of variable `number` to `look`, which happens once.
    ///
    /// # Errors
    /// The value cannot be read, or those of `look`.
    fn look(&self, number: usize, look: &mut dyn FnMut(TensorView<'_>) -> Result<()>)
    -> Result<()>;
}

/// Variables to restore into.
pub trait Restorable {
    /// The variables, in the order in which they were made.
    fn variables(&self) -> Vec<Variable>;

    /// Sets the value of variable `number`; it has the variable's type and shape.
    ///
    /// # Errors
    /// The variable cannot take the value.
    fn assign(&mut self, number: usize, value: Tensor) -> Result<()>;
}

/// Variables in memory, in the order in which they were added.
///
/// ```
/// use gradlet_host::{Tensor, Variables};
///
/// let variables: Variables =
///     [("head/bias", Tensor::scalar(0.5f32)), ("global_step", Tensor::scalar(7i64))].into();
/// assert_eq!(variables.get("global_step").and_then(Tensor::values::<i64>), Some(vec![7]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    list: Vec<(Variable, Tensor)>,
}

impl Variables {
    /// No variables.
    pub fn new() -> Variables {
        Variables::default()
    }

    /// Adds a whole variable.
    pub fn push(&mut self, name: impl Into<Name>, value: Tensor) {
        self.push_variable(Variable::new(name, value.dtype(), value.shape()), value);
    }

    /// Adds a part of a partitioned variable.
    pub fn push_part(&mut self, name: impl Into<Name>, part: Part, value: Tensor) {
        let variable = Variable::new(name, value.dtype(), value.shape());
        self.push_variable(
            Variable {
                part: Some(part),
                ..variable
            },
            value,
        );
    }

    /// Adds a variable as described; type and shape are taken from the value.
    pub fn push_variable(&mut self, mut variable: Variable, value: Tensor) {
        (variable.dtype, variable.shape) = (value.dtype(), value.shape().to_vec());
        self.list.push((variable, value));
    }

    /// The value of the first variable with this name.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&Tensor> {
        let name = name.as_ref();
        self.list
            .iter()
            .find(|(variable, _)| variable.name.as_bytes() == name)
            .map(|(_, value)| value)
    }

    /// Variables and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Variable, &Tensor)> {
        self.list.iter().map(|(variable, value)| (variable, value))
    }

    /// Number of variables.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<N: Into<Name>, const LEN: usize> From<[(N, Tensor); LEN]> for Variables {
    fn from(list: [(N, Tensor); LEN]) -> Variables {
        list.into_iter().collect()
    }
}

impl<N: Into<Name>> FromIterator<(N, Tensor)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, Tensor)>>(list: I) -> Variables {
        let mut variables = Variables::new();
        for (name, value) in list {
            variables.push(name, value);
        }
        variables
    }
}

impl Saveable for Variables {
    fn variables(&self) -> Result<Vec<Variable>> {
        Ok(Restorable::variables(self))
    }

    fn look(
        &self,
        number: usize,
        look: &mut dyn FnMut(TensorView<'_>) -> Result<()>,
    ) -> Result<()> {
        self.list
            .get(number)
            .map_or(Ok(()), |(_, value)| look(value.view()))
    }
}

impl Restorable for Variables {
    fn variables(&self) -> Vec<Variable> {
        self.list
            .iter()
            .map(|(variable, _)| variable.clone())
            .collect()
    }

    fn assign(&mut self, number: usize, value: Tensor) -> Result<()> {
        if let Some((_, place)) = self.list.get_mut(number) {
            *place = value;
        }
        Ok(())
    }
}

/// The tensors of an open bundle as variables, in the order of their names; partitioned ones
/// whole.
#[derive(Debug)]
pub struct BundleVariables {
    reader: bundle::Reader,
    entries: Vec<bundle::Entry>,
}

impl BundleVariables {
    /// Lists the tensors of a bundle.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn new(reader: bundle::Reader) -> Result<BundleVariables> {
        let entries = reader.entries()?;
        Ok(BundleVariables { reader, entries })
    }
}

impl Saveable for BundleVariables {
    fn variables(&self) -> Result<Vec<Variable>> {
        let variable =
            |entry: &bundle::Entry| Variable::new(entry.name.clone(), entry.dtype, &entry.shape);
        Ok(self.entries.iter().map(variable).collect())
    }

    fn look(
        &self,
        number: usize,
        look: &mut dyn FnMut(TensorView<'_>) -> Result<()>,
    ) -> Result<()> {
        let Some(entry) = self.entries.get(number) else {
            return Ok(());
        };
        look(self.reader.map_entry(entry)?.view())
    }
}

/// The variables of a device checkpoint, in the order in which the device wrote them.
impl Saveable for DeviceCheckpoint {
    fn variables(&self) -> Result<Vec<Variable>> {
        let variable =
            |tensor: DeviceTensor<'_>| Variable::new(tensor.name, tensor.dtype, tensor.shape);
        Ok(self.tensors().map(variable).collect())
    }

    fn look(
        &self,
        number: usize,
        look: &mut dyn FnMut(TensorView<'_>) -> Result<()>,
    ) -> Result<()> {
        self.tensors()
            .nth(number)
            .map_or(Ok(()), |tensor| look(tensor.load()?.view()))
    }
}
