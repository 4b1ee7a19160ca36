//! Variables to bytes, without I/O.

use core::fmt;

use super::codec::{Pack, choose};
use super::encoding::Choice;
use super::format::{
    END, FIELD, FIELD_GLOBAL_STEP, FIELD_METADATA, FIELD_MODEL_ID, FIELD_PADDING, FIELD_TIME,
    MAGIC, VERSION, padding,
};
use super::frame::Frame;
use super::part::{Part, copy};
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
    /// The hashes of the names so far, a bit each.
    seen: u32,
    purpose: Purpose,
    stage: Stage,
    /// What is being written, unless it is elements that are written from where they lie.
    part: Part,
    /// Bytes of the piece being written, and how many are out already.
    len: u32,
    position: u32,
    /// The variable being written, and how many were written before it.
    index: u32,
    records: u16,
    /// Bytes of the metadata or the name at the end of a head, and how many were put already.
    tail: u8,
    tail_put: u8,
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

/// Whether the checkpoint is written, or only its bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Write,
    Count,
}

/// The parts of a checkpoint, in order; head and payload once a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Header,
    /// What stands behind the payload before, and the frame and head of the next record.
    Head,
    Payload,
    /// The same, and the frame of the end.
    End,
    Checksum,
    Done,
}

impl Encoder {
    /// At the start of a checkpoint.
    pub const fn new() -> Self {
        Self::with(None, None)
    }

    const fn with(time: Option<i64>, choice: Option<fn(&Variable<'_>) -> Choice>) -> Self {
        Self {
            time,
            choice,
            names: Names::Unknown,
            seen: 0,
            purpose: Purpose::Write,
            stage: Stage::Start,
            part: Part::EMPTY,
            len: 0,
            position: 0,
            index: 0,
            records: 0,
            tail: 0,
            tail_put: 0,
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
    #[cfg(feature = "encodings")]
    #[must_use]
    pub const fn choosing(mut self, choice: fn(&Variable<'_>) -> Choice) -> Self {
        self.choice = Some(choice);
        self
    }

    /// At the start of a checkpoint without any encoding.
    pub(crate) const fn raw() -> Self {
        Self::with(None, Some(|_| Choice::Raw))
    }

    /// The same at the start of its checkpoint.
    #[must_use]
    pub const fn restarted(&self) -> Self {
        Self::with(self.time, self.choice)
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
        let mut counting = self.restarted();
        counting.names = self.names;
        counting.purpose = Purpose::Count;
        while counting.stage != Stage::Done {
            counting.next(variables)?;
            counting.offset = advanced(counting.offset, counting.len as usize)?;
        }
        Ok(counting.offset)
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
        while let Some(room) = out.get_mut(filled..)
            && !room.is_empty()
        {
            let bytes = self.take(variables, room.len())?;
            if bytes.is_empty() {
                break;
            }
            filled += copy(bytes, room);
        }
        Ok(filled)
    }

    /// At most `most` of the next bytes, where they lie, taken as written; none behind the last.
    #[inline(never)]
    pub(super) fn take<'a>(
        &'a mut self,
        variables: &'a impl Variables,
        most: usize,
    ) -> Result<&'a [u8], EncodeError> {
        while self.position == self.len {
            if self.stage == Stage::Done {
                return Ok(&[]);
            }
            self.next(variables)?;
        }
        let in_place = match self.stage {
            Stage::Payload => {
                let Some(variable) = variables.variable(self.index as usize) else {
                    return Err(self.missing());
                };
                self.payload.in_place(&variable.view)
            }
            _ => None,
        };
        let piece = in_place.unwrap_or(self.part.bytes());
        let bytes = piece.get(self.position as usize..).unwrap_or_default();
        let bytes = bytes.get(..most).unwrap_or(bytes);
        if bytes.is_empty() {
            return Err(self.changed());
        }
        match self.stage {
            Stage::Payload => self.payload.emitted(bytes),
            Stage::Checksum => {}
            _ => self.structure.update(bytes),
        }
        self.position += bytes.len() as u32;
        self.offset = advanced(self.offset, bytes.len())?;
        Ok(bytes)
    }

    /// Goes on to the next piece: the one before is out.
    #[inline(never)]
    fn next(&mut self, variables: &impl Variables) -> Result<(), EncodeError> {
        self.position = 0;
        self.part.clear();
        match self.stage {
            _ if self.tail_put < self.tail => {}
            Stage::Start => {
                // Only the length of the model's number counts there, and its value costs a checksum.
                let id = match self.purpose {
                    Purpose::Write => variables.model_id(),
                    Purpose::Count => 0,
                };
                self.put_header(variables.global_step(), id, variables.metadata().len())?;
            }
            Stage::Header => self.begin_record(variables)?,
            Stage::Head | Stage::Payload => {
                let Some(variable) = variables.variable(self.index as usize) else {
                    return Err(self.missing());
                };
                if self.next_piece(&variable.view)? {
                    return Ok(());
                }
                self.begin_record(variables)?;
            }
            Stage::End => {
                self.part.put(&self.structure.value().to_le_bytes());
                self.stage = Stage::Checksum;
            }
            Stage::Checksum | Stage::Done => self.stage = Stage::Done,
        }
        if self.tail_put < self.tail {
            if self.stage == Stage::Header {
                self.put_tail([variables.metadata(), &[], &[], &[], &[]]);
            } else {
                let Some(variable) = variables.variable(self.index as usize) else {
                    return Err(self.missing());
                };
                self.put_tail(variable.name.pieces().map(str::as_bytes));
            }
            if self.part.bytes().is_empty() {
                return Err(self.changed());
            }
        }
        self.put_padding();
        self.len = self.part.bytes().len() as u32;
        Ok(())
    }

    /// So many bytes of metadata or of a name are next.
    fn expect_tail(&mut self, len: u8) -> Result<(), EncodeError> {
        match self.purpose {
            Purpose::Write => (self.tail, self.tail_put) = (len, 0),
            Purpose::Count => self.offset = advanced(self.offset, len.into())?,
        }
        Ok(())
    }

    /// Puts as much of the metadata or the name, in its pieces, as there is room for.
    #[inline(never)]
    fn put_tail(&mut self, pieces: [&[u8]; 5]) {
        let mut put_before = usize::from(self.tail_put);
        for piece in pieces {
            let rest = piece.get(put_before..).unwrap_or_default();
            put_before = put_before.saturating_sub(piece.len());
            self.tail_put += self.part.put_some(rest, self.tail - self.tail_put);
        }
    }

    /// Zero bytes, so that what follows starts aligned.
    fn put_padding(&mut self) {
        if self.tail_put == self.tail {
            let end = self.offset as usize + self.part.bytes().len();
            self.part
                .put([0; 3].get(..padding(end)).unwrap_or_default());
        }
    }

    /// The first or the next piece of the payload, or what stands behind it; whether there is a
    /// piece.
    #[inline(never)]
    fn next_piece(&mut self, view: &View<'_>) -> Result<bool, EncodeError> {
        let changed = self.changed();
        if let Stage::Head = self.stage {
            self.stage = Stage::Payload;
            self.payload_start = self.offset;
            self.payload = Pack::nothing();
            if self.purpose == Purpose::Count {
                self.offset = advanced(self.offset, self.frame.stored_len as usize)?;
            } else {
                let encoding = self.frame.encoding().ok_or(changed)?;
                self.payload = Pack::start(encoding, view, &mut self.part).ok_or(changed)?;
            }
        } else {
            self.payload.next(view, &mut self.part);
        }
        if !self.payload.is_complete() {
            let in_place = self.payload.in_place(view);
            self.len = in_place.unwrap_or(self.part.bytes()).len() as u32;
            return Ok(true);
        }
        if self.offset.wrapping_sub(self.payload_start) != self.frame.stored_len {
            return Err(changed);
        }
        self.put_padding();
        self.part.put(&self.payload.crc32c().to_le_bytes());
        self.index += 1;
        self.records = self.records.checked_add(1).ok_or(EncodeError::TooMany)?;
        Ok(false)
    }

    /// The head of the next variable's record, or the end.
    fn begin_record(&mut self, variables: &impl Variables) -> Result<(), EncodeError> {
        for index in self.index as usize..variables.count() {
            self.index = index as u32;
            let Some(variable) = variables.variable(index) else {
                return Err(self.missing());
            };
            if !is_saved(&variable) {
                continue;
            }
            let alike = 1 << variable.name.hash();
            if self.names == Names::Unknown && self.seen & alike != 0 {
                for earlier in (0..index).filter_map(|index| variables.variable(index)) {
                    if is_saved(&earlier) && earlier.name.reads_as(&variable.name) {
                        return Err(EncodeError::Duplicate { index });
                    }
                }
            }
            self.seen |= alike;
            return self.put_head(&variable);
        }
        self.put_end()
    }

    #[inline(never)]
    fn put_head(&mut self, variable: &Variable<'_>) -> Result<(), EncodeError> {
        let index = self.index as usize;
        let choice = self.choice.map(|choice| choice(variable));
        let stored = choose(choice.unwrap_or_default(), &variable.view);
        let frame = Frame::put(&mut self.part, variable, stored);
        self.frame = frame.ok_or(EncodeError::Variable { index })?;
        self.stage = Stage::Head;
        self.expect_tail(variable.name.len() as u8)
    }

    fn put_end(&mut self) -> Result<(), EncodeError> {
        let total = advanced(self.offset, self.part.bytes().len() + END)?;
        self.part.put(&Frame::end(self.records, total).bytes());
        self.stage = Stage::End;
        Ok(())
    }

    #[inline(never)]
    fn put_header(
        &mut self,
        global_step: i64,
        model_id: u32,
        found: usize,
    ) -> Result<(), EncodeError> {
        let metadata_len = u8::try_from(found).map_err(|_| EncodeError::Metadata { found })?;
        let time = if self.time.is_some() { FIELD + 8 } else { 0 };
        let behind = if found > 0 { FIELD + found } else { 0 };
        let unpadded = FIELD + 8 + FIELD + 4 + time + behind;
        let len = (unpadded + padding(unpadded)) as u16;
        let part = &mut self.part;
        part.put(&MAGIC);
        part.put(&[VERSION, 0]);
        part.put(&len.to_le_bytes());
        part.put(&[FIELD_GLOBAL_STEP, 8]);
        part.put(&global_step.to_le_bytes());
        part.put(&[FIELD_MODEL_ID, 4]);
        part.put(&model_id.to_le_bytes());
        if let Some(time) = self.time {
            part.put(&[FIELD_TIME, 8]);
            part.put(&time.to_le_bytes());
        }
        if found > 0 {
            part.put(&[FIELD_METADATA, metadata_len]);
        }
        const { assert!(FIELD_PADDING == 0, "padding fields are zero bytes") };
        self.stage = Stage::Header;
        self.expect_tail(metadata_len)
    }

    const fn missing(&self) -> EncodeError {
        EncodeError::Variable {
            index: self.index as usize,
        }
    }

    const fn changed(&self) -> EncodeError {
        EncodeError::Changed {
            index: self.index as usize,
        }
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a checkpoint holds the variable: `LOCAL` ones start anew with each run.
pub(crate) fn is_saved(variable: &Variable<'_>) -> bool {
    variable.collections.contains(Collections::GLOBAL)
}

/// The offset `len` bytes on.
fn advanced(offset: u32, len: usize) -> Result<u32, EncodeError> {
    let advanced = u32::try_from(len).ok();
    let advanced = advanced.and_then(|len| offset.checked_add(len));
    advanced.ok_or(EncodeError::TooLong)
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
