//! V2 bundles.

use std::path::Path;

use gradlet_host::DType;
use gradlet_host::crc::{crc32c, extend, mask};
use gradlet_host::proto::bundle::{BundleEntryProto, BundleHeaderProto};
use gradlet_host::table::{Table, TableWriter};
use prost::Message as _;

use super::{masked, put};

/// Sets the checksums of the blocks right, those over the lengths of strings and between variants,
/// and in the index, which is returned, those of the tensors.
pub fn bundle(index: &[u8], data: &mut [u8]) -> Vec<u8> {
    let mut index = index.to_vec();
    super::table(&mut index);
    sealed(&index, data).unwrap_or(index)
}

fn sealed(index: &[u8], data: &mut [u8]) -> Option<Vec<u8>> {
    let path = Path::new("index");
    let table = Table::from_bytes(path, index.to_vec()).ok()?;
    let mut writer = TableWriter::new(Vec::new(), path);
    let mut cursor = table.cursor();
    let mut little_endian = true;
    // Keys of which little is stored can be long: those stay as they are.
    let mut room = 16 * index.len();
    while let Some((key, value)) = cursor.next().ok()? {
        room = room.checked_sub(key.len() + value.len())?;
        if key.is_empty() {
            little_endian = BundleHeaderProto::decode(value).ok()?.endianness == 0;
            writer.add(key, value).ok()?;
            continue;
        }
        let sealed = BundleEntryProto::decode(value).ok().map(|mut entry| {
            if let Some(sum) = tensor(&entry, data, little_endian) {
                entry.crc32c = mask(sum);
            }
            entry.encode_to_vec()
        });
        writer.add(key, sealed.as_deref().unwrap_or(value)).ok()?;
    }
    writer.finish().ok()
}

/// The checksum of a tensor, with those within it set right.
fn tensor(entry: &BundleEntryProto, data: &mut [u8], little_endian: bool) -> Option<u32> {
    let start = usize::try_from(entry.offset).ok()?;
    let end = start.checked_add(usize::try_from(entry.size).ok()?)?;
    let stored = data.get_mut(start..end)?;
    let dims = entry.shape.iter().flat_map(|shape| &shape.dim);
    let count = dims
        .map(|dim| usize::try_from(dim.size).ok())
        .product::<Option<usize>>()?;
    match DType::from_number(entry.dtype)? {
        DType::String if little_endian => strings(stored, count),
        DType::Variant => variants(stored, count),
        _ => Some(crc32c(stored)),
    }
}

fn strings(stored: &mut [u8], count: usize) -> Option<u32> {
    let mut at = 0;
    let mut sum = 0;
    for _ in 0..count {
        let length = varint(stored, &mut at)?;
        sum = match u32::try_from(length) {
            Ok(length) => extend(sum, &length.to_le_bytes()),
            Err(_) => extend(sum, &length.to_le_bytes()),
        };
    }
    put(stored, at, masked(sum));
    Some(extend(sum, stored.get(at..)?))
}

fn variants(stored: &mut [u8], count: usize) -> Option<u32> {
    let mut at = 0;
    let mut sum = 0;
    for _ in 0..count {
        let length = varint(stored, &mut at)?;
        let end = at.checked_add(usize::try_from(length).ok()?)?;
        sum = extend(extend(sum, &length.to_le_bytes()), stored.get(at..end)?);
        put(stored, end, masked(sum));
        sum = extend(sum, stored.get(end..end + 4)?);
        at = end + 4;
    }
    Some(sum)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}
