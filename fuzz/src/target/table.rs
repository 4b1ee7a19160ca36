//! Sorted tables.

use std::path::Path;

use gradlet_host::table::{Table, TableWriter};

use crate::memory::bounded;
use crate::seal;

/// Opens a table, walks it, looks keys up, and writes what it found again.
pub fn table(bytes: &[u8]) {
    read(bytes);
    let mut sealed = bytes.to_vec();
    seal::table(&mut sealed);
    read(&sealed);
}

fn read(bytes: &[u8]) {
    bounded(bytes.len(), || {
        let path = Path::new("table");
        let Ok(table) = Table::from_bytes(path, bytes.to_vec()) else {
            return;
        };
        let _ = table.get(b"");
        let _ = table.get(bytes);
        let mut writer = TableWriter::new(Vec::new(), path);
        let mut keys = 0;
        let mut cursor = table.cursor();
        let mut room = 16 * bytes.len();
        let ended = loop {
            let (key, value) = match cursor.next() {
                Ok(Some(record)) => record,
                Ok(None) => break true,
                Err(_) => break false,
            };
            // Keys of which a few bytes are stored can be long: enough is enough.
            let Some(left) = room.checked_sub(key.len() + value.len()) else {
                break false;
            };
            room = left;
            writer
                .add(key, value)
                .expect("what a cursor gives is in order");
            keys += 1;
        };
        let _ = table.verify();
        let again = writer.finish().expect("memory can be written");
        let again = Table::from_bytes(path, again).expect("what was written opens");
        let mut cursor = again.cursor();
        while let Some((key, value)) = cursor.next().expect("what was written reads") {
            keys -= 1;
            let found = again.get(key).expect("what was written is found");
            assert_eq!(found.as_deref(), Some(value), "lookup and walk differ");
            if ended {
                let _ = table.get(key);
            }
        }
        assert_eq!(keys, 0, "records were lost");
        again.verify().expect("what was written is whole");
    });
}
