//! The manager, for flashes that answer at once.

use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as asynchronous;

use super::asynchronous::{AsyncCheckpointManager, Restoration, Saved};
use super::error::{FormatError, OpenError, RestoreError, SaveError};
use super::geometry::Geometry;
use super::options::Options;
use crate::Variables;
use crate::checkpoint::{Restore, Status};

/// Checkpoints in a NOR flash (`tf.train.CheckpointManager`).
///
/// See the [module](super) for what it promises.
#[derive(Debug)]
pub struct CheckpointManager<F>(AsyncCheckpointManager<Blocking<F>>);

impl<F: NorFlash> CheckpointManager<F> {
    /// Opens the whole of `flash`; [`Partition`](super::Partition) makes a flash of a part of
    /// one. Nothing is written.
    ///
    /// # Errors
    /// [`OpenError`] for a flash that cannot hold a region, and for a region that is not the
    /// manager's to take.
    #[inline(never)]
    pub fn open(flash: F, options: Options) -> Result<Self, OpenError> {
        let opened = pin!(AsyncCheckpointManager::open(Blocking(flash), options));
        ready(opened).ok_or(OpenError::NotReady)?.map(Self)
    }

    /// Opens the whole of `flash` and gives up whatever is in it.
    ///
    /// Checkpoints are given up all at once: power that goes finds all of them or none. Their
    /// blocks are erased when they are needed.
    ///
    /// # Errors
    /// [`FormatError`] for a flash that cannot hold a region or that fails.
    #[inline(never)]
    pub fn format(flash: F, options: Options) -> Result<Self, FormatError<F::Error>> {
        let formatted = pin!(AsyncCheckpointManager::format(Blocking(flash), options));
        ready(formatted).ok_or(FormatError::NotReady)?.map(Self)
    }

    /// The flash.
    pub fn release(self) -> F {
        self.0.release().0
    }

    /// The sizes of the region.
    pub fn geometry(&self) -> Geometry {
        self.0.geometry()
    }

    /// Saves the variables as the newest checkpoint (`CheckpointManager.save`); `None` if
    /// [`checkpoint_interval`](Options::checkpoint_interval) says that it is too early.
    ///
    /// The checkpoint counts once all of it is written. Until then, and if power goes or an
    /// error is returned, the one before is the newest.
    ///
    /// # Errors
    /// [`SaveError`]; the region stays as it was, and the next call tries anew.
    #[inline(never)]
    pub fn save(
        &mut self,
        variables: &impl Variables,
    ) -> Result<Option<Saved>, SaveError<F::Error>> {
        ready(pin!(self.0.save(variables))).ok_or(SaveError::NotReady)?
    }

    /// Assigns all variables from the newest checkpoint that can be read, if there is one.
    ///
    /// Each checkpoint is verified before anything is assigned.
    ///
    /// # Errors
    /// [`RestoreError::Damaged`] if there are checkpoints and none can be read.
    #[inline(never)]
    pub fn restore_or_initialize(
        &mut self,
        variables: &mut impl Variables,
    ) -> Result<Restoration, RestoreError> {
        let restored = pin!(self.0.restore_or_initialize(variables));
        ready(restored).ok_or(RestoreError::NotReady)?
    }

    /// Restores from checkpoint number `save_counter`, as [`Restore`] says; the checkpoints
    /// stay. `Restore::new().require(Match::Existing)` assigns every variable.
    ///
    /// # Errors
    /// [`RestoreError`]; no variable was assigned.
    #[inline(never)]
    pub fn restore(
        &mut self,
        save_counter: u32,
        restore: &Restore<'_>,
        variables: &mut impl Variables,
    ) -> Result<Status, RestoreError> {
        let restored = pin!(self.0.restore(save_counter, restore, variables));
        ready(restored).ok_or(RestoreError::NotReady)?
    }

    /// The newest checkpoint (`latest_checkpoint`).
    pub fn latest_checkpoint(&self) -> Option<Saved> {
        self.0.latest_checkpoint()
    }

    /// How many checkpoints were saved (`save_counter`).
    pub fn save_counter(&self) -> u32 {
        self.0.save_counter()
    }

    /// All checkpoints that live on, oldest first (`checkpoints`).
    pub fn checkpoints(&mut self) -> impl Iterator<Item = Saved> {
        let mut last = 0;
        core::iter::from_fn(move || {
            let next = ready(pin!(self.0.next_checkpoint(last))).flatten()?;
            last = next.save_counter;
            Some(next)
        })
    }

    /// How many saves of a checkpoint of `length` bytes the region will bear, if a block bears
    /// `cycles` erases; those that were made are taken off. An estimate, as
    /// [`Geometry::endurance`] is.
    pub fn endurance(&self, length: u32, cycles: u32) -> u64 {
        self.0.endurance(length, cycles)
    }
}

/// The result of a future that does not wait.
pub(super) fn ready<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

/// A flash that answers at once, as one that could be waited for.
#[derive(Debug)]
struct Blocking<F>(F);

impl<F: ErrorType> ErrorType for Blocking<F> {
    type Error = F::Error;
}

impl<F: ReadNorFlash> asynchronous::ReadNorFlash for Blocking<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: NorFlash> asynchronous::NorFlash for Blocking<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.0.erase(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.write(offset, bytes)
    }
}
