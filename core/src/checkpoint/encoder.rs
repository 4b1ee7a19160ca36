//! Variables to bytes, without I/O.

use core::fmt;

use super::format::{
    END, FIELD_GLOBAL_STEP, FIELD_MODEL_ID, FIELD_PADDING, FIELD_TIME, FRAME, Frame, MAGIC,
    TRAILER, VERSION, padding, varint,
};
use crate::tensor::View;
use crate::variable::Variable;
use crate::{Crc32c, Variables};

/// A checkpoint being written: a state machine that fills byte slices.
///
/// Holds no reference to the variables. They must not change from the first call of
/// [`fill`](Self::fill) to the last for the checkpoint to be of one moment; each tensor's
/// checksum is right in any case.
#[derive(Debug, Clone)]
pub struct Encoder {
    time: Option<i64>,
    stage: Stage,
    /// Bytes of the stage that are out already.
    position: usize,
    index: u16,
    offset: u32,
    structure: Crc32c,
    payload: Crc32c,
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
            stage: Stage::Preamble,
            position: 0,
            index: 0,
            offset: 0,
            structure: Crc32c::new(),
            payload: Crc32c::new(),
        }
    }

    /// The same with the time of writing, in seconds since 1970.
    #[must_use]
    pub const fn at_time(mut self, seconds: i64) -> Self {
        self.time = Some(seconds);
        self
    }

    /// Bytes of the whole checkpoint of `variables`.
    ///
    /// # Errors
    /// Those of [`fill`](Self::fill).
    pub fn total_len(&self, variables: &impl Variables) -> Result<u32, EncodeError> {
        let mut counting = Section::counting();
        self.preamble(variables, &mut counting);
        let mut total = counting.total as u64 + END as u64;
        for index in 0..variables.count() {
            let (variable, frame) = record(variables, index)?;
            let payload = variable.view.byte_len();
            total += (FRAME + usize::from(frame.head_len) + TRAILER) as u64;
            total += (payload + padding(payload)) as u64;
        }
        u32::try_from(total).map_err(|_| EncodeError::TooLong)
    }

    /// Fills `out` from its start with the next bytes of the checkpoint; returns how many. Fewer
    /// than `out` holds means that the checkpoint is complete.
    ///
    /// # Errors
    /// [`EncodeError::Variable`] for a variable that no record can hold (a name of no or more
    /// than some 240 bytes), [`EncodeError::TooMany`] above 65,535 variables,
    /// [`EncodeError::TooLong`] above 4 GiB.
    pub fn fill(
        &mut self,
        variables: &impl Variables,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let mut filled = 0;
        while self.stage != Stage::Done {
            let rest = out.get_mut(filled..).unwrap_or_default();
            let mut section = Section {
                skip: self.position,
                out: rest,
                written: 0,
                total: 0,
            };
            self.emit(variables, &mut section)?;
            let (written, complete) = (section.written, section.is_complete());
            let bytes = rest.get(..written).unwrap_or_default();
            match self.stage {
                Stage::Payload => self.payload.update(bytes),
                Stage::Checksum => {}
                _ => self.structure.update(bytes),
            }
            filled += written;
            self.position += written;
            let advanced = u32::try_from(written)
                .ok()
                .and_then(|n| self.offset.checked_add(n));
            self.offset = advanced.ok_or(EncodeError::TooLong)?;
            if !complete {
                break;
            }
            self.next_stage(variables.count())?;
        }
        Ok(filled)
    }

    /// Writes the part that the stage stands for, or what of it is not out yet.
    fn emit(
        &self,
        variables: &impl Variables,
        section: &mut Section<'_>,
    ) -> Result<(), EncodeError> {
        match self.stage {
            Stage::Preamble => self.preamble(variables, section),
            Stage::Head => {
                let (variable, frame) = record(variables, self.index.into())?;
                head(&variable, frame, section);
            }
            Stage::Payload => {
                let (variable, _) = record(variables, self.index.into())?;
                section.put_elements(&variable.view);
            }
            Stage::Trailer => {
                let (variable, _) = record(variables, self.index.into())?;
                section.put_padding(padding(variable.view.byte_len()));
                section.put(&self.payload.value().to_le_bytes());
            }
            Stage::End => {
                let start = self.offset.wrapping_sub(self.position as u32);
                let total = start.checked_add(END as u32).ok_or(EncodeError::TooLong)?;
                section.put(&Frame::end(self.index, total).bytes());
            }
            Stage::Checksum => section.put(&self.structure.value().to_le_bytes()),
            Stage::Done => {}
        }
        Ok(())
    }

    fn next_stage(&mut self, count: usize) -> Result<(), EncodeError> {
        self.position = 0;
        self.stage = match self.stage {
            Stage::Head => {
                self.payload = Crc32c::new();
                Stage::Payload
            }
            Stage::Payload => Stage::Trailer,
            Stage::Preamble if count > 0 => Stage::Head,
            Stage::Trailer => {
                self.index = self.index.checked_add(1).ok_or(EncodeError::TooMany)?;
                if usize::from(self.index) < count {
                    Stage::Head
                } else {
                    Stage::End
                }
            }
            Stage::Preamble => Stage::End,
            Stage::End => Stage::Checksum,
            Stage::Checksum | Stage::Done => Stage::Done,
        };
        Ok(())
    }

    fn preamble(&self, variables: &impl Variables, section: &mut Section<'_>) {
        const STEP: usize = 2 + 8;
        const MODEL: usize = 2 + 4;
        let unpadded = STEP + MODEL + if self.time.is_some() { 2 + 8 } else { 0 };
        let fields = unpadded + padding(unpadded);
        section.put(&MAGIC);
        section.put(&[VERSION, 0]);
        section.put(&(fields as u16).to_le_bytes());
        section.put(&[FIELD_GLOBAL_STEP, 8]);
        section.put(&variables.global_step().to_le_bytes());
        section.put(&[FIELD_MODEL_ID, 4]);
        section.put(&variables.model_id().to_le_bytes());
        if let Some(time) = self.time {
            section.put(&[FIELD_TIME, 8]);
            section.put(&time.to_le_bytes());
        }
        const { assert!(FIELD_PADDING == 0, "padding fields are zero bytes") };
        section.put_padding(fields - unpadded);
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Variable `index` and the frame of its record.
fn record(variables: &impl Variables, index: usize) -> Result<(Variable<'_>, Frame), EncodeError> {
    let error = EncodeError::Variable { index };
    let variable = variables.variable(index).ok_or(error)?;
    let frame = Frame::of(&variable).ok_or(error)?;
    Ok((variable, frame))
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
    section.put_padding((FRAME + usize::from(frame.head_len)).saturating_sub(section.total));
}

/// A part of the checkpoint being written: the first `skip` bytes are out already, and only as
/// many as fit go out now. So no part needs a buffer of its own.
struct Section<'a> {
    skip: usize,
    out: &'a mut [u8],
    written: usize,
    total: usize,
}

impl Section<'_> {
    /// Only counts what is put.
    fn counting() -> Self {
        Section {
            skip: usize::MAX,
            out: &mut [],
            written: 0,
            total: 0,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        let behind = self.skip.saturating_sub(self.total);
        self.total += bytes.len();
        let new = bytes.get(behind..).unwrap_or_default();
        let room = self.out.get_mut(self.written..).unwrap_or_default();
        let len = new.len().min(room.len());
        for (slot, &byte) in room.iter_mut().zip(new) {
            *slot = byte;
        }
        self.written += len;
    }

    fn put_padding(&mut self, len: usize) {
        self.put([0; 3].get(..len).unwrap_or_default());
    }

    /// The little-endian elements of `view`, many at a time.
    fn put_elements(&mut self, view: &View<'_>) {
        let size = view.dtype().size();
        self.total += view.byte_len();
        let mut at = self.skip;
        while at < self.total {
            let room = self.out.get_mut(self.written..).unwrap_or_default();
            let (element, within) = (at / size, at % size);
            let mut len = if within == 0 {
                view.copy_le(element, room)
            } else {
                0
            };
            if len == 0 {
                // An element that the caller's slices cut in two.
                let mut bytes = [0; 8];
                view.copy_le(element, &mut bytes);
                let part = bytes.get(within..size).unwrap_or_default();
                len = part.len().min(room.len());
                for (slot, &byte) in room.iter_mut().zip(part) {
                    *slot = byte;
                }
            }
            if len == 0 {
                return;
            }
            self.written += len;
            at += len;
        }
    }

    const fn is_complete(&self) -> bool {
        self.skip + self.written >= self.total
    }
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
            Self::TooMany => f.write_str("more than 65,535 variables"),
            Self::TooLong => f.write_str("the checkpoint would be longer than 4 GiB"),
        }
    }
}

impl core::error::Error for EncodeError {}
