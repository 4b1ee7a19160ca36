//! From a checkpoint into variables: by name, in any order, all or nothing.

mod assignment;
mod convert;
mod error;
mod matching;
mod status;
mod verification;

pub use assignment::Assignment;
pub use error::{RestoreError, Unmatched};
pub use status::{Match, Status};
pub use verification::Verification;

use super::decoder::Event;
use super::in_memory::Checkpoint;
use super::piece::Piece;
use crate::Variables;
use crate::tensor::DType;

/// Assigns every variable from the tensor of its name (`tf.compat.v1.train.Saver.restore`).
///
/// The checkpoint is verified already; all names, types and shapes are compared before the first
/// variable is assigned, so that a restore that fails has changed nothing. For anything else see
/// [`Restore`].
///
/// # Errors
/// [`RestoreError`] with the index of the first variable that cannot be restored.
pub fn restore(
    variables: &mut impl Variables,
    checkpoint: &Checkpoint<'_>,
) -> Result<Status, RestoreError> {
    Restore::new()
        .require(Match::Existing)
        .assign(variables, checkpoint)
}

/// How variables are restored: which, how strictly, and from what.
///
/// As it starts, it has the semantics of `tf.train.Checkpoint.restore`: a variable that the
/// checkpoint does not have keeps its value, tensors that no variable asks for are left alone,
/// and the [`Status`] says so. A type or shape that differs is an error.
///
/// ```
/// # use gradlet::checkpoint::{self, Checkpoint, Match, Restore};
/// # use gradlet::{Adam, Head, Momentum};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut file = [0; 1024];
/// # checkpoint::write(&Head::<4, 3, Adam>::new(Adam::new(0.01)), &mut file[..])?;
/// // The weights of a head that Adam trained, for one that Momentum is to train on.
/// let mut head: Head<4, 3, Momentum> = Head::new(Momentum::new(0.01, 0.9));
/// let checkpoint = Checkpoint::parse(&file)?;
/// let status = Restore::new()
///     .only(&["head/kernel", "head/bias", "global_step"])
///     .require(Match::Existing) // before anything is assigned
///     .assign(&mut head, &checkpoint)?;
/// assert!(status.assert_consumed().is_err()); // Adam's slots were not asked for
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Restore<'a> {
    only: Option<&'a [&'a str]>,
    require: Option<Match>,
    reshape: bool,
    convert: Option<convert::Convert>,
}

impl<'a> Restore<'a> {
    /// All variables, leniently.
    pub const fn new() -> Self {
        Self {
            only: None,
            require: None,
            reshape: false,
            convert: None,
        }
    }

    /// Only the variables of these names (`Saver(var_list)`).
    #[must_use]
    pub const fn only(mut self, names: &'a [&'a str]) -> Self {
        self.only = Some(names);
        self
    }

    /// Fails before anything is assigned unless so much matches.
    #[must_use]
    pub const fn require(mut self, matched: Match) -> Self {
        self.require = Some(matched);
        self
    }

    /// Lets a tensor be of another shape with the same number of elements (`Saver(reshape=True)`).
    #[must_use]
    pub const fn reshape(mut self) -> Self {
        self.reshape = true;
        self
    }

    /// Converts elements of another type: floats to floats and integers to floats rounding to
    /// nearest even (to bfloat16 by way of `f32`), integers to integers if all fit. A float is
    /// never made an integer, and bools are not numbers. TensorFlow itself never converts.
    #[must_use]
    pub const fn convert(mut self) -> Self {
        self.convert = Some(convert::CONVERT);
        self
    }

    /// Restores from a checkpoint that lies in memory.
    ///
    /// # Errors
    /// [`RestoreError`]; nothing has been assigned then.
    pub fn assign(
        &self,
        variables: &mut impl Variables,
        checkpoint: &Checkpoint<'_>,
    ) -> Result<Status, RestoreError> {
        let mut verification = Verification::new(*self, variables)?;
        events(checkpoint, |event| verification.take(event, variables))?;
        let mut assignment = verification.finish(variables)?;
        events(checkpoint, |event| assignment.take(event, variables))?;
        Ok(assignment.finish())
    }
}

/// How variables are restored, known when the program runs ([`Restore`]) or already when it is
/// compiled ([`Exactly`]).
pub trait Rules: Copy {
    /// What is asked of the checkpoint.
    fn restore(&self) -> Restore<'_>;
}

impl Rules for Restore<'_> {
    fn restore(&self) -> Restore<'_> {
        *self
    }
}

/// Every variable from the tensor of its name, `Restore::new().require(Match::Existing)`: as that is
/// known when the program is compiled, it takes less flash than a [`Restore`].
#[derive(Debug, Clone, Copy)]
pub struct Exactly;

impl Rules for Exactly {
    #[inline(always)]
    fn restore(&self) -> Restore<'_> {
        const { Restore::new().require(Match::Existing) }
    }
}

impl Default for Restore<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a decoder would report of the tensors of a verified checkpoint.
fn events(
    checkpoint: &Checkpoint<'_>,
    mut take: impl FnMut(Event<'_>) -> Result<(), RestoreError>,
) -> Result<(), RestoreError> {
    for tensor in checkpoint.tensors() {
        take(Event::Tensor(tensor.info))?;
        let mut result = Ok(());
        tensor.decode(|piece| {
            let event = match piece {
                Piece::Elements(bytes) => Event::Data(bytes),
                Piece::Repeated { element, count } => Event::Repeated { element, count },
            };
            if result.is_ok() {
                result = take(event);
            }
        });
        result?;
        take(Event::TensorEnd)?;
    }
    Ok(())
}

/// Bytes of an element, up to the largest type.
type Element = [u8; 8];

/// The whole elements in `bytes`.
fn elements(dtype: DType, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks_exact(dtype.size().max(1))
}
