//! The trainable head.

use core::mem::MaybeUninit;

use gradlet::{Adam, Head, Quantized};

use crate::batch::{gradlet_batch, gradlet_features, gradlet_quantization};
use crate::object::{Object, fits, some};
use crate::shape::{GRADLET_CLASSES, GRADLET_FEATURES, GRADLET_HEAD_SIZE};
use crate::status::gradlet_status;

pub(crate) type Model = Head<GRADLET_FEATURES, GRADLET_CLASSES, Adam>;

/// A dense layer of GRADLET_CLASSES classes over GRADLET_FEATURES features, with Adam.
pub struct gradlet_head(pub(crate) Object<Model>);

const _: () = assert!(
    fits::<gradlet_head>(GRADLET_HEAD_SIZE),
    "GRADLET_HEAD_SIZE is too small"
);

/// The hyper-parameters of tf.train.AdamOptimizer. Its own defaults are 0.001, 0.9, 0.999, 1e-8.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradlet_adam {
    /// The learning rate.
    pub learning_rate: f32,
    /// How much of the mean of the gradients a step keeps.
    pub beta1: f32,
    /// How much of the mean of their squares a step keeps.
    pub beta2: f32,
    /// What keeps the division from exploding.
    pub epsilon: f32,
}

/// Initialises a head: optimizer and slots as they start; weights and step stay as they are, which
/// is 0 in a static.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_head_init(
    head: Option<&mut gradlet_head>,
    adam: Option<&gradlet_adam>,
) -> gradlet_status {
    let init = || {
        let (head, adam) = (some(head)?, some(adam)?);
        let (lr, epsilon) = (adam.learning_rate, adam.epsilon);
        head.0.init(Adam::with(lr, adam.beta1, adam.beta2, epsilon));
        Ok(())
    };
    init().into()
}

/// The weights of a head.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradlet_weights {
    /// As TensorFlow has it: a row for each feature.
    pub kernel: [[f32; GRADLET_CLASSES]; GRADLET_FEATURES],
    /// One for each class.
    pub bias: [f32; GRADLET_CLASSES],
}

/// Assigns the weights of the shipped head. Slots and step stay as they are.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_head_assign(
    head: Option<&mut gradlet_head>,
    weights: Option<&gradlet_weights>,
) -> gradlet_status {
    let assign = || {
        let gradlet_weights { kernel, bias } = some(weights)?;
        some(head)?.0.get_mut()?.assign(kernel, bias);
        Ok(())
    };
    assign().into()
}

/// The most likely class of a sample.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_head_predict(
    head: Option<&gradlet_head>,
    features: Option<&gradlet_features>,
    quantization: Option<&gradlet_quantization>,
    label: Option<&mut MaybeUninit<u32>>,
) -> gradlet_status {
    let predict = || {
        let (features, label) = (quantized(features, quantization)?, some(label)?);
        let class = some(head)?.0.get()?.predict(&features);
        label.write(class as u32);
        Ok(())
    };
    predict().into()
}

/// One training step on one sample. `loss`, which may be NULL, gets the loss before the step.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_head_minimize(
    head: Option<&mut gradlet_head>,
    features: Option<&gradlet_features>,
    quantization: Option<&gradlet_quantization>,
    label: u32,
    loss: Option<&mut MaybeUninit<f32>>,
) -> gradlet_status {
    let minimize = || {
        let features = quantized(features, quantization)?;
        let head = some(head)?.0.get_mut()?;
        let before = head.minimize(&features, label as usize)?;
        report(loss, before);
        Ok(())
    };
    minimize().into()
}

/// One training step on the mean loss of a batch. `loss`, which may be NULL, gets that loss before
/// the step. The batch stays as it is: clear it before the next samples.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_head_minimize_batch(
    head: Option<&mut gradlet_head>,
    batch: Option<&mut gradlet_batch>,
    loss: Option<&mut MaybeUninit<f32>>,
) -> gradlet_status {
    let minimize = || {
        let batch = some(batch)?.0.get_mut()?;
        let before = some(head)?.0.get_mut()?.minimize_batch(batch)?;
        report(loss, before);
        Ok(())
    };
    minimize().into()
}

/// Training steps done so far.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_head_global_step(
    head: Option<&gradlet_head>,
    step: Option<&mut MaybeUninit<i64>>,
) -> gradlet_status {
    let global_step = || {
        let step = some(step)?;
        step.write(some(head)?.0.get()?.global_step());
        Ok(())
    };
    global_step().into()
}

/// The checksum of every bit of the state that a checkpoint holds: weights, slots, powers, step.
/// Two devices that were trained alike have the same.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_head_crc32c(
    head: Option<&gradlet_head>,
    crc32c: Option<&mut MaybeUninit<u32>>,
) -> gradlet_status {
    let checksum = || {
        let crc32c = some(crc32c)?;
        crc32c.write(fingerprint::of(some(head)?.0.get()?));
        Ok(())
    };
    checksum().into()
}

fn quantized<'a>(
    features: Option<&'a gradlet_features>,
    quantization: Option<&gradlet_quantization>,
) -> Result<Quantized<'a, GRADLET_FEATURES>, gradlet_status> {
    Ok(Quantized {
        values: &some(features)?.values,
        quantization: some(quantization)?.into(),
    })
}

fn report(loss: Option<&mut MaybeUninit<f32>>, before: f32) {
    if let Some(loss) = loss {
        loss.write(before);
    }
}
