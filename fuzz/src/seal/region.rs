//! Images of a flash region.

use gradlet::Crc32c;
use gradlet::manager::Geometry;

use super::put;

const MARKER: usize = 28;
const HEADER: usize = 32;
const COMMIT: usize = 8;

/// Sets right the checksums of markers, headers, checkpoints and commit records, where something
/// like them is; what reads as erased stays.
pub fn region(image: &mut [u8], geometry: &Geometry) {
    for block in 0..geometry.blocks() {
        let start = geometry.block_start(block) as usize;
        let Some(marker) = image.get_mut(start..start + MARKER) else {
            return;
        };
        if !marker.starts_with(b"GCKR") {
            continue;
        }
        let sum = crc(&[&marker[..MARKER - 4]]);
        put(marker, MARKER - 4, sum.to_le_bytes());
        let sequence = [marker[8], marker[9], marker[10], marker[11]];
        slots(image, geometry, block, sequence);
    }
}

/// The slots that start in a block.
fn slots(image: &mut [u8], geometry: &Geometry, block: u32, sequence: [u8; 4]) {
    let mut offset = 0;
    while offset + (HEADER as u32) <= geometry.block_data() {
        let mut header = gather(image, geometry, block, offset, HEADER);
        if !header.starts_with(b"GS") {
            return;
        }
        let sum = crc(&[&sequence, &header[..HEADER - 4]]);
        put(&mut header, HEADER - 4, sum.to_le_bytes());
        scatter(image, geometry, block, offset, &header);
        let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        let Some(extent) = geometry
            .extent(length)
            .filter(|extent| extent.blocks <= geometry.blocks())
        else {
            return;
        };
        let payload = offset + extent.payload;
        let mut checkpoint = gather(image, geometry, block, payload, length as usize);
        super::checkpoint(&mut checkpoint);
        scatter(image, geometry, block, payload, &checkpoint);
        let commit = offset + extent.commit;
        if gather(image, geometry, block, commit, COMMIT) != [0xff; COMMIT] {
            let sum = crc(&[&sequence.map(|byte| !byte), &header[..HEADER - 4]]);
            let words = [sum.to_le_bytes(), (!sum).to_le_bytes()];
            scatter(image, geometry, block, commit, words.as_flattened());
        }
        if extent.blocks > 1 {
            return;
        }
        offset += extent.end;
    }
}

/// `len` bytes of the data of consecutive blocks.
fn gather(image: &[u8], geometry: &Geometry, block: u32, position: u32, len: usize) -> Vec<u8> {
    let bytes = (position..).take(len);
    let address = |position| geometry.address(block, position) as usize;
    bytes
        .map(|position| image.get(address(position)).copied().unwrap_or(0xff))
        .collect()
}

fn scatter(image: &mut [u8], geometry: &Geometry, block: u32, position: u32, bytes: &[u8]) {
    for (position, &byte) in (position..).zip(bytes) {
        if let Some(place) = image.get_mut(geometry.address(block, position) as usize) {
            *place = byte;
        }
    }
}

fn crc(parts: &[&[u8]]) -> u32 {
    let mut crc = Crc32c::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.value()
}
