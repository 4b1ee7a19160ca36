//! The first record of an index: number of data files, byte order, version.

use std::path::Path;

use prost::Message as _;

use crate::error::{Error, Result};
use crate::proto::bundle::BundleHeaderProto;
use crate::proto::shape::VersionDef;

/// Version of the format that this library reads and writes (`kTensorBundleVersion`).
const VERSION: i32 = 1;

/// Byte order of a bundle's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Endianness {
    /// Least significant byte first: what nearly every machine writes.
    #[default]
    Little,
    /// Most significant byte first.
    Big,
}

/// What an index says about the bundle as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Number of data files.
    pub shards: u32,
    /// Byte order of the numbers in them.
    pub endianness: Endianness,
    /// Versions of writer and permitted readers.
    pub version: VersionDef,
}

impl Default for Header {
    /// One little-endian data file, in the version that this library writes.
    fn default() -> Header {
        Header::new(1, Endianness::Little)
    }
}

impl Header {
    /// The header that TensorFlow gives a bundle it writes.
    pub(crate) fn new(shards: u32, endianness: Endianness) -> Header {
        let version = VersionDef {
            producer: VERSION,
            ..VersionDef::default()
        };
        Header {
            shards,
            endianness,
            version,
        }
    }

    /// Parses the header of the index at `path` and checks that this version may read the bundle.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Header> {
        let damaged = |reason: String| Error::DamagedTable {
            path: path.to_path_buf(),
            offset: 0,
            reason: format!(
                "the header record, which says how many data files there are, {reason}"
            ),
        };
        let proto = BundleHeaderProto::decode(bytes)
            .map_err(|error| damaged(format!("cannot be decoded: {error}")))?;
        let shards = u32::try_from(proto.num_shards)
            .map_err(|_| damaged(format!("says {}", proto.num_shards)))?;
        let endianness = match proto.endianness {
            0 => Endianness::Little,
            1 => Endianness::Big,
            other => {
                return Err(damaged(format!(
                    "has byte order {other}, known are 0 and 1"
                )));
            }
        };
        let version = proto.version.unwrap_or_default();
        let refused = |reason: String| Error::Version {
            path: path.to_path_buf(),
            reason,
        };
        if version.min_consumer > VERSION {
            let least = version.min_consumer;
            return Err(refused(format!(
                "it asks for format version {least}, this is {VERSION}"
            )));
        }
        if version.bad_consumers.contains(&VERSION) {
            return Err(refused(format!(
                "it was marked as unreadable for format version {VERSION}"
            )));
        }
        Ok(Header {
            shards,
            endianness,
            version,
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let proto = BundleHeaderProto {
            num_shards: i32::try_from(self.shards).unwrap_or(i32::MAX),
            endianness: match self.endianness {
                Endianness::Little => 0,
                Endianness::Big => 1,
            },
            version: Some(self.version.clone()),
        };
        proto.encode_to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_tensorflows() {
        let header = Header::new(1, Endianness::Little);
        assert_eq!(header.encode(), [0x08, 0x01, 0x1a, 0x02, 0x08, 0x01]);
        assert_eq!(
            Header::parse(Path::new("p"), &header.encode()).unwrap(),
            header
        );
    }

    #[test]
    fn readers_that_a_bundle_excludes_are_refused() {
        let mut newer = Header::new(1, Endianness::Little);
        newer.version.min_consumer = 2;
        assert!(
            Header::parse(Path::new("p"), &newer.encode()).is_err(),
            "min_consumer 2"
        );
        let mut excluded = Header::new(1, Endianness::Little);
        excluded.version.bad_consumers = vec![1];
        assert!(
            Header::parse(Path::new("p"), &excluded.encode()).is_err(),
            "bad_consumers [1]"
        );
    }
}
