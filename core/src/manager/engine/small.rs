//! The small manager: whole checkpoints, each in a slot of its own, in turn.

use super::media::Media;
use super::{NorFlash, either};
use crate::checkpoint::{
    self, END, Encoder, LONGEST_HEAD, PREAMBLE, RawHead, Unmatched, fields_len, is_saved,
    trailer_len,
};
use crate::manager::error::{Incompatible, OpenError, RestoreError, SaveError};
use crate::manager::geometry::Geometry;
use crate::manager::outcome::{Restoration, Saved};
use crate::manager::record::{RECORD, Record};
use crate::{Crc32c, Variables};

/// Checkpoints in a NOR flash, in a few slots of equal size that are written in turn: the manager for
/// devices with little flash for code.
///
/// It takes some 4 KB where [`CheckpointManager`](super::CheckpointManager) takes 16, and promises the
/// same of a loss of power: the newest checkpoint is the one that was being saved or the one before
/// it, whole. What it does not do: checkpoints do not share blocks, none is kept beyond the newest
/// `slots - 1`, all are stored raw, and only one that was written by a model of the same id is
/// restored, all of its variables or none.
///
/// The region is the manager's: opening it writes nothing, but saving erases a slot, whatever is in
/// it.
///
/// ```
/// # #[cfg(feature = "mock-flash")] {
/// use gradlet::manager::{Restoration, SmallManager};
/// use gradlet::mock_flash::{MockFlash, storage_len};
/// use gradlet::{Adam, Head};
///
/// let mut flash = MockFlash::<_, 1, 4, 1024>::new([0; storage_len(1024, 6)]);
/// let mut head = Head::<8, 3, Adam>::new(Adam::new(0.01));
///
/// let mut checkpoints = SmallManager::open(&mut flash, 3)?; // slots of two blocks
/// assert_eq!(checkpoints.restore_or_initialize(&mut head)?, Restoration::Initialized);
/// head.minimize(&[0.5; 8], 1)?;
/// checkpoints.save(&head)?;
///
/// // after a restart
/// let mut head = Head::<8, 3, Adam>::new(Adam::new(0.01));
/// let mut checkpoints = SmallManager::open(&mut flash, 3)?;
/// checkpoints.restore_or_initialize(&mut head)?;
/// assert_eq!(head.global_step(), 1);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # How it works
/// A slot starts with a record that is written twice, one after the other, behind the checkpoint's
/// last byte: number, length, step, model and checksums. Either one makes the checkpoint count. Both
/// together prove that the first was written whole: power that goes within a write can leave a unit
/// that reads as it should now and otherwise later. The slot of the newest checkpoint of which that
/// is known is never erased, so that such a unit takes nothing with it that `save` returned for.
#[derive(Debug)]
pub struct SmallManager<F> {
    media: Media<F>,
    slots: u32,
    /// Bytes of a slot.
    size: u32,
    newest: Option<Place>,
    /// The newest that is known to be written whole.
    proven: Option<Place>,
    /// What of the newest does not fit the variables.
    misfit: Option<Unmatched>,
}

/// A checkpoint and its slot.
#[derive(Debug, Clone, Copy)]
struct Place {
    slot: u32,
    record: Record,
}

impl Place {
    /// Before the first checkpoint.
    const NONE: Self = Self {
        slot: 0,
        record: Record::NONE,
    };
}

/// Which checkpoints are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    All,
    Proven,
}

/// What is done with the elements of a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Compare,
    Assign,
}

/// The least number of slots.
const LEAST: u32 = 3;

/// Bytes that are read at once: the longest head, or elements.
const BYTES: usize = LONGEST_HEAD + 1;

#[either]
impl<F: NorFlash> SmallManager<F> {
    /// Opens the whole of `flash`, as `slots` slots of whole erase blocks, at least 3: one for the
    /// newest checkpoint, one for the newest that is proven, one to write. Nothing is written.
    ///
    /// The region does not say how many slots it has: with another number than it was written with,
    /// checkpoints are not found, or only some of them.
    ///
    /// # Errors
    /// [`OpenError::Geometry`] for a flash of sizes that the manager cannot use,
    /// [`OpenError::Slots`] for more slots than it has blocks, or less than 3.
    pub async fn open(flash: F, slots: u32) -> Result<Self, OpenError> {
        let geometry = Media::geometry_of(&flash).map_err(OpenError::Geometry)?;
        let most = geometry.blocks();
        let blocks = most.checked_div(slots).unwrap_or(0);
        if slots < LEAST || blocks == 0 {
            let found = slots;
            return Err(OpenError::Slots { most, found });
        }
        let mut opened = Self {
            media: Media::new(flash, geometry),
            slots,
            size: blocks.saturating_mul(geometry.erase_size()),
            newest: None,
            proven: None,
            misfit: None,
        };
        opened.newest = opened.find(u32::MAX, Among::All).await;
        opened.proven = opened.find(u32::MAX, Among::Proven).await;
        Ok(opened)
    }

    /// Gives up all checkpoints: erases the region.
    ///
    /// # Errors
    /// [`SaveError::Flash`] as the flash reports it.
    pub async fn format(&mut self) -> Result<(), SaveError<F::Error>> {
        self.media.erase_all().await.map_err(SaveError::Flash)?;
        // Not before: what is not erased must not be newer than what is saved next.
        (self.newest, self.proven, self.misfit) = (None, None, None);
        Ok(())
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
        self.newest.as_ref().map(|place| place.record.saved())
    }

    /// How many checkpoints were saved (`save_counter`).
    pub fn save_counter(&self) -> u32 {
        self.newest.map_or(0, |place| place.record.save_counter())
    }

    /// Saves the variables as the newest checkpoint (`CheckpointManager.save`).
    ///
    /// # Errors
    /// [`SaveError`]; the checkpoint before is still there, and the next call tries anew.
    pub async fn save(&mut self, variables: &impl Variables) -> Result<Saved, SaveError<F::Error>> {
        let model_id = variables.model_id();
        let newest = self.newest;
        if let Some(reason) = newest.and_then(|place| self.misfit(model_id, &place)) {
            return Err(SaveError::Incompatible(reason));
        }
        let mut encoder = Encoder::raw();
        let length = encoder.total_len(variables).map_err(SaveError::Encode)?;
        let needed = self.payload().saturating_add(length);
        if needed > self.size {
            let geometry = &self.media.geometry;
            let erase_size = geometry.erase_size();
            let slot = needed.checked_next_multiple_of(erase_size);
            return Err(SaveError::RegionTooSmall {
                needed: u64::from(slot.unwrap_or(u32::MAX)) * u64::from(self.slots),
                found: u64::from(erase_size) * u64::from(geometry.blocks()),
            });
        }
        let save_counter = self.save_counter().checked_add(1);
        let save_counter = save_counter.ok_or(SaveError::Exhausted)?;
        let slot = self.next_slot();
        let mut crc = Crc32c::new();
        self.erase(slot).await.map_err(SaveError::Flash)?;
        let start = slot.wrapping_mul(self.size);
        let mut at = start.wrapping_add(self.payload());
        let room = self.media.chunk_len();
        // Ends: each turn encodes some bytes more.
        loop {
            let chunk = self.media.chunk(room);
            let filled = encoder.fill(variables, chunk).map_err(SaveError::Encode)?;
            let is_complete = filled < room;
            if encoder.offset() > length || (is_complete && encoder.offset() < length) {
                return Err(SaveError::Changed);
            }
            crc.update(self.media.chunk(filled));
            let written = self.media.write(at, filled).await;
            written.map_err(SaveError::Flash)?;
            at = at.wrapping_add(filled as u32);
            if is_complete {
                break;
            }
        }
        let step = variables.global_step();
        let record = Record::new(save_counter, length, crc.value(), model_id, step);
        self.prove(start, &record).await.map_err(SaveError::Flash)?;
        let place = Some(Place { slot, record });
        (self.newest, self.proven) = (place, place);
        Ok(record.saved())
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
        let mut otherwise = Ok(Restoration::Initialized);
        // Not read again: a record that was there when the region was opened may be gone now.
        let mut next = self.newest;
        // Ends: the numbers go down.
        while let Some(place) = next {
            if self.is_whole(&place).await {
                return self.restore(&place, variables).await;
            }
            otherwise = Err(RestoreError::Damaged);
            next = match place.record.save_counter().checked_sub(1) {
                Some(most) => self.find(most, Among::All).await,
                None => None,
            };
        }
        otherwise
    }

    #[inline(never)]
    async fn restore(
        &mut self,
        place: &Place,
        variables: &mut impl Variables,
    ) -> Result<Restoration, RestoreError> {
        self.misfit = None;
        for pass in [Pass::Compare, Pass::Assign] {
            if let Some(reason) = self.misfit(variables.model_id(), place) {
                return Ok(Restoration::Incompatible(reason));
            }
            match self.go_through(place, variables, pass).await {
                Err(Some(misfit)) if pass == Pass::Compare => self.misfit = Some(misfit),
                Err(_) => return Err(RestoreError::Damaged),
                Ok(()) => {}
            }
        }
        Ok(Restoration::Restored {
            step: variables.global_step(),
            save_counter: place.record.save_counter(),
        })
    }

    /// Compares a checkpoint with what would be written of the variables, all but their elements, and
    /// assigns these; else the first variable that differs, or tensor that is no variable's, or none if
    /// the flash cannot be read.
    #[inline(never)]
    async fn go_through(
        &mut self,
        place: &Place,
        variables: &mut impl Variables,
        pass: Pass,
    ) -> Result<(), Option<Unmatched>> {
        let mut at = self.checkpoint_start(place);
        let end = at
            .wrapping_add(place.record.length())
            .wrapping_sub(END as u32);
        let mut bytes = [0; BYTES];
        let mut preamble = [0; PREAMBLE];
        self.read(&mut at, &mut preamble).await.ok_or(None)?;
        at = at.wrapping_add(fields_len(&preamble).into());
        let mut position = 0;
        for index in 0..variables.count() {
            let differs = Some(Unmatched::Variable { index, count: 1 });
            let variable = variables.variable(index).ok_or(differs)?;
            if !is_saved(&variable) {
                continue;
            }
            let (size, len) = (variable.view.dtype().size(), variable.view.byte_len());
            let head = RawHead::of(&variable).ok_or(differs)?;
            if head.len() as u32 > end.wrapping_sub(at) {
                return Err(differs);
            }
            let found = bytes.get_mut(..head.len()).unwrap_or_default();
            self.read(&mut at, found).await.ok_or(None)?;
            if !head.is(&variable.name, found) {
                return Err(differs);
            }
            let mut done = 0;
            while done < len && pass == Pass::Assign {
                let some = (len - done).min(BYTES);
                let elements = bytes.get_mut(..some).unwrap_or_default();
                self.read(&mut at, elements).await.ok_or(None)?;
                let view = variables.variable_mut(index);
                let used = view.map_or(0, |mut view| view.assign_le(done / size, elements));
                if used != some {
                    return Err(differs);
                }
                done += some;
            }
            at = at.wrapping_add((len - done) as u32);
            at = at.wrapping_add(trailer_len(len) as u32);
            position += 1;
        }
        if at != end {
            return Err(Some(Unmatched::Tensor { position, count: 1 }));
        }
        Ok(())
    }

    /// Reads on from `at`, wherever that is in a unit.
    #[inline(never)]
    async fn read(&mut self, at: &mut u32, out: &mut [u8]) -> Option<()> {
        let mut filled = 0;
        while let Some(room) = out.get_mut(filled..)
            && !room.is_empty()
        {
            let within = at.checked_rem(self.media.geometry.unit())?;
            let wanted = room.len().saturating_add(within as usize);
            let len = wanted.min(self.media.chunk_len());
            let read = self.media.read(*at - within, len).await?;
            let bytes = read.get(within as usize..).unwrap_or_default();
            let copied = checkpoint::copy(bytes, room);
            filled += copied;
            *at = at.wrapping_add(copied as u32);
        }
        Some(())
    }

    /// Whether the checkpoint in a slot is what was written.
    #[inline(never)]
    async fn is_whole(&mut self, place: &Place) -> bool {
        let mut at = self.checkpoint_start(place);
        let mut crc = Crc32c::new();
        let mut left = place.record.length() as usize;
        while left > 0 {
            let len = left.min(self.media.chunk_len());
            let Some(bytes) = self.media.read(at, len).await else {
                return false;
            };
            crc.update(bytes);
            at = at.wrapping_add(len as u32);
            left -= len;
        }
        crc.value() == place.record.crc32c()
    }

    /// The newest checkpoint whose number is `most` at most.
    #[inline(never)]
    async fn find(&mut self, most: u32, among: Among) -> Option<Place> {
        let mut newest = Place::NONE;
        for slot in 0..self.slots {
            let start = slot.wrapping_mul(self.size);
            let mut record = Record::NONE;
            let mut copies = 0;
            for at in [start.wrapping_add(self.record_size()), start] {
                copies += u32::from(self.read_record(at, &mut record).await);
            }
            // Both are of one save: the slot was erased before it.
            let is_meant = copies == 2 || (copies == 1 && among == Among::All);
            let counter = record.save_counter();
            if is_meant && counter >= newest.record.save_counter() && counter <= most {
                newest = Place { slot, record };
            }
        }
        (newest.record.save_counter() > 0).then_some(newest)
    }

    /// Reads the record at `at`; whether there is one.
    #[inline(never)]
    async fn read_record(&mut self, at: u32, record: &mut Record) -> bool {
        let most = self.size.saturating_sub(self.payload());
        let Some(bytes) = self.media.read(at, RECORD).await else {
            return false;
        };
        match Record::parse(bytes) {
            Some(found) if found.length() <= most => {
                *record = found;
                true
            }
            _ => false,
        }
    }

    /// Writes the record of a slot, twice.
    async fn prove(&mut self, start: u32, record: &Record) -> Result<(), F::Error> {
        for start in [start, start.wrapping_add(self.record_size())] {
            self.media.write_record(start, record.words()).await?;
        }
        Ok(())
    }

    /// The slot that is written next: the one behind the newest that is proven, or behind that if it
    /// is the newest of all.
    fn next_slot(&self) -> u32 {
        let newest = self.newest.map(|newest| newest.slot);
        let next = match (self.proven, newest) {
            (Some(proven), _) => self.behind(proven.slot),
            (None, newest) => newest.unwrap_or(0),
        };
        if newest == Some(next) {
            self.behind(next)
        } else {
            next
        }
    }

    fn behind(&self, slot: u32) -> u32 {
        if slot + 1 < self.slots { slot + 1 } else { 0 }
    }

    /// Erases a slot.
    async fn erase(&mut self, slot: u32) -> Result<(), F::Error> {
        let blocks = self.size.checked_div(self.media.geometry.erase_size());
        let blocks = blocks.unwrap_or(0);
        let first = slot.wrapping_mul(blocks);
        for block in first..first.wrapping_add(blocks) {
            self.media.erase(block).await?;
        }
        Ok(())
    }

    /// Bytes that a record takes.
    fn record_size(&self) -> u32 {
        self.media.geometry.aligned(RECORD as u32)
    }

    /// Where a checkpoint starts in the region.
    fn checkpoint_start(&self, place: &Place) -> u32 {
        let start = place.slot.wrapping_mul(self.size);
        start.wrapping_add(self.payload())
    }

    /// Where the checkpoint starts in its slot.
    fn payload(&self) -> u32 {
        2 * self.record_size()
    }

    /// Why variables of this model must not be saved beside a checkpoint, nor restored from it.
    #[inline(never)]
    fn misfit(&self, expected: u32, place: &Place) -> Option<Incompatible> {
        let found = place.record.model_id();
        if expected != found {
            return Some(Incompatible::Model { expected, found });
        }
        Some(Incompatible::Variables(self.misfit?.into()))
    }
}
