//! What variables are to a program, and how each TensorFlow arranges them as objects.
//!
//! A device names its variables as TensorFlow 1 does: `head/kernel`, its slots `head/kernel/Adam`
//! and `head/kernel/Adam_1`, `beta1_power`, `global_step`. A [`Profile`] says what becomes of them
//! in an object-based checkpoint, [`Mapping`](crate::mapping::Mapping) refines it, and [`flatten`]
//! goes the other way.

mod arrangement;
mod family;
mod flatten;
mod hyperparameters;
mod keras;
mod optimizer_node;
mod optimizer_reader;
mod roles;
mod v1;

use serde::Deserialize;

pub use arrangement::{Arrangement, Derived, Leaf, arrange};
pub use family::{Family, Keras, Scale, Slot};
pub use flatten::{Flat, FlatValue, FlatVariables, flatten};
pub use roles::Roles;

pub(crate) use flatten::scaled;
pub(crate) use hyperparameters::beta_power;
pub(crate) use roles::GLOBAL_STEP;

/// Whose objects variables become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Profile {
    /// `tf.Module`s and optimizers of `tf.compat.v1.train`: objects follow the parts of the names,
    /// the optimizer has slots.
    #[default]
    V1,
    /// Keras 3: a Sequential or functional model and an optimizer of `keras.optimizers`.
    Keras3,
    /// `tf_keras` with an optimizer of `tf_keras.optimizers` as of TensorFlow 2.11.
    TfKeras,
    /// `tf_keras` with an optimizer of `tf_keras.optimizers.legacy`.
    TfKerasLegacy,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Profile; 4] = [
        Profile::V1,
        Profile::Keras3,
        Profile::TfKeras,
        Profile::TfKerasLegacy,
    ];

    /// Its name, as in mapping files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::V1 => "v1",
            Profile::Keras3 => "keras3",
            Profile::TfKeras => "tf_keras",
            Profile::TfKerasLegacy => "tf_keras_legacy",
        }
    }
}
