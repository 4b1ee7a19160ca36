//! The header's fields: what a checkpoint says of itself before its tensors.

use super::fault::Fault;
use super::format::{FIELD_GLOBAL_STEP, FIELD_MODEL_ID, FIELD_TIME};

/// What a checkpoint says of itself before its tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Info {
    /// Training steps done.
    pub global_step: Option<i64>,
    /// When it was written, in seconds since 1970, where the device has a clock.
    pub time: Option<i64>,
    /// [`Variables::model_id`](crate::Variables::model_id) of the model.
    pub model_id: Option<u32>,
}

impl Info {
    /// Takes in the field `tag`; unknown ones are skipped.
    pub(super) fn field(&mut self, tag: u8, value: &[u8]) -> Result<(), Fault> {
        let fault = |_| Fault::Field { tag };
        match tag {
            FIELD_GLOBAL_STEP => {
                self.global_step = Some(i64::from_le_bytes(value.try_into().map_err(fault)?));
            }
            FIELD_TIME => {
                self.time = Some(i64::from_le_bytes(value.try_into().map_err(fault)?));
            }
            FIELD_MODEL_ID => {
                self.model_id = Some(u32::from_le_bytes(value.try_into().map_err(fault)?));
            }
            _ => {}
        }
        Ok(())
    }
}
