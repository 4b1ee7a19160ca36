//! Taking a region, and giving up what is in it.

use embedded_storage_async::nor_flash::NorFlash;

use super::draft::{Draft, start_block};
use super::error::SaveError;
use super::log::{Log, Tip};
use super::media::Media;
use super::recovery::{Region, Unclaimed};
use super::slot::{Header, KeptAt};

/// Takes a region that is nobody's: erases its last block and writes there that there is no
/// checkpoint. Cut short, it is begun again.
///
/// The erase comes first, although the block reads as erased: a write that was cut may have left
/// no trace, and no unit is written twice. So a cut can leave anything in this one block.
pub(super) async fn claim<F: NorFlash>(
    media: &mut Media<F>,
    unclaimed: Unclaimed,
) -> Result<Log, SaveError<F::Error>> {
    let block = media.geometry.blocks() - 1;
    let sequence = unclaimed.next_sequence;
    let next_sequence = sequence.checked_add(1).ok_or(SaveError::Exhausted)?;
    let erases = start_block(media, block, 0, sequence, 0).await;
    let tip = Tip {
        block,
        sequence,
        offset: 0,
        erases: erases.map_err(SaveError::Flash)?,
    };
    let log = Log {
        tail: block,
        tail_sequence: sequence,
        tip,
        open: true,
        next_sequence,
        found: None,
        newest: None,
    };
    give_up(media, log).await
}

/// Gives up all checkpoints at once, by the commit of a record that says so.
async fn give_up<F: NorFlash>(
    media: &mut Media<F>,
    mut log: Log,
) -> Result<Log, SaveError<F::Error>> {
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
    let draft = Draft::begin(media, &mut log, tip, rest_of_tip, extent, header).await?;
    let (slot, tip) = draft.commit(media).await?;
    Ok(Log {
        tail: slot.block,
        tail_sequence: slot.sequence,
        tip,
        open: true,
        newest: None,
        ..log
    })
}

/// Gives up whatever is in the region.
pub(super) async fn format<F: NorFlash>(
    media: &mut Media<F>,
    region: Region,
) -> Result<Log, SaveError<F::Error>> {
    let formatted = match region {
        Region::Log(log) => give_up(media, Log { open: false, ..log }).await,
        Region::Unclaimed(unclaimed) => claim(media, unclaimed).await,
    };
    if !matches!(formatted, Err(SaveError::Exhausted)) {
        return formatted;
    }
    for block in 0..media.geometry.blocks() {
        media.erase(block).await.map_err(SaveError::Flash)?;
    }
    claim(media, Unclaimed { next_sequence: 1 }).await
}
