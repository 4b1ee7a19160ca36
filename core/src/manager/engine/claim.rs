//! Taking a region, and giving up what is in it.

use super::draft::{Draft, start_block};
use super::media::Media;
use super::{NorFlash, either};
use crate::manager::geometry::Extent;
use crate::manager::log::{Log, Region, Tip};
use crate::manager::slot::Header;

/// Makes a region the manager's, with no checkpoint in it: gives up the checkpoints of its log all
/// at once, by the commit of a record that says so. `extent` is that record's.
///
/// Where the region is nobody's, that record goes to its last block, which is erased for it. Cut
/// short, it is begun again. The erase comes first, although the block reads as erased: a write that
/// was cut may have left no trace, and no unit is written twice. So a cut can leave anything in this
/// one block.
#[either]
#[inline(never)]
pub(super) async fn empty<F: NorFlash>(
    media: &mut Media<F>,
    region: &Region,
    extent: Extent,
) -> Result<Log, F::Error> {
    let (mut log, is_new) = match region {
        Region::Log(log) => (*log, false),
        Region::Unclaimed { next_sequence } => {
            let mut log = Log::new(media.geometry.blocks() - 1, *next_sequence);
            let Tip {
                block,
                sequence,
                erases,
                ..
            } = &mut log.tip;
            start_block(media, *block, 0, *sequence, erases).await?;
            (log, true)
        }
    };
    let header = Header::EMPTY;
    let tip = log.tip;
    // A block of its own unless the region is new: what is given up is before `tail`.
    let mut draft = Draft::begin(media, &mut log, tip, is_new, (&header, extent), None).await?;
    log.tip = draft.commit(media).await?;
    log.tail = draft.slot.block;
    log.tail_sequence = draft.slot.sequence;
    log.open = true;
    log.newest = None;
    Ok(log)
}
