//! Numbers and fixed parts of the format.

use crate::varint;

/// `00 01` … `57 fb 80 8b 24 75 47 db`, the last eight bytes of every table.
pub(super) const MAGIC: u64 = 0xdb47_7524_8b80_fb57;

/// Two handles, padded, and the magic number.
pub(super) const FOOTER_LEN: usize = 48;

/// Compression type and checksum, after each block.
pub(super) const TRAILER_LEN: usize = 5;

/// Block stored as it is.
pub(super) const PLAIN: u8 = 0;

/// Block stored in snappy's raw form.
pub(super) const SNAPPY: u8 = 1;

/// A block is closed once it has this many bytes (TensorFlow's choice, not LevelDB's 4 KiB).
pub(super) const BLOCK_SIZE: usize = 262_144;

/// Every sixteenth key of a data block is stored whole.
pub(super) const RESTART_INTERVAL: usize = 16;

/// Where a block lies in the file, without its trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    pub(super) offset: u64,
    pub(super) size: u64,
}

impl Handle {
    pub(super) fn put(self, out: &mut Vec<u8>) {
        varint::put(out, self.offset);
        varint::put(out, self.size);
    }

    pub(super) fn take(bytes: &mut &[u8]) -> Option<Handle> {
        let offset = varint::take(bytes)?;
        let size = varint::take(bytes)?;
        Some(Handle { offset, size })
    }

    /// First byte after the block and its trailer.
    pub(super) fn end(self) -> Option<u64> {
        self.offset
            .checked_add(self.size)?
            .checked_add(TRAILER_LEN as u64)
    }
}

/// The footer of a table.
pub(super) fn footer(metaindex: Handle, index: Handle) -> Vec<u8> {
    let mut footer = Vec::with_capacity(FOOTER_LEN);
    metaindex.put(&mut footer);
    index.put(&mut footer);
    footer.resize(FOOTER_LEN - 8, 0);
    footer.extend_from_slice(&MAGIC.to_le_bytes());
    footer
}
