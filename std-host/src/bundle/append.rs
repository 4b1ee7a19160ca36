//! Appending one tensor to a data file in the form that the format gives its type.

use std::thread;

use super::check::{Checker, Misfit};
use super::entry::Location;
use super::header::Endianness;
use super::output::{BUFFER, ShardOutput};
use super::string_codec;
use super::swap::swap;
use crate::crc;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::tensor::{Elements, TensorView, element_count};

/// From this length on it pays to start a thread for the checksum.
const OVERLAP_FROM: usize = 4 << 20;

/// Appends a tensor that was [`check`]ed to the data file with number `shard`.
pub(super) fn append(
    output: &mut ShardOutput,
    shard: u32,
    tensor: TensorView<'_>,
    endianness: Endianness,
) -> Result<Location> {
    let offset = output.offset();
    let crc32c = match tensor.elements {
        Elements::Strings(strings) => {
            let encoded = string_codec::encode(strings, endianness);
            output.append(&encoded.head)?;
            output.append(strings.concatenated())?;
            encoded.crc32c
        }
        Elements::Bytes(bytes) if tensor.dtype == DType::Variant => {
            output.append(bytes)?;
            variant_checksum(tensor, bytes).unwrap_or_default()
        }
        Elements::Bytes(bytes) if endianness == Endianness::Big && tensor.dtype.swap_unit() > 1 => {
            append_swapped(output, tensor.dtype, bytes)?
        }
        Elements::Bytes(bytes) => output.append_checked(bytes)?,
    };
    Ok(Location {
        shard,
        offset,
        size: output.offset() - offset,
        crc32c,
    })
}

/// As [`append`], with the checksum of a large tensor computed on another core meanwhile.
pub(super) fn append_overlapped(
    output: &mut ShardOutput,
    shard: u32,
    tensor: TensorView<'_>,
    endianness: Endianness,
) -> Result<Location> {
    let bytes = match tensor.elements {
        Elements::Bytes(bytes)
            if bytes.len() >= OVERLAP_FROM
                && tensor.dtype != DType::Variant
                && endianness == Endianness::Little =>
        {
            bytes
        }
        _ => return append(output, shard, tensor, endianness),
    };
    let offset = output.offset();
    let crc32c = thread::scope(|scope| {
        let checksum = scope.spawn(|| crc::crc32c(bytes));
        output.append(bytes)?;
        Ok::<u32, Error>(checksum.join().unwrap_or_else(|_| crc::crc32c(bytes)))
    })?;
    Ok(Location {
        shard,
        offset,
        size: output.offset() - offset,
        crc32c,
    })
}

fn append_swapped(output: &mut ShardOutput, dtype: DType, bytes: &[u8]) -> Result<u32> {
    let mut crc32c = 0;
    for piece in bytes.chunks(BUFFER) {
        let mut swapped = piece.to_vec();
        swap(dtype, &mut swapped);
        crc32c = crc::extend(crc32c, &swapped);
        output.append(&swapped)?;
    }
    Ok(crc32c)
}

/// Whether a tensor can be appended: type, shape and elements belong together, and the inner
/// checksums of a variant, which comes in its stored form, hold.
pub(super) fn check(name: &Name, tensor: TensorView<'_>, endianness: Endianness) -> Result<()> {
    let refuse = |reason: String| Error::InvalidTensor {
        name: name.clone(),
        reason,
    };
    tensor.check().map_err(refuse)?;
    if tensor.dtype == DType::Variant && endianness == Endianness::Big {
        return Err(refuse(
            "TensorFlow has no big-endian form of variants".to_owned(),
        ));
    }
    match tensor.elements {
        Elements::Bytes(bytes) if tensor.dtype == DType::Variant => {
            variant_checksum(tensor, bytes).map(drop).map_err(|misfit| {
                let (position, reason) = (misfit.position, misfit.reason);
                refuse(format!("at byte {position} of its stored form: {reason}"))
            })
        }
        _ => Ok(()),
    }
}

fn variant_checksum(tensor: TensorView<'_>, bytes: &[u8]) -> Result<u32, Misfit> {
    let count = element_count(tensor.shape).unwrap_or_default();
    Checker::of(tensor.dtype, count, Endianness::Little, bytes)
}
