//! The samples: a recording that is read round and round, through the frozen layers.
use crate::story::{ACTIVATIONS, BACKBONE, DISTINCT_INPUTS, DISTINCT_LABELS, FEATURES};
use resumable::Samples;

/// The story's samples in the order of collection.
pub(crate) struct Recording<'a> {
    scratch: &'a mut [i8; ACTIVATIONS],
}

impl<'a> Recording<'a> {
    pub(crate) const fn new(scratch: &'a mut [i8; ACTIVATIONS]) -> Self {
        Self { scratch }
    }
}

impl Samples<FEATURES> for Recording<'_> {
    fn sample(&mut self, cursor: i64) -> Option<(&[i8; FEATURES], usize)> {
        let length = i64::try_from(DISTINCT_INPUTS.len()).ok()?;
        let at = usize::try_from(cursor.checked_rem_euclid(length)?).ok()?;
        let features = BACKBONE.run(DISTINCT_INPUTS.get(at)?, self.scratch).ok()?;
        Some((features, usize::from(*DISTINCT_LABELS.get(at)?)))
    }
}
