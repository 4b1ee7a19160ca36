//! Variables with the user's own bytes in the header of their checkpoint.

use crate::Variables;
use crate::tensor::ViewMut;
use crate::variable::Variable;

/// Variables, and metadata for the header of their checkpoint: the labels of the classes, the
/// version of the feature extractor, a device's number.
///
/// The format does not look into them. [postcard](https://docs.rs/postcard) suits a schema that
/// may grow:
///
/// ```
/// # use gradlet::{Adam, Head, checkpoint};
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
/// struct Labels<'a> {
///     #[serde(borrow)]
///     names: [&'a str; 3],
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let head: Head<4, 3, Adam> = Head::new(Adam::new(0.01));
/// # let mut file = [0; 1024];
/// let labels = Labels { names: ["left", "right", "wave"] };
/// let mut buffer = [0; 64];
/// let metadata = &*postcard::to_slice(&labels, &mut buffer)?;
/// checkpoint::write(&checkpoint::Annotated { variables: &head, metadata }, &mut file[..])?;
///
/// let checkpoint = checkpoint::Checkpoint::parse(&file)?;
/// assert_eq!(postcard::from_bytes::<Labels>(checkpoint.metadata())?, labels);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Annotated<'a, V> {
    /// What is saved.
    pub variables: &'a V,
    /// At most 255 bytes.
    pub metadata: &'a [u8],
}

impl<V: Variables> Variables for Annotated<'_, V> {
    fn count(&self) -> usize {
        self.variables.count()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        self.variables.variable(index)
    }

    /// None: what is only borrowed to be saved is not assigned.
    fn variable_mut(&mut self, _: usize) -> Option<ViewMut<'_>> {
        None
    }

    fn global_step(&self) -> i64 {
        self.variables.global_step()
    }

    fn model_id(&self) -> u32 {
        self.variables.model_id()
    }

    fn metadata(&self) -> &[u8] {
        self.metadata
    }
}
