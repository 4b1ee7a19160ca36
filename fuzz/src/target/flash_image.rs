//! Dumps of flash, as the host reads them.

use gradlet::checkpoint::Checkpoint;
use gradlet::manager::Geometry;
use gradlet_host::Error;
use gradlet_host::device::DeviceCheckpoint;
use gradlet_host::flash_image::{Dump, FlashImage, Place, is_flash_image};
use gradlet_host::slot_image::SlotImage;

use super::CONTROL;
use crate::memory::bounded;
use crate::{scratch, seal};

/// Unit, erase size and blocks of the regions in the seeds, which are those of the target `flash`.
const GEOMETRIES: [(u32, u32, u32); 5] = [
    (1, 256, 6),
    (4, 512, 5),
    (8, 1024, 4),
    (32, 2048, 2),
    (16, 256, 9),
];

/// Reads a dump, whose region is where its markers say or where a user says.
pub fn flash_image(bytes: &[u8]) {
    let Some((control, dump)) = bytes.split_first_chunk::<CONTROL>() else {
        return;
    };
    let (unit, erase_size, blocks) = GEOMETRIES[usize::from(control[0]) % GEOMETRIES.len()];
    let geometry = Geometry::new(unit, erase_size, blocks);
    let geometry = geometry.expect("a geometry that regions can have");
    let mut sealed = dump.to_vec();
    seal::region(&mut sealed, &geometry);
    seal::slots(&mut sealed);
    let told = Place {
        start: Some(usize::from(control[1] % 8)),
        geometry: Some(geometry),
    };
    for dump in [dump, &sealed] {
        let path = scratch::path("flash.bin");
        scratch::write(&path, dump);
        bounded(dump.len(), || {
            let _ = is_flash_image(&path);
            for place in [Place::default(), told] {
                match Dump::open(&path, place) {
                    Ok(Dump::Ring(image)) => ask(&image),
                    Ok(Dump::Slots(image)) => ask_slots(&image),
                    Err(_) => {}
                }
            }
        });
    }
}

fn ask_slots(image: &SlotImage) {
    for found in image.whole() {
        let bytes = image.read(found);
        let checkpoint = Checkpoint::parse(bytes).expect("what is said to be whole");
        assert_eq!(checkpoint.len(), bytes.len());
    }
    newest(&image.newest(), image.whole().next().is_none());
    let _ = image.at_step(2);
}

/// There is a newest one unless there is none; but a whole one may hold what no file of TensorFlow's
/// does, a name twice.
fn newest(newest: &Result<DeviceCheckpoint, Error>, is_empty: bool) {
    match newest {
        Ok(_) => assert!(!is_empty, "the newest of none"),
        Err(Error::NoRegion { .. }) => assert!(is_empty, "no newest of some"),
        Err(Error::DamagedDevice { reason, .. }) => {
            assert!(reason.ends_with("occurs twice"), "{reason}");
        }
        Err(error) => panic!("{error}"),
    }
}

fn ask(image: &FlashImage) {
    let whole = image.whole();
    for stored in &whole {
        let bytes = image.read(stored);
        let checkpoint = Checkpoint::parse(&bytes).expect("what is said to be whole");
        assert_eq!(checkpoint.len(), bytes.len());
    }
    for salvaged in image.salvaged() {
        let checkpoint = Checkpoint::parse(&salvaged.bytes).expect("what is said to be whole");
        assert_eq!(checkpoint.len(), salvaged.bytes.len());
        assert_eq!(checkpoint.info(), salvaged.info);
    }
    let _ = (image.most_erases(), image.region());
    let is_empty = whole.is_empty() && image.salvaged().is_empty();
    newest(&image.newest(), is_empty);
    let _ = image.at_step(2);
}
