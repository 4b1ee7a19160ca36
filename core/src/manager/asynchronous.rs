//! The manager, for flashes that have to be waited for.

use embedded_storage_async::nor_flash::NorFlash;

use super::claim;
use super::error::{FormatError, Incompatible, OpenError, RestoreError, SaveError};
use super::geometry::Geometry;
use super::log::{Log, Newest};
use super::media::Media;
use super::options::{Claim, Options};
use super::read::{self, Damaged};
use super::recovery::{self, Region};
use super::retention::{Retention, Standing};
use super::walk::Slot;
use crate::Variables;
use crate::checkpoint::{Info, Match, Restore, Status};

/// Checkpoints in a NOR flash (`tf.train.CheckpointManager`):
/// [`CheckpointManager`](super::CheckpointManager) for flashes that have to be waited for.
#[derive(Debug)]
pub struct AsyncCheckpointManager<F> {
    pub(super) media: Media<F>,
    pub(super) options: Options,
    pub(super) region: Region,
    /// The step of the last checkpoint that was saved or restored.
    pub(super) last_step: Option<i64>,
    /// Why the newest checkpoint was not restored.
    misfit: Option<Incompatible>,
}

/// A checkpoint in flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Saved {
    /// Its number, from 1; each save has the next (`save_counter`).
    pub save_counter: u32,
    /// What it says of itself.
    pub info: Info,
    /// Bytes of the checkpoint.
    pub length: u32,
    /// Whether [`Options::keep`] keeps it.
    pub kept: bool,
}

impl Saved {
    pub(super) fn new(newest: &Newest) -> Self {
        let header = newest.slot.header;
        Self {
            save_counter: header.save_counter,
            info: newest.info,
            length: header.length,
            kept: header.kept,
        }
    }
}

/// What [`restore_or_initialize`](super::CheckpointManager::restore_or_initialize) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Restoration {
    /// All variables have the values of a checkpoint.
    Restored {
        /// Its global step.
        step: i64,
        /// Its number.
        save_counter: u32,
    },
    /// There is no checkpoint; the variables are as they were.
    Initialized,
    /// The newest checkpoint is of another model; the variables are as they were, and nothing is
    /// saved to the region until it is formatted.
    Incompatible(Incompatible),
}

/// Every variable from the tensor of its name.
const EXACT: Restore<'static> = Restore::new().require(Match::Existing);

impl<F: NorFlash> AsyncCheckpointManager<F> {
    /// Opens the whole of `flash`. Nothing is written.
    ///
    /// # Errors
    /// [`OpenError`] for a flash that cannot hold a region, and for a region that is not the
    /// manager's to take.
    pub async fn open(flash: F, options: Options) -> Result<Self, OpenError> {
        let media = Media::new(flash).map_err(OpenError::Geometry)?;
        let mut manager = Self::unopened(media, options);
        manager.recover(options.claim).await?;
        manager.read_info().await;
        Ok(manager)
    }

    /// Opens the whole of `flash` and gives up whatever is in it.
    ///
    /// Checkpoints are given up all at once: power that goes finds all of them or none. Their
    /// blocks are erased when they are needed.
    ///
    /// # Errors
    /// [`FormatError`] for a flash that cannot hold a region or that fails.
    pub async fn format(flash: F, options: Options) -> Result<Self, FormatError<F::Error>> {
        let media = Media::new(flash).map_err(FormatError::Geometry)?;
        let mut manager = Self::unopened(media, options);
        // With this claim there is nothing to refuse.
        let _ = manager.recover(Claim::Anything).await;
        let mut emptied = manager.empty().await;
        if let Err(SaveError::Exhausted) = emptied {
            manager.erase_all().await.map_err(FormatError::of)?;
            emptied = manager.empty().await;
        }
        emptied.map_err(FormatError::of)?;
        Ok(manager)
    }

    /// Makes the region the manager's, with no checkpoint in it.
    pub(super) async fn empty(&mut self) -> Result<(), SaveError<F::Error>> {
        let mut log = self.begin().await?;
        self.give_up(&mut log).await
    }

    // The phases of opening and formatting. They are apart so that a caller that does not wait can
    // give each a stack frame of its own.

    /// A manager that knows nothing of its region.
    pub(super) const fn unopened(media: Media<F>, options: Options) -> Self {
        Self {
            media,
            options,
            region: Region::Unclaimed(recovery::Unclaimed { next_sequence: 1 }),
            last_step: None,
            misfit: None,
        }
    }

    /// Finds what is in the region.
    pub(super) async fn recover(&mut self, claim: Claim) -> Result<(), OpenError> {
        let options = Options {
            claim,
            ..self.options
        };
        self.region = recovery::open(&mut self.media, &options).await?;
        Ok(())
    }

    /// Reads what the newest checkpoint says of itself.
    pub(super) async fn read_info(&mut self) {
        if let Region::Log(log) = &mut self.region
            && let Some(newest) = &mut log.newest
        {
            newest.info = read::info(&mut self.media, &newest.slot).await;
        }
    }

    /// The log to give up so that the region is empty.
    pub(super) async fn begin(&mut self) -> Result<Log, SaveError<F::Error>> {
        claim::begin(&mut self.media, self.region).await
    }

    /// Gives up a log that [`begin`](Self::begin) has found.
    pub(super) async fn give_up(&mut self, log: &mut Log) -> Result<(), SaveError<F::Error>> {
        claim::give_up(&mut self.media, log).await?;
        self.region = Region::Log(*log);
        Ok(())
    }

    /// Erases a region whose sequence numbers are used up.
    pub(super) async fn erase_all(&mut self) -> Result<(), SaveError<F::Error>> {
        self.region = claim::erase_all(&mut self.media).await?;
        Ok(())
    }

    /// Whether nothing in the region is the manager's.
    pub(super) fn is_unclaimed(&self) -> bool {
        matches!(self.region, Region::Unclaimed(_))
    }

    /// The flash.
    pub fn release(self) -> F {
        self.media.flash
    }

    /// The sizes of the region.
    pub fn geometry(&self) -> Geometry {
        self.media.geometry
    }

    /// The newest checkpoint (`latest_checkpoint`).
    pub fn latest_checkpoint(&self) -> Option<Saved> {
        self.newest().map(|newest| Saved::new(&newest))
    }

    /// How many checkpoints were saved (`save_counter`).
    pub fn save_counter(&self) -> u32 {
        let newest = self.newest();
        newest.map_or(0, |newest| newest.slot.header.save_counter)
    }

    /// How many saves of a checkpoint of `length` bytes the region will bear, if a block bears
    /// `cycles` erases; those that were made are taken off. An estimate, as
    /// [`Geometry::endurance`] is.
    pub fn endurance(&self, length: u32, cycles: u32) -> u64 {
        let erases = match self.region {
            Region::Log(log) => log.tip.erases,
            Region::Unclaimed(_) => 0,
        };
        let left = cycles.saturating_sub(erases);
        self.media.geometry.endurance(length, left)
    }

    /// The checkpoint that follows number `save_counter`: from 0 on, all that live on, oldest
    /// first (`checkpoints`).
    pub async fn next_checkpoint(&mut self, save_counter: u32) -> Option<Saved> {
        let slot = self
            .neighbour(|found, best| found > save_counter && best.is_none_or(|best| found < best));
        let slot = slot.await?;
        let info = read::info(&mut self.media, &slot).await;
        Some(Saved::new(&Newest { slot, info }))
    }

    /// Assigns all variables from the newest checkpoint that can be read, if there is one.
    ///
    /// Each checkpoint is verified before anything is assigned.
    ///
    /// # Errors
    /// [`RestoreError::Damaged`] if there are checkpoints and none can be read.
    pub async fn restore_or_initialize(
        &mut self,
        variables: &mut impl Variables,
    ) -> Result<Restoration, RestoreError> {
        let Some(newest) = self.newest() else {
            return Ok(Restoration::Initialized);
        };
        let mut slot = newest.slot;
        loop {
            let save_counter = slot.header.save_counter;
            match self.restore_slot(&slot, &EXACT, variables).await {
                Ok(_) => {
                    return Ok(Restoration::Restored {
                        step: variables.global_step(),
                        save_counter,
                    });
                }
                Err(RestoreError::Incompatible(misfit)) => {
                    self.misfit = Some(misfit);
                    return Ok(Restoration::Incompatible(misfit));
                }
                Err(RestoreError::Damaged) => {}
                Err(error) => return Err(error),
            }
            let older = self.neighbour(|found, best| {
                found < save_counter && best.is_none_or(|best| found > best)
            });
            slot = older.await.ok_or(RestoreError::Damaged)?;
        }
    }

    /// Restores from checkpoint number `save_counter`, as [`Restore`] says; the checkpoints
    /// stay. `Restore::new().require(Match::Existing)` assigns every variable.
    ///
    /// # Errors
    /// [`RestoreError`]; no variable was assigned.
    pub async fn restore(
        &mut self,
        save_counter: u32,
        restore: &Restore<'_>,
        variables: &mut impl Variables,
    ) -> Result<Status, RestoreError> {
        let slot = self.neighbour(|found, _| found == save_counter).await;
        let slot = slot.ok_or(RestoreError::NotFound { save_counter })?;
        self.restore_slot(&slot, restore, variables).await
    }

    async fn restore_slot(
        &mut self,
        slot: &Slot,
        restore: &Restore<'_>,
        variables: &mut impl Variables,
    ) -> Result<Status, RestoreError> {
        let verified = read::verify(&mut self.media, slot, restore, variables).await;
        let assignment = verified
            .map_err(|Damaged| RestoreError::Damaged)?
            .map_err(RestoreError::Incompatible)?;
        let assigned = read::assign(&mut self.media, slot, assignment, variables).await;
        let status = assigned.map_err(|Damaged| RestoreError::Damaged)?;
        self.last_step = Some(variables.global_step());
        self.misfit = None;
        Ok(status)
    }

    /// Of the checkpoints that live on, the last that is `better` than the best so far.
    async fn neighbour(&mut self, better: impl Fn(u32, Option<u32>) -> bool) -> Option<Slot> {
        let Region::Log(log) = self.region else {
            return None;
        };
        let standing = Standing::of(log.newest_header()?);
        let retention = Retention::new(&self.options, standing);
        let mut walk = log.walk(&self.media.geometry);
        let mut best: Option<Slot> = None;
        while let Some(slot) = walk.next(&mut self.media).await {
            let so_far = best.map(|best| best.header.save_counter);
            if retention.retains(&slot.header) && better(slot.header.save_counter, so_far) {
                best = Some(slot);
            }
        }
        best
    }

    fn newest(&self) -> Option<Newest> {
        match self.region {
            Region::Log(log) => log.newest,
            Region::Unclaimed(_) => None,
        }
    }

    /// Whether `checkpoint_interval` lets a checkpoint of this step be saved.
    pub(super) fn is_due(&self, step: i64) -> bool {
        let interval = i64::from(self.options.checkpoint_interval);
        match self.last_step {
            Some(last) if interval > 0 => step >= last.saturating_add(interval),
            _ => true,
        }
    }

    /// Why the variables must not be saved beside the region's checkpoints.
    pub(super) fn misfit(&self, variables: &impl Variables) -> Option<Incompatible> {
        let newest = self.newest()?;
        read::other_model(newest.info, variables).or(self.misfit)
    }
}
