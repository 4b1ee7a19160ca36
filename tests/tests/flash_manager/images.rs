//! Whatever is in the flash, the manager neither panics nor runs for ever, and it restores
//! nothing that was not written.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use gradlet::checkpoint::Checkpoint;
use gradlet::manager::{
    CheckpointManager, Claim, Geometry, Image, Keep, Options, Restoration, Stored, sightings,
};
use gradlet::mock_flash::Error;
use gradlet_tests::model::Model;

use crate::{Flash, flash, save};

const BLOCKS: usize = 5;
const PAYLOAD: usize = 150;

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn written() -> Vec<u8> {
    let mut flash = flash(BLOCKS);
    save(&mut flash, Options::DEFAULT, PAYLOAD, 1..60);
    flash.image().to_vec()
}

/// Reads the image as a dump: what is said to be whole is.
fn read_as_dump(image: &[u8], context: impl Fn() -> String) {
    let geometry = Geometry::new(4, 1024, BLOCKS as u32).unwrap();
    let mut found = sightings(image).filter_map(|sighting| sighting.geometry);
    assert!(found.all(|found| found == geometry), "{}", context());
    for dump in [image, &image[..image.len() / 3]] {
        let mut region = Image::new(dump, geometry);
        let stored: Vec<_> = region.checkpoints().collect();
        assert!(stored.len() < 1000, "{}", context());
        for stored in stored.iter().filter(|stored| stored.is_whole()) {
            let pieces = region.pieces(stored);
            let bytes: Vec<u8> = pieces.flat_map(|piece| &dump[piece]).copied().collect();
            let whole = Checkpoint::parse(&bytes);
            assert_eq!(
                whole.map(|whole| whole.len()),
                Ok(bytes.len()),
                "{}",
                context()
            );
        }
        let used = (0..BLOCKS as u32).filter(|&block| region.block(block).is_used);
        let used = used.count() as u32;
        assert!(
            region
                .free_blocks()
                .is_none_or(|free| free + used == BLOCKS as u32)
        );
    }
}

/// Opens, restores, lists and saves; what is restored is whole.
fn exercise(image: &[u8], context: impl Fn() -> String) {
    read_as_dump(image, &context);
    for claim in [Claim::Blank, Claim::Anything] {
        let mut region = flash(BLOCKS);
        region.load(image);
        let options = Options {
            claim,
            ..Options::DEFAULT
        };
        let Ok(mut manager) = CheckpointManager::open(&mut region, options) else {
            assert_eq!(region.steps(), 0, "{}", context());
            assert_eq!(claim, Claim::Blank, "{}", context());
            continue;
        };
        let mut model = Model::at(-1, PAYLOAD);
        let restored = manager.restore_or_initialize(&mut model);
        assert!(model.whole().is_some(), "{}: a mixture", context());
        if let Ok(Restoration::Restored { step, .. }) = restored {
            assert!((1..60).contains(&step), "{}: step {step}", context());
        } else {
            assert_eq!(model.step(), -1, "{}: changed", context());
        }
        let count = manager.checkpoints().take(10_000).count();
        assert!(count < 1000, "{}: {count} checkpoints", context());
        for step in 1000..1012 {
            // It may have no room or be of another model, but it must say so.
            let saved = manager.save(&Model::at(step, PAYLOAD));
            if saved.is_err() {
                return;
            }
        }
        let mut model = Model::new(PAYLOAD);
        manager
            .restore_or_initialize(&mut model)
            .expect("what was just saved");
        assert_eq!(model.whole(), Some(1011), "{}", context());
    }
}

#[test]
fn random_damage_to_a_region_is_survived() {
    let original = written();
    let mut random = Random(7);
    for round in 0..1500 {
        let mut image = original.clone();
        let kind = round % 5;
        for _ in 0..1 + random.below(6) {
            let at = random.below(image.len());
            let block = at / 1024 * 1024;
            match kind {
                0 => image[at] ^= 1 << random.below(8),
                1 => image[at..(at + 64).min(BLOCKS * 1024)].fill(0xff),
                2 => image[at..(at + 64).min(BLOCKS * 1024)].fill(0),
                3 => {
                    // A block that is a copy of another one.
                    let from = random.below(BLOCKS) * 1024;
                    image.copy_within(from..from + 1024, block);
                }
                _ => image[block..block + 1024].fill(0xff),
            }
        }
        exercise(&image, || format!("round {round}"));
    }
}

#[test]
fn random_images_are_survived() {
    let mut random = Random(11);
    for round in 0..200 {
        let mut image = vec![0; BLOCKS * 1024];
        for byte in &mut image {
            *byte = random.next() as u8;
        }
        exercise(&image, || format!("image {round}"));
    }
}

#[test]
fn the_newest_checkpoint_that_can_be_read_is_restored() {
    let original = written();
    // Damage the payload of the newest: its counter is 59.
    let mut region: Flash = flash(BLOCKS);
    region.load(&original);
    let position = |step: i64| {
        let values = Model::at(step, PAYLOAD);
        let values = values.values();
        original
            .windows(values.len())
            .rposition(|window| window == values)
    };
    let mut image = original.clone();
    for (damaged, expected) in [(59, 58), (58, 57), (57, 56)] {
        let at = position(damaged).expect("the values as they were saved");
        image[at] ^= 1;
        let mut region = flash(BLOCKS);
        region.load(&image);
        let mut manager = CheckpointManager::open(&mut region, Options::DEFAULT).unwrap();
        let mut model = Model::new(PAYLOAD);
        let found = manager.restore_or_initialize(&mut model).unwrap();
        assert!(matches!(found, Restoration::Restored { step, .. } if step == expected));
        assert_eq!(model.whole(), Some(expected));
    }
}

#[test]
fn any_damage_to_the_newest_checkpoint_leaves_the_one_before() {
    let original = written();
    let mut region: Flash = flash(BLOCKS);
    region.load(&original);
    let geometry = Geometry::new(4, 1024, BLOCKS as u32).unwrap();
    let mut dump = Image::new(&original, geometry);
    let stored = dump.checkpoints().filter(Stored::is_whole);
    let newest = stored.max_by_key(|stored| stored.header.save_counter());
    let stored = newest.expect("a checkpoint");
    let pieces: Vec<_> = dump.pieces(&stored).collect();
    for at in pieces.into_iter().flatten() {
        let mut image = original.clone();
        image[at] ^= 1;
        region.load(&image);
        let mut manager = CheckpointManager::open(&mut region, Options::DEFAULT).unwrap();
        let mut model = Model::new(PAYLOAD);
        let found = manager.restore_or_initialize(&mut model);
        let is_before = matches!(found, Ok(Restoration::Restored { step: 58, .. }));
        assert!(is_before, "byte {at}: {found:?}");
        assert_eq!(model.whole(), Some(58));
    }
}

/// A flash that has lost a byte: reads of it fail until its block is erased.
struct Spoilt<'a> {
    flash: &'a mut Flash,
    at: &'a mut Option<u32>,
}

impl ErrorType for Spoilt<'_> {
    type Error = Error;
}

impl ReadNorFlash for Spoilt<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        let read = offset..offset + bytes.len() as u32;
        match self.at {
            Some(at) if read.contains(at) => Err(Error::Torn { offset: *at }),
            _ => ReadNorFlash::read(self.flash, offset, bytes),
        }
    }

    fn capacity(&self) -> usize {
        ReadNorFlash::capacity(self.flash)
    }
}

impl NorFlash for Spoilt<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        *self.at = self.at.filter(|at| !(from..to).contains(at));
        NorFlash::erase(self.flash, from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        NorFlash::write(self.flash, offset, bytes)
    }
}

#[test]
fn a_checkpoint_that_cannot_be_copied_is_given_up_and_the_others_stay() {
    let options = Options {
        max_to_keep: 1,
        keep: Keep::EverySteps(1),
        max_kept: 3,
        ..Options::DEFAULT
    };
    let mut original = flash(BLOCKS);
    save(&mut original, options, PAYLOAD, 1..=9);
    let keepless = Options {
        keep: Keep::EverySteps(1_000_000),
        ..options
    };
    for spoilt in 7..=9 {
        let mut flash = original.clone();
        let values = Model::at(spoilt, PAYLOAD);
        let mut windows = flash.image().windows(PAYLOAD);
        let at = windows.position(|window| window == values.values());
        let mut at = Some(at.expect("the values as they were saved") as u32 + 9);
        let mut step = 9;
        while at.is_some() {
            let (flash, at) = (&mut flash, &mut at);
            let mut manager = CheckpointManager::open(Spoilt { flash, at }, keepless).unwrap();
            step += 1;
            let saved = manager.save(&Model::at(step, PAYLOAD));
            assert!(saved.is_ok(), "{spoilt} is spoilt, step {step}: {saved:?}");
            assert!(step < 100, "{spoilt} is spoilt for ever");
        }
        save(&mut flash, keepless, PAYLOAD, step + 1..step + 100);
        let mut manager = CheckpointManager::open(&mut flash, keepless).unwrap();
        let found: Vec<_> = manager.checkpoints().collect();
        let found: Vec<_> = found.iter().map(|saved| saved.info.global_step).collect();
        let mut expected = vec![7, 8, 9, step + 99];
        expected.retain(|&step| step != spoilt);
        let expected: Vec<_> = expected.into_iter().map(Some).collect();
        assert_eq!(found, expected, "{spoilt} was spoilt");
        assert_eq!(flash.violation(), None);
    }
}
