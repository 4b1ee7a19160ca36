//! Samples that one training step sees.

use gradlet::{Batch, Quantization};

use crate::object::{Object, fits, some};
use crate::shape::{GRADLET_BATCH, GRADLET_BATCH_SIZE, GRADLET_CLASSES, GRADLET_FEATURES};
use crate::status::gradlet_status;

/// Up to GRADLET_BATCH labelled samples.
pub struct gradlet_batch(
    pub(crate) Object<Batch<GRADLET_BATCH, GRADLET_FEATURES, GRADLET_CLASSES, i8>>,
);

const _: () = assert!(
    fits::<gradlet_batch>(GRADLET_BATCH_SIZE),
    "GRADLET_BATCH_SIZE is too small"
);

/// The features of a sample, as the frozen model gives them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradlet_features {
    /// One after the other.
    pub values: [i8; GRADLET_FEATURES],
}

/// What int8 features stand for: real = (feature - zero_point) * scale, as in TensorFlow Lite.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradlet_quantization {
    /// The step between two neighbouring values.
    pub scale: f32,
    /// The value that stands for 0.
    pub zero_point: i8,
}

impl From<&gradlet_quantization> for Quantization {
    fn from(quantization: &gradlet_quantization) -> Self {
        Self {
            scale: quantization.scale,
            zero_point: quantization.zero_point,
        }
    }
}

/// Initialises a batch for features of this quantization; it holds no sample then.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_batch_init(
    batch: Option<&mut gradlet_batch>,
    quantization: Option<&gradlet_quantization>,
) -> gradlet_status {
    let init = || {
        let (batch, quantization) = (some(batch)?, some(quantization)?);
        batch.0.init(quantization.into());
        batch.0.get_mut()?.clear();
        Ok(())
    };
    init().into()
}

/// Forgets all samples.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_batch_clear(batch: Option<&mut gradlet_batch>) -> gradlet_status {
    let clear = || {
        some(batch)?.0.get_mut()?.clear();
        Ok(())
    };
    clear().into()
}

/// Adds a copy of a sample.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_batch_push(
    batch: Option<&mut gradlet_batch>,
    features: Option<&gradlet_features>,
    label: u32,
) -> gradlet_status {
    let push = || {
        let features = some(features)?;
        let batch = some(batch)?.0.get_mut()?;
        Ok(batch.push(&features.values, label as usize)?)
    };
    push().into()
}
