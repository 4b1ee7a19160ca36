//! The manager itself: opening, formatting, restoring, and what it says of its checkpoints.

use super::media::Media;
use super::read::{self, Damaged};
use super::walk::{Rank, Walk};
use super::{NorFlash, claim, either, recovery};
use crate::Variables;
use crate::checkpoint::{Exactly, Restore, Rules, Status};
use crate::manager::error::{FormatError, Incompatible, OpenError, RestoreError, SaveError};
use crate::manager::geometry::Geometry;
use crate::manager::log::{Log, Newest, Region};
use crate::manager::options::{Claim, Options};
use crate::manager::outcome::{Restoration, Saved};
use crate::manager::retention::Retention;
use crate::manager::slot::Slot;

/// Checkpoints in a NOR flash (`tf.train.CheckpointManager`).
///
/// `CheckpointManager` is for flashes that answer at once, `AsyncCheckpointManager` for those that
/// have to be waited for. See the [module](crate::manager) for what both promise.
#[derive(Debug)]
pub struct CheckpointManager<F> {
    pub(super) media: Media<F>,
    pub(super) options: Options,
    pub(super) region: Region,
    /// The step of the last checkpoint that was saved or restored.
    pub(super) last_step: Option<i64>,
    /// Why the newest checkpoint was not restored.
    misfit: Option<Incompatible>,
}

#[either]
impl<F: NorFlash> CheckpointManager<F> {
    /// Opens the whole of `flash`; [`Partition`](crate::manager::Partition) makes a flash of a part
    /// of one. Nothing is written.
    ///
    /// # Errors
    /// [`OpenError`] for a flash that cannot hold a region, and for a region that is not the
    /// manager's to take.
    pub async fn open(flash: F, options: Options) -> Result<Self, OpenError> {
        let geometry = Media::geometry_of(&flash).map_err(OpenError::Geometry)?;
        // One local, so that it is built where it is returned: it is too large to be moved about.
        let mut opened = Ok(Self::unopened(Media::new(flash, geometry), options));
        if let Ok(manager) = &mut opened
            && let Err(error) = manager.recover(options.claim).await
        {
            opened = Err(error);
        }
        opened
    }

    /// Opens the whole of `flash` and gives up whatever is in it.
    ///
    /// Checkpoints are given up all at once: power that goes finds all of them or none. Their
    /// blocks are erased when they are needed.
    ///
    /// # Errors
    /// [`FormatError`] for a flash that cannot hold a region or that fails.
    pub async fn format(flash: F, options: Options) -> Result<Self, FormatError<F::Error>> {
        let geometry = Media::geometry_of(&flash).map_err(FormatError::Geometry)?;
        let mut formatted = Ok(Self::unopened(Media::new(flash, geometry), options));
        if let Ok(manager) = &mut formatted
            && let Err(error) = manager.take_anything().await
        {
            formatted = Err(FormatError::Flash(error));
        }
        formatted
    }

    /// A manager that knows nothing of its region.
    const fn unopened(media: Media<F>, options: Options) -> Self {
        Self {
            media,
            options,
            region: Region::NEW,
            last_step: None,
            misfit: None,
        }
    }

    /// Finds what is in the region, and what the newest checkpoint says of itself.
    #[inline(never)]
    async fn recover(&mut self, claim: Claim) -> Result<(), OpenError> {
        self.region = recovery::open(&mut self.media, claim, self.options.start).await?;
        if let Region::Log(log) = &mut self.region
            && let Some(newest) = &mut log.newest
        {
            newest.info = read::info(&mut self.media, &newest.slot).await;
        }
        Ok(())
    }

    async fn take_anything(&mut self) -> Result<(), F::Error> {
        // With this claim there is nothing to refuse.
        let _ = self.recover(Claim::Anything).await;
        // Ends: numbers that are used up start anew after the erase.
        loop {
            match self.empty().await {
                Ok(()) => return Ok(()),
                Err(SaveError::Flash(error)) => return Err(error),
                Err(_) => {
                    self.media.erase_all().await?;
                    self.region = Region::NEW;
                }
            }
        }
    }

    /// Makes the region the manager's, with no checkpoint in it.
    pub(super) async fn empty(&mut self) -> Result<(), SaveError<F::Error>> {
        let extent = self.media.geometry.extent(0);
        let extent = extent.ok_or(SaveError::Exhausted)?;
        if self.region.is_exhausted() {
            return Err(SaveError::Exhausted);
        }
        let emptied = claim::empty(&mut self.media, &mut self.region, &extent).await;
        emptied.map_err(SaveError::Flash)
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
        self.region.newest().map(Saved::new)
    }

    /// How many checkpoints were saved (`save_counter`).
    pub fn save_counter(&self) -> u32 {
        let newest = self.region.newest();
        newest.map_or(0, |newest| newest.slot.header.save_counter())
    }

    /// How many saves of a checkpoint of `length` bytes the region will bear, if a block bears
    /// `cycles` erases; those that were made are taken off. An estimate, as
    /// [`Geometry::endurance`] is.
    pub fn endurance(&self, length: u32, cycles: u32) -> u64 {
        let erases = match &self.region {
            Region::Log(Log { tip, .. }) => tip.erases,
            Region::Unclaimed { .. } => 0,
        };
        let left = cycles.saturating_sub(erases);
        self.media.geometry.endurance(length, left)
    }

    /// The checkpoint that follows number `save_counter`: from 0 on, all that live on, oldest
    /// first (`checkpoints`).
    pub async fn next_checkpoint(&mut self, save_counter: u32) -> Option<Saved> {
        let least = save_counter.checked_add(1)?;
        let slot = self.find(|retention| Rank::OldestOf { retention, least });
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
    #[inline(never)]
    pub async fn restore_or_initialize(
        &mut self,
        variables: &mut impl Variables,
    ) -> Result<Restoration, RestoreError> {
        let mut otherwise = Ok(Restoration::Initialized);
        let mut most = Some(u32::MAX);
        // Ends: the numbers go down.
        while let Some(bound) = most
            && let Some(slot) = self.newest_of(bound).await
        {
            let save_counter = slot.header.save_counter();
            match self.restore_slot(&slot, Exactly, variables).await {
                Ok(_) => {
                    let step = variables.global_step();
                    return Ok(Restoration::Restored { step, save_counter });
                }
                Err(RestoreError::Incompatible(misfit)) => {
                    self.misfit = Some(misfit);
                    return Ok(Restoration::Incompatible(misfit));
                }
                Err(error) => otherwise = Err(error),
            }
            most = save_counter.checked_sub(1);
        }
        otherwise
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
        let slot = self.newest_of(save_counter).await;
        let slot = slot.filter(|slot| slot.header.save_counter() == save_counter);
        let slot = slot.ok_or(RestoreError::NotFound { save_counter })?;
        self.restore_slot(&slot, *restore, variables).await
    }

    #[inline(never)]
    async fn restore_slot(
        &mut self,
        slot: &Slot,
        rules: impl Rules,
        variables: &mut impl Variables,
    ) -> Result<Status, RestoreError> {
        let verified = read::verify(&mut self.media, slot, rules, variables).await;
        let assignment = verified
            .map_err(|Damaged| RestoreError::Damaged)?
            .map_err(RestoreError::Incompatible)?;
        let assigned = read::assign(&mut self.media, slot, assignment, variables).await;
        let status = assigned.map_err(|Damaged| RestoreError::Damaged)?;
        self.last_step = Some(variables.global_step());
        self.misfit = None;
        Ok(status)
    }

    /// The highest in rank of the checkpoints that live on.
    async fn find(&mut self, rank: impl for<'r> FnOnce(&'r Retention) -> Rank<'r>) -> Option<Slot> {
        let Region::Log(log) = &self.region else {
            return None;
        };
        let retention = Retention::of(log.newest_header()?, &self.options);
        let walk = Walk::of(log, &self.media.geometry);
        walk.highest(&mut self.media, rank(&retention)).await
    }

    /// The newest of them whose number is `most` at most.
    async fn newest_of(&mut self, most: u32) -> Option<Slot> {
        self.find(|retention| Rank::NewestOf { retention, most })
            .await
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
        let newest = self.region.newest()?;
        read::other_model(newest.info, variables).or(self.misfit)
    }
}
