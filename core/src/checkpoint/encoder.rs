//! Variables to bytes, without I/O.

use core::fmt;

use super::codec::choose::choose;
use super::codec::pack::Pack;
use super::encoding::Choice;
use super::format::{
    END, FIELD, FIELD_GLOBAL_STEP, FIELD_METADATA, FIELD_MODEL_ID, FIELD_PADDING, FIELD_TIME,
    FRAME, MAGIC, VERSION, padding, varint,
};
use super::frame::Frame;
use super::section::Section;
use crate::tensor::View;
use crate::variable::{Collections, Variable};
use crate::{Crc32c, Variables};

/// A checkpoint being written: a state machine that fills byte slices.
///
/// It holds the variables of the collection [`Collections::GLOBAL`], in their order.
///
/// Holds no reference to the variables. They must not change from the first call of
/// [`fill`](Self::fill) to the last for the checkpoint to be of one moment; each tensor's
/// checksum is right in any case.
#[derive(Debug, Clone)]
pub struct Encoder {
    time: Option<i64>,
    choice: Option<fn(&Variable<'_>) -> Choice>,
    names: Names,
    stage: Stage,
    /// Bytes of the stage, or of the payload's piece, that are out already.
    position: usize,
    /// The variable being written, and how many were written before it.
    index: usize,
    records: u16,
    offset: u32,
    payload_start: u32,
    structure: Crc32c,
    frame: Frame,
    payload: Pack,
}

/// Whether each variable is known to have a name of its own, or is compared with all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Unknown,
    Distinct,
}

/// The parts of a checkpoint, in order; head, payload and trailer once a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preamble,
    Head,
    Payload,
    Trailer,
    End,
    Checksum,
    Done,
}

impl Encoder {
    /// At the start of a checkpoint.
    pub const fn new() -> Self {
        Self {
            time: None,
            choice: None,
            names: Names::Unknown,
            stage: Stage::Preamble,
            position: 0,
            index: 0,
            records: 0,
            offset: 0,
            payload_start: 0,
            structure: Crc32c::new(),
            frame: Frame::NONE,
            payload: Pack::nothing(),
        }
    }

    /// The same with the time of writing, in seconds since 1970.
    #[must_use]
    pub const fn at_time(mut self, seconds: i64) -> Self {
        self.time = Some(seconds);
        self
    }

    /// The same with a choice of encoding a variable; [`Choice::Smallest`] where there is none.
    ///
    /// ```
    /// use gradlet::checkpoint::{Choice, Encoder};
    /// use gradlet::variable::Collections;
    ///
    /// // What inference needs as bfloat16, what training needs without loss.
    /// let encoder = Encoder::new().choosing(|variable| {
    ///     if variable.collections.contains(Collections::MODEL) {
    ///         Choice::Bf16
    ///     } else {
    ///         Choice::Smallest
    ///     }
    /// });
    /// # let _ = encoder;
    /// ```
    #[must_use]
    pub const fn choosing(mut self, choice: fn(&Variable<'_>) -> Choice) -> Self {
        self.choice = Some(choice);
        self
    }

    /// Bytes of the checkpoint produced so far.
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// Bytes of the whole checkpoint of `variables`.
    ///
    /// This looks at each element once where the encoding's length depends on it.
    ///
    /// # Errors
    /// Those of [`fill`](Self::fill).
    pub fn total_len(&self, variables: &impl Variables) -> Result<u32, EncodeError> {
        let mut counting = Section::counting();
        // Only the length of the model's number counts here, and its value costs a checksum.
        let metadata = variables.metadata();
        self.preamble(variables.global_step(), 0, metadata, &mut counting)?;
        let mut total = counting.total() as u64 + END as u64;
        let mut records = 0u16;
        let mut next = 0;
        while let Some((index, variable)) = self.saved_from(variables, next)? {
            total += u64::from(self.frame(&variable, index)?.record_len());
            records = records.checked_add(1).ok_or(EncodeError::TooMany)?;
            next = index + 1;
        }
        u32::try_from(total).map_err(|_| EncodeError::TooLong)
    }

    /// Finds out before the first byte whether `variables` fit in a checkpoint.
    pub(super) fn check(&mut self, variables: &impl Variables) -> Result<(), EncodeError> {
        self.total_len(variables)?;
        self.names = Names::Distinct;
        Ok(())
    }

    /// Fills `out` from its start with the next bytes of the checkpoint; returns how many. Fewer
    /// than `out` holds means that the checkpoint is complete.
    ///
    /// # Errors
    /// - [`EncodeError::Variable`] for a variable that no record can hold (a name of no or more
    ///   than some 240 bytes), [`EncodeError::Duplicate`] for one whose name another one has,
    /// - [`EncodeError::Changed`] if a variable changed its shape, or the elements that its
    ///   encoding was chosen for, since its record was begun,
    /// - [`EncodeError::TooMany`] above 65,535 variables, [`EncodeError::TooLong`] above 4 GiB,
    ///   [`EncodeError::Metadata`] above 255 bytes of them.
    pub fn fill(
        &mut self,
        variables: &impl Variables,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let mut filled = 0;
        while self.stage != Stage::Done {
            let rest = out.get_mut(filled..).unwrap_or_default();
            let mut section = Section::new(self.position, rest);
            match self.stage {
                Stage::Preamble => {
                    let (step, id) = (variables.global_step(), variables.model_id());
                    self.preamble(step, id, variables.metadata(), &mut section)?;
                }
                Stage::Head | Stage::Payload => {
                    self.emit(&self.variable(variables)?, &mut section);
                }
                _ => self.emit_behind(&mut section)?,
            }
            let (written, complete) = (section.written(), section.is_complete());
            self.emitted(rest.get(..written).unwrap_or_default())?;
            filled += written;
            if !complete {
                break;
            }
            self.next(variables)?;
        }
        Ok(filled)
    }

    /// The rest of the elements being written as the bytes that they are, taken as written; `None`
    /// where the next bytes are others, or this machine's are not little-endian. So a writer gets
    /// them from where they lie, without a copy.
    pub(super) fn take_in_place<'a>(
        &mut self,
        variables: &'a impl Variables,
    ) -> Result<Option<&'a [u8]>, EncodeError> {
        if self.stage != Stage::Payload {
            return Ok(None);
        }
        let view = self.variable(variables)?.view;
        let elements = self.payload.in_place(view);
        let Some(rest) = elements.and_then(|bytes| bytes.get(self.position..)) else {
            return Ok(None);
        };
        self.emitted(rest)?;
        self.next(variables)?;
        Ok(Some(rest))
    }

    /// These bytes more of the part are out.
    #[inline(never)]
    fn emitted(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        match self.stage {
            Stage::Payload => self.payload.emitted(bytes),
            Stage::Checksum => {}
            _ => self.structure.update(bytes),
        }
        self.position += bytes.len();
        let advanced = u32::try_from(bytes.len()).ok();
        let advanced = advanced.and_then(|n| self.offset.checked_add(n));
        self.offset = advanced.ok_or(EncodeError::TooLong)?;
        Ok(())
    }

    /// Writes the part of a variable's record that the stage stands for, or what of it is not out yet.
    #[inline(never)]
    fn emit(&self, variable: &Variable<'_>, section: &mut Section<'_>) {
        match self.stage {
            Stage::Head => head(variable, self.frame, section),
            _ => self.payload.emit(&variable.view, section),
        }
    }

    /// Writes what stands behind the payload or behind all of them.
    #[inline(never)]
    fn emit_behind(&self, section: &mut Section<'_>) -> Result<(), EncodeError> {
        match self.stage {
            Stage::Trailer => {
                section.put_padding(padding(self.frame.stored_len as usize));
                section.put(&self.payload.crc32c().to_le_bytes());
            }
            Stage::End => {
                let start = self.offset.wrapping_sub(self.position as u32);
                let total = start.checked_add(END as u32).ok_or(EncodeError::TooLong)?;
                section.put(&Frame::end(self.records, total).bytes());
            }
            _ => section.put(&self.structure.value().to_le_bytes()),
        }
        Ok(())
    }

    /// Goes on to the next part: the one before is out.
    #[inline(never)]
    fn next(&mut self, variables: &impl Variables) -> Result<(), EncodeError> {
        self.position = 0;
        match self.stage {
            Stage::Preamble => self.begin_record(variables),
            Stage::Head | Stage::Payload => self.next_piece(&self.variable(variables)?.view),
            Stage::Trailer => {
                self.index += 1;
                self.records = self.records.checked_add(1).ok_or(EncodeError::TooMany)?;
                self.begin_record(variables)
            }
            Stage::End => {
                self.stage = Stage::Checksum;
                Ok(())
            }
            Stage::Checksum | Stage::Done => {
                self.stage = Stage::Done;
                Ok(())
            }
        }
    }

    /// The head of the next variable's record, or the end.
    fn begin_record(&mut self, variables: &impl Variables) -> Result<(), EncodeError> {
        self.stage = Stage::End;
        if let Some((index, variable)) = self.saved_from(variables, self.index)? {
            self.frame = self.frame(&variable, index)?;
            self.index = index;
            self.stage = Stage::Head;
        }
        Ok(())
    }

    /// The first or the next piece of the payload, or what stands behind it.
    #[inline(never)]
    fn next_piece(&mut self, view: &View<'_>) -> Result<(), EncodeError> {
        let changed = EncodeError::Changed { index: self.index };
        if let Stage::Head = self.stage {
            let encoding = self.frame.encoding().ok_or(changed)?;
            self.payload = Pack::start(encoding, view).ok_or(changed)?;
            self.payload_start = self.offset;
        } else {
            self.payload.next(view);
        }
        self.stage = Stage::Payload;
        if self.payload.is_complete() {
            if self.offset.wrapping_sub(self.payload_start) != self.frame.stored_len {
                return Err(changed);
            }
            self.stage = Stage::Trailer;
        }
        Ok(())
    }

    #[inline(never)]
    fn preamble(
        &self,
        global_step: i64,
        model_id: u32,
        metadata: &[u8],
        section: &mut Section<'_>,
    ) -> Result<(), EncodeError> {
        let found = metadata.len();
        let metadata_len = u8::try_from(found).map_err(|_| EncodeError::Metadata { found })?;
        let time = if self.time.is_some() { FIELD + 8 } else { 0 };
        let behind = if found > 0 { FIELD + found } else { 0 };
        let unpadded = FIELD + 8 + FIELD + 4 + time + behind;
        let len = unpadded + padding(unpadded);
        section.put(&MAGIC);
        section.put(&[VERSION, 0]);
        section.put(&(len as u16).to_le_bytes());
        section.put(&[FIELD_GLOBAL_STEP, 8]);
        section.put(&global_step.to_le_bytes());
        section.put(&[FIELD_MODEL_ID, 4]);
        section.put(&model_id.to_le_bytes());
        if let Some(time) = self.time {
            section.put(&[FIELD_TIME, 8]);
            section.put(&time.to_le_bytes());
        }
        if found > 0 {
            section.put(&[FIELD_METADATA, metadata_len]);
            section.put(metadata);
        }
        const { assert!(FIELD_PADDING == 0, "padding fields are zero bytes") };
        section.put_padding(len - unpadded);
        Ok(())
    }

    /// The first variable from `start` on that a checkpoint holds, and its index. Its name is none
    /// that another one has before it.
    #[inline(never)]
    fn saved_from<'a>(
        &self,
        variables: &'a impl Variables,
        start: usize,
    ) -> Result<Option<(usize, Variable<'a>)>, EncodeError> {
        for index in start..variables.count() {
            let variable = variables.variable(index);
            let variable = variable.ok_or(EncodeError::Variable { index })?;
            if !is_saved(&variable) {
                continue;
            }
            let earlier = match self.names {
                Names::Unknown => 0..index,
                Names::Distinct => 0..0,
            };
            for earlier in earlier.filter_map(|index| variables.variable(index)) {
                if is_saved(&earlier) && earlier.name.reads_as(&variable.name) {
                    return Err(EncodeError::Duplicate { index });
                }
            }
            return Ok(Some((index, variable)));
        }
        Ok(None)
    }

    /// The variable being written.
    fn variable<'a>(&self, variables: &'a impl Variables) -> Result<Variable<'a>, EncodeError> {
        let index = self.index;
        let variable = variables.variable(index);
        variable.ok_or(EncodeError::Variable { index })
    }

    /// The frame of variable `index`.
    #[inline(never)]
    fn frame(&self, variable: &Variable<'_>, index: usize) -> Result<Frame, EncodeError> {
        let choice = self
            .choice
            .map_or(Choice::Smallest, |choice| choice(variable));
        let (encoding, stored_len) = choose(choice, &variable.view);
        Frame::of(variable, encoding, stored_len).ok_or(EncodeError::Variable { index })
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a checkpoint holds the variable: `LOCAL` ones start anew with each run.
pub(super) fn is_saved(variable: &Variable<'_>) -> bool {
    variable.collections.contains(Collections::GLOBAL)
}

fn head(variable: &Variable<'_>, frame: Frame, section: &mut Section<'_>) {
    section.put(&frame.bytes());
    for &dim in variable.shape.dims() {
        let (bytes, len) = varint(dim);
        section.put(bytes.get(..len).unwrap_or_default());
    }
    variable
        .name
        .pieces()
        .for_each(|piece| section.put(piece.as_bytes()));
    section.put_padding((FRAME + usize::from(frame.head_len)).saturating_sub(section.total()));
}

/// Why variables cannot be written as a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EncodeError {
    /// A variable is missing, or its name or shape fits in no record.
    Variable {
        /// Its index.
        index: usize,
    },
    /// Another variable has the same name.
    Duplicate {
        /// Index of the second.
        index: usize,
    },
    /// A variable changed while it was written.
    Changed {
        /// Its index.
        index: usize,
    },
    /// More metadata than a field can hold.
    Metadata {
        /// Bytes of metadata; at most 255 fit.
        found: usize,
    },
    /// More than 65,535 variables.
    TooMany,
    /// More than 4 GiB.
    TooLong,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable { index } => write!(
                f,
                "variable {index} is missing, or its name (1 to about 240 bytes) or shape fits in no record"
            ),
            Self::Duplicate { index } => {
                write!(f, "variable {index} has the name of one before it")
            }
            Self::Changed { index } => write!(f, "variable {index} changed while it was written"),
            Self::Metadata { found } => {
                write!(f, "{found} bytes of metadata, at most 255 fit")
            }
            Self::TooMany => f.write_str("more than 65,535 variables"),
            Self::TooLong => f.write_str("the checkpoint would be longer than 4 GiB"),
        }
    }
}

impl core::error::Error for EncodeError {}
