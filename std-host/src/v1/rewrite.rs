//! Copying a V1 checkpoint tensor by tensor.

use std::path::Path;

use super::files::{shard_path, sharded_prefix};
use super::reader::{Reader, meta};
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::slice::Slice;
use crate::staged::Durability;

/// Writes the V1 checkpoint `path` again as `target`, with the same files, slices and order; a
/// sharded one (`path` is a pattern) as `target-SSSSS-of-NNNNN`. What TensorFlow wrote without
/// compression comes out byte for byte.
///
/// # Errors
/// Those of reading and of writing.
pub fn rewrite(
    path: impl AsRef<Path>,
    target: impl AsRef<Path>,
    durability: Durability,
) -> Result<()> {
    let (path, target) = (path.as_ref(), target.as_ref());
    let reader = Reader::open(path)?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let shards = match sharded_prefix(name) {
        Some((_, shards)) if name.contains('?') => Some(shards),
        _ => None,
    };
    for (number, table) in (0..).zip(reader.files()) {
        table.verify()?;
        let file = match shards {
            Some(shards) => shard_path(target, number, shards),
            None => target.to_path_buf(),
        };
        let mut writer = Writer::with_durability(file, durability)?;
        for tensor in meta(table)?.tensor {
            let entry = reader.entry(&tensor.name)?;
            for slice in &tensor.slice {
                let slice = Slice::from_proto(slice, &entry.shape).map_err(|reason| {
                    let name = Name::from(tensor.name.as_slice());
                    Error::DamagedEntry {
                        path: table.path().to_path_buf(),
                        name,
                        reason,
                    }
                })?;
                let part = reader.read_slice(&entry.name, &slice)?;
                writer.add_slice(&entry.name, &entry.shape, &slice, part.view())?;
            }
        }
        writer.finish()?;
    }
    Ok(())
}
