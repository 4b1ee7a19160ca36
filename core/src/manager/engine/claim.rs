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
    region: &mut Region,
    extent: &Extent,
) -> Result<(), F::Error> {
    // A block of its own unless the region is new: what is given up is before `tail`.
    let (tip, mut next_sequence, is_new) = match region {
        Region::Log(log) => (log.tip, log.next_sequence, false),
        Region::Unclaimed { next_sequence } => {
            let mut tip = Tip {
                block: media.geometry.blocks() - 1,
                sequence: *next_sequence,
                offset: 0,
                erases: 0,
            };
            start_block(media, tip.block, 0, tip.sequence, &mut tip.erases).await?;
            (tip, next_sequence.saturating_add(1), true)
        }
    };
    let mut draft = Draft::behind(tip);
    let record = (&Header::EMPTY, extent);
    let begun = draft.begin(media, &mut next_sequence, is_new, record, None);
    begun.await?;
    draft.commit(media).await?;
    *region = Region::Log(Log {
        tail: draft.slot.block,
        tail_sequence: draft.slot.sequence,
        tip: draft.tip,
        open: true,
        next_sequence,
        found: None,
        newest: None,
    });
    Ok(())
}
