//! Checkpoints in flash that survive a loss of power at any moment, through a flash driver of the
//! firmware's.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use gradlet::manager::{
    CheckpointManager, FormatError, OpenError, Options, Restoration, RestoreError, SaveError,
};

use crate::checkpoint::{Refused, checked};
use crate::head::gradlet_head;
use crate::object::{MARK, fits, some};
use crate::shape::{GRADLET_FLASH_ERASE_SIZE, GRADLET_FLASH_WRITE_SIZE, GRADLET_MANAGER_SIZE};
use crate::status::gradlet_status;

/// A NOR flash, or the part of one that checkpoints may have: offsets count from its start. Each
/// function returns 0 when it is done.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct gradlet_flash {
    /// What the functions get.
    pub context: *mut c_void,
    /// Bytes, whole blocks of GRADLET_FLASH_ERASE_SIZE.
    pub capacity: u32,
    /// Copies `length` bytes from `offset` on to `bytes`.
    pub read: Option<
        extern "C" fn(context: *mut c_void, offset: u32, bytes: *mut u8, length: usize) -> i32,
    >,
    /// Writes `length` bytes at `offset`, both whole units of GRADLET_FLASH_WRITE_SIZE. Between two
    /// erases no unit is written twice.
    pub write: Option<
        extern "C" fn(context: *mut c_void, offset: u32, bytes: *const u8, length: usize) -> i32,
    >,
    /// Erases the blocks from `from` up to `to`, where the next one begins.
    pub erase: Option<extern "C" fn(context: *mut c_void, from: u32, to: u32) -> i32>,
}

/// How checkpoints are kept.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradlet_manager_options {
    /// How many of the newest checkpoints are kept at most; fewer where the flash is small.
    pub max_to_keep: u32,
    /// Steps that have to lie between two checkpoints for a save to write the second; 0 writes
    /// whenever it is called.
    pub checkpoint_interval: u32,
}

/// The checkpoints in a flash.
pub struct gradlet_manager {
    mark: u32,
    /// Written if `mark` is [`MARK`].
    manager: MaybeUninit<CheckpointManager<Flash>>,
}

const _: () = assert!(
    fits::<gradlet_manager>(GRADLET_MANAGER_SIZE),
    "GRADLET_MANAGER_SIZE is too small"
);

impl From<&gradlet_manager_options> for Options {
    fn from(options: &gradlet_manager_options) -> Self {
        Self {
            max_to_keep: options.max_to_keep,
            checkpoint_interval: options.checkpoint_interval,
            ..Self::DEFAULT
        }
    }
}

impl gradlet_manager {
    fn put(&mut self, manager: CheckpointManager<Flash>) {
        self.manager.write(manager);
        self.mark = MARK;
    }

    fn get_mut(&mut self) -> Result<&mut CheckpointManager<Flash>, gradlet_status> {
        match self.mark {
            // SAFETY: the mark is set after the manager was written, and a static of C's has none.
            MARK => Ok(unsafe { self.manager.assume_init_mut() }),
            _ => Err(gradlet_status::NotInitialized),
        }
    }
}

/// Finds the checkpoints in a flash; nothing is written. The flash's functions are called as long as
/// the manager is used; `flash` itself is copied.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_manager_open(
    manager: Option<&mut gradlet_manager>,
    flash: Option<&gradlet_flash>,
    options: Option<&gradlet_manager_options>,
) -> gradlet_status {
    let open = || {
        let (manager, flash) = (some(manager)?, Flash::new(some(flash)?)?);
        manager.mark = 0;
        let found = CheckpointManager::open(flash, some(options)?.into())?;
        manager.put(found);
        Ok(())
    };
    open().into()
}

/// As gradlet_manager_open, for a flash that holds something else, or checkpoints of another model:
/// whatever is in it is given up.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_manager_format(
    manager: Option<&mut gradlet_manager>,
    flash: Option<&gradlet_flash>,
    options: Option<&gradlet_manager_options>,
) -> gradlet_status {
    let format = || {
        let (manager, flash) = (some(manager)?, Flash::new(some(flash)?)?);
        manager.mark = 0;
        let empty = CheckpointManager::format(flash, some(options)?.into())?;
        manager.put(empty);
        Ok(())
    };
    format().into()
}

/// Restores the head from the newest checkpoint. GRADLET_STATUS_NO_CHECKPOINT if nothing was saved
/// yet: the head is as it was then, as after every other failure.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_manager_restore(
    manager: Option<&mut gradlet_manager>,
    head: Option<&mut gradlet_head>,
) -> gradlet_status {
    let restore = || {
        let head = some(head)?.0.get_mut()?;
        match some(manager)?.get_mut()?.restore_or_initialize(head)? {
            Restoration::Restored { .. } => Ok(()),
            Restoration::Initialized => Err(gradlet_status::NoCheckpoint),
            _ => Err(gradlet_status::Incompatible),
        }
    };
    restore().into()
}

/// Saves the head as the newest checkpoint. It counts once all of it is written; until then, and if
/// power goes or the flash fails, the one before is the newest. `save_counter`, which may be NULL,
/// gets the checkpoint's number from 1, or 0 if `checkpoint_interval` says that it is too early.
#[unsafe(no_mangle)]
pub extern "C" fn gradlet_manager_save(
    manager: Option<&mut gradlet_manager>,
    head: Option<&gradlet_head>,
    save_counter: Option<&mut MaybeUninit<u32>>,
) -> gradlet_status {
    let save = || {
        let head = some(head)?.0.get()?;
        let saved = some(manager)?.get_mut()?.save(head)?;
        if let Some(save_counter) = save_counter {
            save_counter.write(saved.map_or(0, |saved| saved.save_counter));
        }
        Ok(())
    };
    save().into()
}

impl From<OpenError> for gradlet_status {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Geometry(_) => Self::RegionTooSmall,
            OpenError::Foreign { .. } | OpenError::OtherGeometry { .. } => Self::Foreign,
            OpenError::Damaged => Self::Damaged,
            _ => Self::Other,
        }
    }
}

impl From<FormatError<Refused>> for gradlet_status {
    fn from(error: FormatError<Refused>) -> Self {
        match error {
            FormatError::Geometry(_) => Self::RegionTooSmall,
            FormatError::Flash(Refused) => Self::FlashFailed,
            _ => Self::Other,
        }
    }
}

impl From<RestoreError> for gradlet_status {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Damaged => Self::Damaged,
            RestoreError::Incompatible(_) => Self::Incompatible,
            _ => Self::Other,
        }
    }
}

impl From<SaveError<Refused>> for gradlet_status {
    fn from(error: SaveError<Refused>) -> Self {
        match error {
            SaveError::RegionTooSmall { .. } => Self::RegionTooSmall,
            SaveError::Incompatible(_) => Self::Incompatible,
            SaveError::Flash(Refused) => Self::FlashFailed,
            _ => Self::Other,
        }
    }
}

/// A [`gradlet_flash`] whose functions are all there.
#[derive(Debug)]
struct Flash {
    context: *mut c_void,
    capacity: u32,
    read: extern "C" fn(*mut c_void, u32, *mut u8, usize) -> i32,
    write: extern "C" fn(*mut c_void, u32, *const u8, usize) -> i32,
    erase: extern "C" fn(*mut c_void, u32, u32) -> i32,
}

impl Flash {
    fn new(flash: &gradlet_flash) -> Result<Self, gradlet_status> {
        Ok(Self {
            context: flash.context,
            capacity: flash.capacity,
            read: some(flash.read)?,
            write: some(flash.write)?,
            erase: some(flash.erase)?,
        })
    }
}

impl NorFlashError for Refused {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for Flash {
    type Error = Refused;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refused> {
        checked((self.read)(
            self.context,
            offset,
            bytes.as_mut_ptr(),
            bytes.len(),
        ))
    }

    fn capacity(&self) -> usize {
        self.capacity as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = GRADLET_FLASH_WRITE_SIZE;
    const ERASE_SIZE: usize = GRADLET_FLASH_ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        checked((self.erase)(self.context, from, to))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refused> {
        checked((self.write)(
            self.context,
            offset,
            bytes.as_ptr(),
            bytes.len(),
        ))
    }
}
