//! What training minimizes, and its gradient.
//!
//! The losses of `tf.compat.v1.losses` for one sample. A batch's loss is the mean over its samples
//! (`SUM_BY_NONZERO_WEIGHTS`, with weights that are all 1). Formulas are TensorFlow's; sums and
//! functions are within a few units in the last place of its numbers, whose order is not promised
//! there either. From the same gradients on, the bits are the same.
//!
//! With feature `micromath` the exponentials of a softmax are approximations, within 0.24 %.
//!
//! | loss | of one sample | its gradient |
//! |---|---|---|
//! | [`SoftmaxCrossEntropy`] | −Σ pᵢ·log softmax(z)ᵢ | softmax(z) − p |
//! | [`SigmoidCrossEntropy`] | mean of max(z, 0) − z·p + log(1 + e^−abs(z)) | (σ(z) − p)/n |
//! | [`MeanSquaredError`] | mean of (z − p)² | 2·(z − p)/n |
//! | [`Hinge`] | mean of max(0, 1 − s·z), s = 2·p − 1 | −s/n where it is positive |
//! | [`Huber`] | mean of e²/2, beyond δ of δ·abs(e) − δ²/2, e = z − p | clip(e, −δ, δ)/n |
//!
//! z are the head's n outputs and p is the label: a vector, or a class index, which stands for the
//! vector with a 1 in its place. Example:
//!
//! ```
//! use gradlet::loss::{Huber, MeanSquaredError};
//! use gradlet::{Adam, Head};
//!
//! # fn main() -> Result<(), gradlet::HeadError> {
//! // A head that predicts two quantities.
//! let mut head: Head<4, 2, Adam> = Head::new(Adam::new(0.01));
//! head.minimize_loss(&[0.5, 0.0, 1.0, -1.0], &[20.5, 0.3], &MeanSquaredError)?;
//! head.minimize_loss(&[0.5, 0.0, 1.0, -1.0], &[20.5, 0.3], &Huber::new(1.0))?;
//! # Ok(())
//! # }
//! ```

mod elementwise;
mod hinge;
mod huber;
mod label;
mod mean_squared_error;
mod sigmoid_cross_entropy;
mod softmax_cross_entropy;

pub use hinge::Hinge;
pub use huber::Huber;
pub use label::Label;
pub use mean_squared_error::MeanSquaredError;
pub use sigmoid_cross_entropy::SigmoidCrossEntropy;
pub use softmax_cross_entropy::{SoftmaxCrossEntropy, softmax, softmax_cross_entropy};

pub(crate) use sigmoid_cross_entropy::sigmoid;

/// A loss of one sample whose label is a `T`: a class index (`usize`) or a vector (`[f32; OUT]`).
pub trait Loss<T, const OUT: usize> {
    /// Replaces the `outputs` of a head by the gradient of the loss with respect to them; returns
    /// the loss.
    fn differentiate(&self, outputs: &mut [f32; OUT], label: &T) -> f32;
}
