//! Images of the small manager's region.

use gradlet::Crc32c;

use super::{MOST, put};

const RECORD: usize = 32;

/// The most bytes that a record takes, rounded up to the unit.
const MOST_RECORD: usize = 64;

/// Sets right the checksums of checkpoints and the records in front of them, both records of a slot
/// as the first.
pub fn slots(image: &mut [u8]) {
    let magics = image.windows(4).enumerate();
    let magics = magics.filter(|(_, bytes)| bytes == b"GCKS");
    let places: Vec<usize> = magics.map(|(at, _)| at).take(MOST).collect();
    let mut next = 0;
    for &at in &places {
        let Some(mut record) = image.get(at..).and_then(<[u8]>::first_chunk).copied() else {
            return;
        };
        if at < next {
            continue;
        }
        let distances = places.iter().filter_map(|place| place.checked_sub(at));
        let mut distances = distances.filter(|distance| (RECORD..=MOST_RECORD).contains(distance));
        let second = distances.next();
        let start = at + 2 * second.unwrap_or(RECORD);
        seal(image, start, &mut record);
        put(image, at, record);
        if let Some(second) = second {
            put(image, at + second, record);
        }
        next = start;
    }
}

fn seal(image: &mut [u8], start: usize, record: &mut [u8; RECORD]) {
    let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = *record;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    let checkpoint = image
        .get_mut(start..)
        .and_then(|rest| rest.get_mut(..length));
    if let Some(checkpoint) = checkpoint {
        super::checkpoint(checkpoint);
        put(record, 12, crc(checkpoint).to_le_bytes());
    }
    let sum = crc(&record[..RECORD - 4]);
    put(record, RECORD - 4, sum.to_le_bytes());
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(bytes);
    crc.value()
}
