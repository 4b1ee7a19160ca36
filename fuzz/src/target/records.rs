//! TFRecord files, plain and compressed, and the events in them.

use std::io::Read;

use gradlet_host::events::{Event, EventReader};
use gradlet_host::example::{Example, SequenceExample};
use gradlet_host::records::{Compression, Inflate, RecordReader, RecordWriter};

use crate::memory::bounded;
use crate::seal;

/// Reads records, as what they may hold, and writes them again.
pub fn records(bytes: &[u8]) {
    let compression = Compression::of_start(bytes);
    read(bytes, compression);
    if compression == Compression::None {
        let mut sealed = bytes.to_vec();
        seal::records(&mut sealed);
        read(&sealed, compression);
    }
}

/// More than this is not decompressed: a record that long holds memory honestly.
const MOST: u64 = 1 << 20;

fn read(bytes: &[u8], compression: Compression) {
    bounded(bytes.len(), || {
        let source = || Inflate::new(bytes, compression).take(MOST);
        let mut reader = RecordReader::new(source());
        let mut writer = RecordWriter::new(Vec::new());
        while let Ok(Some(record)) = reader.next_record() {
            if record.len() > bytes.len() {
                return;
            }
            writer.write(record).expect("memory can be written");
            let _ = Example::from_bytes(record);
            let _ = SequenceExample::from_bytes(record);
        }
        if compression == Compression::None {
            let written = writer.into_inner();
            assert!(
                bytes.starts_with(&written),
                "whole records come out as they came in"
            );
        }
        let events: Vec<Event> = EventReader::new(source())
            .map_while(Result::ok)
            .take(1000)
            .collect();
        drop(events);
    });
}
