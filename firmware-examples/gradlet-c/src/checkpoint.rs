//! Checkpoints, out of the device and into it, through functions of the firmware's.

use core::ffi::c_void;
use core::fmt;
use core::mem::MaybeUninit;

use embedded_io::{ErrorKind, ErrorType, Read, Seek, SeekFrom, Write};
use gradlet::checkpoint::{self, Encoder, Match, ReadError, Restore, WriteError};

use crate::head::gradlet_head;
use crate::object::some;
use crate::status::gradlet_status;

/// Takes the next `length` bytes of a checkpoint: into a UART, a file, a flash page. They are valid
/// during the call. Returns 0 when it has taken all of them; anything else ends the writing.
pub type gradlet_write =
    Option<extern "C" fn(context: *mut c_void, bytes: *const u8, length: usize) -> i32>;

/// Copies `length` bytes from `offset` on, counted from the start of the checkpoint, to `bytes`.
/// Returns 0 when it has; anything else ends the reading.
pub type gradlet_read =
    Option<extern "C" fn(context: *mut c_void, offset: u32, bytes: *mut u8, length: usize) -> i32>;

/// Bytes of the head's checkpoint as it would be now.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_checkpoint_length(
    head: Option<&gradlet_head>,
    length: Option<&mut MaybeUninit<u32>>,
) -> gradlet_status {
    let measure = || {
        let length = some(length)?;
        let total = Encoder::new().total_len(some(head)?.0.get()?);
        length.write(total.map_err(|_| gradlet_status::Other)?);
        Ok(())
    };
    measure().into()
}

/// Writes a checkpoint of the head, from which `gradlet convert` makes TensorFlow's files.
/// `write` gets it in pieces of at most 64 bytes, in order, each with `context`; `length`, which
/// may be NULL, gets its size.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_checkpoint_write(
    head: Option<&gradlet_head>,
    write: gradlet_write,
    context: *mut c_void,
    length: Option<&mut MaybeUninit<u32>>,
) -> gradlet_status {
    let save = || {
        let write = some(write)?;
        let sink = Sink { write, context };
        let bytes = checkpoint::write(some(head)?.0.get()?, sink).map_err(|error| match error {
            WriteError::Io(Refused) => gradlet_status::WriteFailed,
            _ => gradlet_status::Other,
        })?;
        if let Some(length) = length {
            length.write(bytes);
        }
        Ok(())
    };
    save().into()
}

/// Restores the head from a checkpoint, in two passes: nothing is assigned before all of it is
/// verified. It is read by `read`, which gets `context`, and not a byte behind its end.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_checkpoint_read(
    head: Option<&mut gradlet_head>,
    read: gradlet_read,
    context: *mut c_void,
) -> gradlet_status {
    let restore = || {
        let read = some(read)?;
        let source = Source {
            read,
            context,
            offset: 0,
        };
        let head = some(head)?.0.get_mut()?;
        let restored = Restore::new().require(Match::Existing).read(head, source);
        restored.map(drop).map_err(|error| match error {
            ReadError::Io(Refused) => gradlet_status::ReadFailed,
            ReadError::Decode(_) => gradlet_status::Damaged,
            ReadError::Restore(_) => gradlet_status::Incompatible,
            _ => gradlet_status::Other,
        })
    };
    restore().into()
}

/// A function of the firmware's did not return 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the firmware's function failed")
    }
}

impl core::error::Error for Refused {}

impl embedded_io::Error for Refused {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// 0 is success, as everywhere in C.
pub(crate) fn checked(code: i32) -> Result<(), Refused> {
    match code {
        0 => Ok(()),
        _ => Err(Refused),
    }
}

struct Sink {
    write: extern "C" fn(*mut c_void, *const u8, usize) -> i32,
    context: *mut c_void,
}

impl ErrorType for Sink {
    type Error = Refused;
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    // The trait's own panics when a writer takes nothing, and slices.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        match bytes {
            [] => Ok(()),
            _ => checked((self.write)(self.context, bytes.as_ptr(), bytes.len())),
        }
    }

    fn flush(&mut self) -> Result<(), Refused> {
        Ok(())
    }
}

struct Source {
    read: extern "C" fn(*mut c_void, u32, *mut u8, usize) -> i32,
    context: *mut c_void,
    offset: u32,
}

impl ErrorType for Source {
    type Error = Refused;
}

impl Read for Source {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Refused> {
        let (target, length) = (bytes.as_mut_ptr(), bytes.len());
        checked((self.read)(self.context, self.offset, target, length))?;
        self.offset = self.offset.wrapping_add(length as u32);
        Ok(length)
    }
}

impl Seek for Source {
    fn seek(&mut self, position: SeekFrom) -> Result<u64, Refused> {
        let offset = match position {
            SeekFrom::Start(offset) => i64::try_from(offset).ok(),
            SeekFrom::Current(by) => i64::from(self.offset).checked_add(by),
            SeekFrom::End(_) => None,
        };
        let offset = offset.and_then(|offset| u32::try_from(offset).ok());
        self.offset = offset.ok_or(Refused)?;
        Ok(self.offset.into())
    }
}
