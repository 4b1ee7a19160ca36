//! Checkpoints in NOR flash that survive a loss of power at any moment.
//!
//! [`CheckpointManager`] is `tf.train.CheckpointManager` over a raw flash region: it keeps the
//! newest checkpoints and some older ones, and finds them again after a restart.
//!
//! ```
//! # #[cfg(feature = "mock-flash")] {
//! use gradlet::manager::{CheckpointManager, Options, Restoration};
//! use gradlet::mock_flash::{MockFlash, storage_len};
//! use gradlet::{Adam, Head};
//!
//! // 16 blocks of 4 KiB that are written in words of 4 bytes
//! type Flash<S> = MockFlash<S, 1, 4, 4096>;
//! let mut flash = Flash::new([0; storage_len(4096, 16)]);
//! let mut head = Head::<8, 3, Adam>::new(Adam::new(0.01));
//!
//! let options = Options { max_to_keep: 5, ..Options::DEFAULT };
//! let mut checkpoints = CheckpointManager::open(&mut flash, options)?;
//! assert_eq!(checkpoints.restore_or_initialize(&mut head)?, Restoration::Initialized);
//! head.minimize(&[0.5; 8], 1)?;
//! checkpoints.save(&head)?;
//!
//! // after a restart
//! let mut head = Head::<8, 3, Adam>::new(Adam::new(0.01));
//! let mut checkpoints = CheckpointManager::open(&mut flash, options)?;
//! checkpoints.restore_or_initialize(&mut head)?;
//! assert_eq!(head.global_step(), 1);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`SmallManager`] promises the same of a loss of power and does less: for devices with little flash
//! for code.
//!
//! # What it promises
//! - After power went at any moment (within a write, within an erase, while opening) the newest
//!   checkpoint is the one that was being saved or the one before it, whole, and saving goes on:
//!   no space is lost for good.
//! - No write unit is written twice between two erases of its block, so flashes with ECC are
//!   fine; any write size from 1 to 32 bytes, any erase size.
//! - A unit whose write was cut may read as anything or as an error; a block whose erase was cut
//!   may even read as erased. Neither is trusted.
//! - All blocks are erased equally often.
//! - A region that is not the manager's, and checkpoints of another model, are reported and never
//!   erased without being told to.
//! - No panic, no heap; any image is survived.
//!
//! # How it works
//! The region is a ring of erase blocks that is written in one direction. A block starts with a
//! *marker*, written once its erase is complete. Checkpoints lie in *slots*: a header, the
//! checkpoint as [`checkpoint`](crate::checkpoint) writes it, and a commit record. Slots that fit
//! share a block; a larger one has its blocks to itself. When the ring comes round to
//! checkpoints that live on, they are copied ahead first. A block is always erased immediately
//! before it is used, in the same session, so that it never matters what an unused block reads
//! as; after a restart, the rest of the last block is given up for the same reason
//! ([`Start`] tells when that can be saved). `FLASH.md` describes the region byte by byte, and what
//! is expected of the flash.

mod error;
mod geometry;
mod image;
mod log;
mod marker;
mod options;
mod outcome;
mod partition;
mod record;
mod retention;
mod slot;

/// The manager over flashes that answer at once.
#[path = "."]
mod blocking {
    use embedded_storage::nor_flash::NorFlash;
    use gradlet_macros::blocking as either;

    use super::Saved;

    pub(super) mod engine;

    impl<F: NorFlash> engine::CheckpointManager<F> {
        /// All checkpoints that live on, oldest first (`checkpoints`).
        pub fn checkpoints(&mut self) -> impl Iterator<Item = Saved> {
            let mut last = 0;
            core::iter::from_fn(move || {
                let next = self.next_checkpoint(last)?;
                last = next.save_counter;
                Some(next)
            })
        }
    }
}

/// The same source over flashes that have to be waited for.
#[cfg(feature = "async")]
#[path = "."]
mod asynchronous {
    use embedded_storage_async::nor_flash::NorFlash;
    use gradlet_macros::asynchronous as either;

    #[expect(clippy::duplicate_mod, reason = "what differs are the two names above")]
    pub(super) mod engine;
}

#[cfg(feature = "async")]
pub use asynchronous::engine::{
    CheckpointManager as AsyncCheckpointManager, SmallManager as AsyncSmallManager,
};
pub use blocking::engine::{CheckpointManager, SmallManager};
pub use error::{FormatError, Incompatible, OpenError, RestoreError, SaveError};
pub use geometry::{Extent, Geometry, GeometryError};
pub use image::{Block, Image, Recorded, Sighting, State, Stored, recorded, sightings};
pub use marker::{Marker, Parsed, VERSION};
pub use options::{Claim, Keep, Options, Start};
pub use outcome::{Restoration, Saved};
pub use partition::{Partition, PartitionError};
pub use slot::{Header, KeptAt};
