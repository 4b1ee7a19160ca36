//! Taking a region, and giving up what is in it.

use super::draft::{Draft, start_block};
use super::media::Media;
use super::{NorFlash, either};
use crate::manager::error::SaveError;
use crate::manager::log::{Log, Region, Tip, Unclaimed};
use crate::manager::slot::{Header, KeptAt};

/// The log that [`give_up`] has to give up so that a region is the manager's and empty: its own, or,
/// where it is nobody's, that of its last block, which is erased for it. Cut short, it is begun again.
///
/// The erase comes first, although the block reads as erased: a write that was cut may have left
/// no trace, and no unit is written twice. So a cut can leave anything in this one block.
#[either]
pub(super) async fn begin<F: NorFlash>(
    media: &mut Media<F>,
    region: &Region,
) -> Result<Log, SaveError<F::Error>> {
    let sequence = match region {
        Region::Log(log) => {
            return Ok(Log {
                open: false,
                ..*log
            });
        }
        Region::Unclaimed(Unclaimed { next_sequence }) => *next_sequence,
    };
    let block = media.geometry.blocks() - 1;
    let next_sequence = sequence.checked_add(1).ok_or(SaveError::Exhausted)?;
    let erases = start_block(media, block, 0, sequence, 0).await;
    let tip = Tip {
        block,
        sequence,
        offset: 0,
        erases: erases.map_err(SaveError::Flash)?,
    };
    Ok(Log {
        tail: block,
        tail_sequence: sequence,
        tip,
        open: true,
        next_sequence,
        found: None,
        newest: None,
    })
}

/// Gives up all checkpoints at once, by the commit of a record that says so.
#[either]
pub(super) async fn give_up<F: NorFlash>(
    media: &mut Media<F>,
    log: &mut Log,
) -> Result<(), SaveError<F::Error>> {
    let (tip, open) = (log.tip, log.open);
    let extent = media.geometry.extent(0).ok_or(SaveError::Exhausted)?;
    let header = |sequence| Header {
        window: 0,
        kept_window: 0,
        save_counter: 0,
        length: 0,
        kept: false,
        copy: false,
        settled: true,
        empty: true,
        tail: sequence,
        kept_count: 0,
        kept_at: KeptAt::Step(0),
    };
    // A block of its own unless the region is new: what is given up is before `tail`.
    let rest_of_tip = open && log.newest.is_none();
    let draft = Draft::begin(media, log, tip, rest_of_tip, extent, header).await?;
    let (slot, tip) = draft.commit(media).await?;
    log.tail = slot.block;
    log.tail_sequence = slot.sequence;
    log.tip = tip;
    log.open = true;
    log.newest = None;
    Ok(())
}
