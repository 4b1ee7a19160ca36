//! A NOR flash in memory that enforces the rules of a real one and loses power when told to, so
//! that firmware can be tested against what happens in the field. For tests only.
//!
//! - Writing and reading keep to `WRITE` and `READ`, erasing to `ERASE` bytes.
//! - A write unit is written once between two erases of its block. A unit whose write was cut
//!   counts as written whatever it reads as, and a block whose erase was cut as not erased.
//! - [`cut_power`](MockFlash::cut_power) counts steps down: the write of one unit is a step, and
//!   so is the erase of one block. The step that power goes in leaves what [`Tear`] says.
//! - [`TornReads`] tells what torn units read as from then on.
//!
//! Memory is the caller's, so that it works without an allocator. What is not random is the same
//! in each run, and what is follows from a [seed](MockFlash::seeded).
//!
//! # A test of your own firmware
//! Write what the firmware does between two starts as a function over any flash, and let power go at
//! each of its steps:
//!
//! ```
//! use embedded_storage::nor_flash::NorFlash;
//! use gradlet::manager::{CheckpointManager, Claim, Options};
//! use gradlet::mock_flash::{MockFlash, Tear, TornReads, storage_len};
//! use gradlet::{Adam, Head};
//! # use gradlet::manager::{OpenError, RestoreError, SaveError};
//! # #[derive(Debug)]
//! # enum Failure { Open, Restore, Save }
//! # impl From<OpenError> for Failure { fn from(_: OpenError) -> Self { Self::Open } }
//! # impl From<RestoreError> for Failure { fn from(_: RestoreError) -> Self { Self::Restore } }
//! # impl<E> From<SaveError<E>> for Failure { fn from(_: SaveError<E>) -> Self { Self::Save } }
//!
//! /// What the firmware does: train a step and save it. Returns the step it started from.
//! fn work<F: NorFlash>(flash: F) -> Result<i64, Failure> {
//!     let options = Options { claim: Claim::Interrupted, ..Options::DEFAULT };
//!     let mut checkpoints = CheckpointManager::open(flash, options)?;
//!     let mut head = Head::<4, 2, Adam>::new(Adam::new(0.01));
//!     checkpoints.restore_or_initialize(&mut head)?;
//!     let start = head.global_step();
//!     head.minimize(&[0.5; 4], 1).map_err(|_| Failure::Restore)?;
//!     checkpoints.save(&head)?;
//!     Ok(start)
//! }
//!
//! type Flash = MockFlash<[u8; storage_len(1024, 4)], 1, 4, 1024>;
//! for tear in [Tear::Nothing, Tear::Bytes(2), Tear::Random, Tear::Blank, Tear::Complete] {
//!     for cut in 0.. {
//!         let mut flash = Flash::new([0; storage_len(1024, 4)]);
//!         assert_eq!(work(&mut flash)?, 0);
//!         flash.cut_power(cut, tear);
//!         let finished = work(&mut flash).is_ok();
//!
//!         // the next start finds the step before or the new one, and goes on
//!         flash.power_on();
//!         flash.set_torn_reads(TornReads::Error);
//!         let found = work(&mut flash)?;
//!         assert!(found == 1 || found == 2, "{tear:?} in step {cut}: {found}");
//!         assert_eq!(flash.violation(), None);
//!         if finished {
//!             break;
//!         }
//!     }
//! }
//! # Ok::<(), Failure>(())
//! ```
//!
//! # What it does
//! ```
//! use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
//! use gradlet::mock_flash::{Error, MockFlash, Tear, storage_len};
//!
//! // two blocks of 1 KiB, written in words of 4 bytes, read in bytes
//! let mut flash = MockFlash::<_, 1, 4, 1024>::new([0; storage_len(1024, 2)]);
//! flash.cut_power(1, Tear::Bytes(2)); // in the second step, after two bytes
//! assert_eq!(flash.write(0, &[0x11; 8]), Err(Error::PowerLost));
//!
//! flash.power_on();
//! let mut bytes = [0; 8];
//! flash.read(0, &mut bytes)?;
//! assert_eq!(bytes, [0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0xff, 0xff]);
//! assert_eq!(flash.write(4, &[0; 4]), Err(Error::WrittenTwice { offset: 4 }));
//! # Ok::<(), Error>(())
//! ```

mod power;
mod storage;

pub use power::{Tear, TornReads};
pub use storage::storage_len;

use core::fmt;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
#[cfg(feature = "async")]
use embedded_storage_async::nor_flash as asynchronous;

use power::{Power, Random};
use storage::{Cells, Mark};

/// The flash; see the [module](self).
#[derive(Debug)]
pub struct MockFlash<S, const READ: usize, const WRITE: usize, const ERASE: usize> {
    storage: S,
    power: Power,
    torn_reads: TornReads,
    random: Random,
    steps: u64,
    violation: Option<Error>,
}

impl<S, const READ: usize, const WRITE: usize, const ERASE: usize> MockFlash<S, READ, WRITE, ERASE>
where
    S: AsRef<[u8]> + AsMut<[u8]>,
{
    /// A blank flash of as many blocks as [`storage_len`] bytes hold.
    pub fn new(storage: S) -> Self {
        const {
            assert!(READ > 0 && WRITE > 0 && ERASE > 0);
            assert!(ERASE.is_multiple_of(READ) && ERASE.is_multiple_of(WRITE));
        }
        let mut flash = Self {
            storage,
            power: Power::ON,
            torn_reads: TornReads::AsTheyAre,
            random: Random::new(1),
            steps: 0,
            violation: None,
        };
        flash.cells().clear();
        flash
    }

    /// The same flash with other random bits in what is torn.
    #[must_use]
    pub fn seeded(mut self, seed: u32) -> Self {
        self.random = Random::new(seed);
        self
    }

    /// Fills the flash from its start with `image`, as a programmer would: what is not blank
    /// counts as written.
    pub fn load(&mut self, image: &[u8]) {
        let mut cells = self.cells();
        for (offset, &byte) in image.iter().enumerate() {
            cells.set(offset, byte);
        }
        for (unit, bytes) in image.chunks(WRITE).enumerate() {
            if bytes.iter().any(|&byte| byte != 0xff) {
                cells.mark(unit * WRITE, WRITE, Mark::Written);
            }
        }
    }

    /// The content, torn units as they would read as they are.
    pub fn image(&self) -> &[u8] {
        storage::memory::<ERASE>(self.storage.as_ref())
    }

    /// How often a block was erased.
    pub fn erases(&self, block: usize) -> u32 {
        storage::erases::<ERASE>(self.storage.as_ref(), block)
    }

    /// Number of erase blocks.
    pub fn blocks(&self) -> usize {
        self.image().len() / ERASE
    }

    /// Steps done so far: units written and blocks erased.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The first breach of the rules, if any: misaligned, out of bounds, or written twice.
    pub fn violation(&self) -> Option<Error> {
        self.violation
    }

    /// Lets power go after `steps` more steps, within the one that follows.
    pub fn cut_power(&mut self, steps: u64, tear: Tear) {
        self.power = Power::going(steps, tear);
    }

    /// Brings power back, for good until it is cut again.
    pub fn power_on(&mut self) {
        self.power = Power::ON;
    }

    /// What torn units read as.
    pub fn set_torn_reads(&mut self, torn_reads: TornReads) {
        self.torn_reads = torn_reads;
    }

    /// Turns a bit over, as age does. `offset` counts bytes, `bit` from the least.
    pub fn flip_bit(&mut self, offset: usize, bit: u32) {
        let byte = self.image().get(offset).copied().unwrap_or(0xff);
        self.cells().set(offset, byte ^ 1 << (bit % 8));
    }

    fn cells(&mut self) -> Cells<'_> {
        Cells::new::<ERASE>(self.storage.as_mut())
    }

    fn checked(&mut self, offset: u32, len: usize, align: usize) -> Result<usize, Error> {
        if !self.power.is_on() {
            return Err(Error::PowerLost);
        }
        let offset = offset as usize;
        let capacity = self.image().len();
        if offset > capacity || len > capacity - offset {
            return Err(self.breach(Error::OutOfBounds));
        }
        if !offset.is_multiple_of(align) || !len.is_multiple_of(align) {
            return Err(self.breach(Error::NotAligned));
        }
        Ok(offset)
    }

    fn breach(&mut self, error: Error) -> Error {
        self.violation.get_or_insert(error);
        error
    }

    fn write_unit(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        let cells = self.cells();
        if cells.is_marked(offset, Mark::Written) || cells.is_marked(offset, Mark::EraseCut) {
            return Err(self.breach(Error::WrittenTwice {
                offset: offset as u32,
            }));
        }
        let tear = self.power.step();
        self.steps += 1;
        let (torn_len, random) = match tear {
            None | Some(Tear::Complete | Tear::Weak) => (WRITE, None),
            Some(Tear::Nothing) => return Err(Error::PowerLost),
            Some(Tear::Bytes(len)) => (len.min(WRITE), None),
            Some(Tear::Blank) => (0, None),
            Some(Tear::Random) => (WRITE, Some(&mut self.random)),
        };
        let mut cells = Cells::new::<ERASE>(self.storage.as_mut());
        cells.program(offset, bytes, torn_len, random);
        cells.mark(offset, WRITE, Mark::Written);
        match tear {
            None => return Ok(()),
            Some(Tear::Complete) => {}
            Some(_) => cells.mark(offset, WRITE, Mark::Torn),
        }
        Err(Error::PowerLost)
    }

    fn erase_block(&mut self, offset: usize) -> Result<(), Error> {
        let tear = self.power.step();
        self.steps += 1;
        let mut cells = Cells::new::<ERASE>(self.storage.as_mut());
        let (erased_len, random) = match tear {
            None | Some(Tear::Complete | Tear::Blank | Tear::Weak) => (ERASE, None),
            Some(Tear::Nothing) => return Err(Error::PowerLost),
            Some(Tear::Bytes(len)) => (len.min(ERASE), None),
            Some(Tear::Random) => (ERASE, Some(&mut self.random)),
        };
        cells.erase(offset, erased_len, random);
        cells.count_erase(offset / ERASE);
        match tear {
            None | Some(Tear::Complete) => cells.unmark(offset, ERASE),
            Some(_) => {
                cells.mark(offset, ERASE, Mark::EraseCut);
                cells.mark(offset, ERASE, Mark::Torn);
            }
        }
        match tear {
            None => Ok(()),
            Some(_) => Err(Error::PowerLost),
        }
    }

    fn read_bytes(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        let offset = self.checked(offset, bytes.len(), READ)?;
        let content = self.image().iter().skip(offset);
        for (byte, &content) in bytes.iter_mut().zip(content) {
            *byte = content;
        }
        if self.torn_reads == TornReads::AsTheyAre {
            return Ok(());
        }
        // The whole of a torn unit is unreadable, however little of it is read.
        let mut mood = self.random.byte();
        for (at, byte) in (offset..).zip(bytes) {
            if at.is_multiple_of(WRITE) {
                mood = self.random.byte();
            }
            if !self.cells().is_marked(at, Mark::Torn) {
                continue;
            }
            match (self.torn_reads, mood % 4) {
                (TornReads::Error, _) => {
                    return Err(Error::Torn { offset: at as u32 });
                }
                (TornReads::Unsteady, 0 | 1) => {}
                (TornReads::Unsteady, 2) => *byte = 0xff,
                _ => *byte = self.random.byte(),
            }
        }
        Ok(())
    }

    fn write_bytes(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        let offset = self.checked(offset, bytes.len(), WRITE)?;
        let units = bytes.chunks_exact(WRITE).enumerate();
        for (unit, bytes) in units {
            self.write_unit(offset + unit * WRITE, bytes)?;
        }
        Ok(())
    }

    fn erase_range(&mut self, from: u32, to: u32) -> Result<(), Error> {
        let Some(len) = to.checked_sub(from) else {
            return Err(self.breach(Error::OutOfBounds));
        };
        let from = self.checked(from, len as usize, ERASE)?;
        for block in 0..len as usize / ERASE {
            self.erase_block(from + block * ERASE)?;
        }
        Ok(())
    }
}

impl<S: Clone, const READ: usize, const WRITE: usize, const ERASE: usize> Clone
    for MockFlash<S, READ, WRITE, ERASE>
{
    fn clone(&self) -> Self {
        Self {
            storage: self.storage.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, from: &Self) {
        self.storage.clone_from(&from.storage);
        (self.power, self.torn_reads) = (from.power, from.torn_reads);
        (self.random, self.steps) = (from.random, from.steps);
        self.violation = from.violation;
    }
}

impl<S, const READ: usize, const WRITE: usize, const ERASE: usize> ErrorType
    for MockFlash<S, READ, WRITE, ERASE>
{
    type Error = Error;
}

impl<S, const READ: usize, const WRITE: usize, const ERASE: usize> ReadNorFlash
    for MockFlash<S, READ, WRITE, ERASE>
where
    S: AsRef<[u8]> + AsMut<[u8]>,
{
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.read_bytes(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.image().len()
    }
}

impl<S, const READ: usize, const WRITE: usize, const ERASE: usize> NorFlash
    for MockFlash<S, READ, WRITE, ERASE>
where
    S: AsRef<[u8]> + AsMut<[u8]>,
{
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        self.erase_range(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.write_bytes(offset, bytes)
    }
}

#[cfg(feature = "async")]
impl<S, const READ: usize, const WRITE: usize, const ERASE: usize> asynchronous::ReadNorFlash
    for MockFlash<S, READ, WRITE, ERASE>
where
    S: AsRef<[u8]> + AsMut<[u8]>,
{
    const READ_SIZE: usize = READ;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.read_bytes(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.image().len()
    }
}

#[cfg(feature = "async")]
impl<S, const READ: usize, const WRITE: usize, const ERASE: usize> asynchronous::NorFlash
    for MockFlash<S, READ, WRITE, ERASE>
where
    S: AsRef<[u8]> + AsMut<[u8]>,
{
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        self.erase_range(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.write_bytes(offset, bytes)
    }
}

/// What the flash answers instead of doing what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// Offset or length is no multiple of the size that the operation keeps to.
    NotAligned,
    /// It reaches beyond the flash.
    OutOfBounds,
    /// Power is gone.
    PowerLost,
    /// The unit was written since its block was erased, or its block's erase was cut.
    WrittenTwice {
        /// Where the unit starts.
        offset: u32,
    },
    /// A torn unit cannot be read.
    Torn {
        /// The first such byte.
        offset: u32,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAligned => f.write_str("offset or length is not aligned"),
            Self::OutOfBounds => f.write_str("beyond the end of the flash"),
            Self::PowerLost => f.write_str("power is gone"),
            Self::WrittenTwice { offset } => {
                write!(f, "the unit at {offset} was written since it was erased")
            }
            Self::Torn { offset } => write!(f, "the unit of byte {offset} is torn"),
        }
    }
}

impl core::error::Error for Error {}

impl NorFlashError for Error {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            _ => NorFlashErrorKind::Other,
        }
    }
}
