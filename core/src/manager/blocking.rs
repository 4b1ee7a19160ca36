//! The manager, for flashes that answer at once.

use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as asynchronous;

use super::asynchronous::{AsyncCheckpointManager, Restoration, Saved};
use super::error::{FormatError, OpenError, RestoreError, SaveError};
use super::geometry::{Geometry, GeometryError};
use super::media::Media;
use super::options::{Claim, Options};
use super::save::{Order, Request};
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
    pub fn open(flash: F, options: Options) -> Result<Self, OpenError> {
        // One local, so that it is built where it is returned: it is too large to be moved about.
        let mut opened = Self::unopened(flash, options, OpenError::Geometry);
        if let Ok(manager) = &mut opened
            && let Err(error) = manager.recover(options.claim)
        {
            opened = Err(error);
        }
        opened
    }

    /// A manager that knows nothing of its region yet.
    #[inline(never)]
    fn unopened<E>(
        flash: F,
        options: Options,
        error: impl FnOnce(GeometryError) -> E,
    ) -> Result<Self, E> {
        let media = Media::new(Blocking(flash)).map_err(error)?;
        Ok(Self(AsyncCheckpointManager::unopened(media, options)))
    }

    #[inline(never)]
    fn recover(&mut self, claim: Claim) -> Result<(), OpenError> {
        let recovered = apart(|| ready(pin!(self.0.recover(claim))));
        recovered.ok_or(OpenError::NotReady)??;
        apart(|| ready(pin!(self.0.read_info()))).ok_or(OpenError::NotReady)
    }

    /// Opens the whole of `flash` and gives up whatever is in it.
    ///
    /// Checkpoints are given up all at once: power that goes finds all of them or none. Their
    /// blocks are erased when they are needed.
    ///
    /// # Errors
    /// [`FormatError`] for a flash that cannot hold a region or that fails.
    pub fn format(flash: F, options: Options) -> Result<Self, FormatError<F::Error>> {
        let mut formatted = Self::unopened(flash, options, FormatError::Geometry);
        if let Ok(manager) = &mut formatted
            && let Err(error) = manager.take_anything()
        {
            formatted = Err(error);
        }
        formatted
    }

    fn take_anything(&mut self) -> Result<(), FormatError<F::Error>> {
        // With this claim there is nothing to refuse.
        let _ = self.recover(Claim::Anything);
        let mut emptied = self.empty();
        if let Err(SaveError::Exhausted) = emptied {
            let erased = apart(|| ready(pin!(self.0.erase_all())));
            erased
                .ok_or(FormatError::NotReady)?
                .map_err(FormatError::of)?;
            emptied = self.empty();
        }
        emptied.map_err(FormatError::of)
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
    pub fn save(
        &mut self,
        variables: &impl Variables,
    ) -> Result<Option<Saved>, SaveError<F::Error>> {
        let request = match apart(|| self.0.request(variables)) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(None),
            Err(error) => return Err(error),
        };
        if self.0.is_unclaimed() {
            self.empty()?;
        }
        match self.place(&request) {
            Ok(ref order) => match apart(|| ready(pin!(self.0.write(order, variables)))) {
                Some(saved) => saved.map(Some),
                None => Err(SaveError::NotReady),
            },
            Err(error) => Err(error),
        }
    }

    #[inline(never)]
    fn empty(&mut self) -> Result<(), SaveError<F::Error>> {
        match apart(|| ready(pin!(self.0.begin()))) {
            Some(Ok(ref mut log)) => {
                apart(|| ready(pin!(self.0.give_up(log)))).ok_or(SaveError::NotReady)?
            }
            Some(Err(error)) => Err(error),
            None => Err(SaveError::NotReady),
        }
    }

    /// Decides where a checkpoint goes, and makes room for it.
    #[inline(never)]
    fn place(&mut self, request: &Request) -> Result<Order, SaveError<F::Error>> {
        let mut placed = match apart(|| ready(pin!(self.0.plan(request)))) {
            Some(planned) => planned,
            None => Err(SaveError::NotReady),
        };
        if let Ok(order) = &mut placed
            && order.moves() > 0
        {
            apart(|| ready(pin!(self.0.make_room(order)))).ok_or(SaveError::NotReady)??;
        }
        placed
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

/// Runs a phase with a stack frame of its own: inlined, the phases would have one that is as large as
/// those of all of them together.
#[inline(never)]
fn apart<T>(phase: impl FnOnce() -> T) -> T {
    phase()
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
