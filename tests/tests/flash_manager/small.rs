//! The small manager: what it refuses, what it restores, what it leaves as it is.

use std::cell::{Cell, RefCell};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use gradlet::checkpoint::{self, Checkpoint, Choice, EncodeError, Encoder, Info, Unmatched};
use gradlet::manager::{
    AsyncSmallManager, Incompatible, OpenError, Recorded, Restoration, RestoreError, SaveError,
    SmallManager, recorded,
};
use gradlet::mock_flash::{Error, MockFlash, Tear, storage_len};
use gradlet::tensor::{Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Variable};
use gradlet::{Crc32c, Variables};
use gradlet_tests::model::Model;

use crate::asynchronous::{Slow, run, wait};
use crate::images::Random;
use crate::wear::erases;
use crate::{Flash, flash};

const SLOTS: u32 = 3;
const PAYLOAD: usize = 200;

/// Two records, in words.
const RECORDS: usize = 64;

fn open(flash: &mut Flash) -> SmallManager<&mut Flash> {
    SmallManager::open(flash, SLOTS).expect("a region")
}

/// Saves these steps, one start for all of them.
fn save(flash: &mut Flash, steps: impl Iterator<Item = i64>) {
    let mut manager = open(flash);
    for step in steps {
        manager.save(&Model::at(step, PAYLOAD)).unwrap();
    }
}

/// What a restart restores, whole.
fn restored(flash: &mut Flash) -> Result<i64, RestoreError> {
    restored_by(&mut open(flash))
}

fn restored_by(manager: &mut SmallManager<&mut Flash>) -> Result<i64, RestoreError> {
    let mut model = Model::at(-1, PAYLOAD);
    let restoration = manager.restore_or_initialize(&mut model);
    assert!(model.whole().is_some(), "a mixture");
    match restoration {
        Ok(Restoration::Restored { step, .. }) => assert_eq!(step, model.step()),
        Ok(Restoration::Initialized) | Err(_) => assert_eq!(model.step(), -1, "changed"),
        other => panic!("{other:?}"),
    }
    restoration.map(|_| model.step())
}

/// Where the values of a step lie.
fn position(flash: &Flash, step: i64) -> usize {
    let model = Model::at(step, PAYLOAD);
    let mut windows = flash.image().windows(PAYLOAD);
    let found = windows.position(|window| window == model.values());
    found.expect("the values as they were saved")
}

/// A vector and, behind it, others; all of one model id.
pub(crate) struct Vectors(Vec<(&'static str, Vec<f32>)>);

impl Vectors {
    pub(crate) fn new(vectors: &[(&'static str, usize)]) -> Self {
        let fill = |&(name, len)| (name, vec![0.5; len]);
        Self(vectors.iter().map(fill).collect())
    }
}

impl Variables for Vectors {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let (name, values) = self.0.get(index)?;
        Some(Variable {
            name: Name::new(name),
            shape: Shape::vector(values.len()),
            collections: Collections::GLOBAL,
            view: View::F32(values),
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        let (_, values) = self.0.get_mut(index)?;
        Some(ViewMut::F32(values))
    }

    fn global_step(&self) -> i64 {
        7
    }

    fn model_id(&self) -> u32 {
        1
    }
}

#[test]
fn a_flash_of_too_few_blocks_or_sizes_is_refused() {
    for (blocks, slots, fits) in [
        (7, 0, false),
        (7, 2, false),
        (7, 3, true),
        (7, 7, true),
        (7, 8, false),
        (7, u32::MAX, false),
        (2, 3, false),
        (3, 3, true),
    ] {
        let mut flash = flash(blocks);
        let opened = SmallManager::open(&mut flash, slots).map(drop);
        let most = blocks as u32;
        let found = slots;
        let expected = match fits {
            true => Ok(()),
            false => Err(OpenError::Slots { most, found }),
        };
        assert_eq!(opened, expected, "{blocks} blocks, {slots} slots");
    }
    let error = SmallManager::open(&mut flash(7), 8).unwrap_err();
    let text = "8 slots of whole erase blocks, expected 3 to 7";
    assert_eq!(error.to_string(), text);

    // no place for records, one block, units that are too large
    let is_geometry = |error| matches!(error, OpenError::Geometry(_));
    let mut flash = MockFlash::<_, 1, 4, 64>::new(vec![0; storage_len(64, 9)]);
    assert!(is_geometry(SmallManager::open(&mut flash, 3).unwrap_err()));
    let mut flash = MockFlash::<_, 1, 4, 1024>::new(vec![0; storage_len(1024, 1)]);
    assert!(is_geometry(SmallManager::open(&mut flash, 3).unwrap_err()));
    let mut flash = MockFlash::<_, 1, 128, 1024>::new(vec![0; storage_len(1024, 9)]);
    assert!(is_geometry(SmallManager::open(&mut flash, 3).unwrap_err()));
}

/// Saves over several rounds, with restarts, and finds the newest each time.
fn round_trip<const READ: usize, const WRITE: usize, const ERASE: usize>() {
    for (blocks, slots) in [(3, 3), (7, 3), (11, 5)] {
        let size = blocks / slots as usize * ERASE;
        for payload in [0, 1, 31, 270, size / 4] {
            let storage = vec![0; storage_len(ERASE, blocks)];
            let mut flash = MockFlash::<_, READ, WRITE, ERASE>::new(storage);
            let mut step = 0;
            while step < 30 {
                let mut manager = SmallManager::open(&mut flash, slots).unwrap();
                let context = format!("{READ}/{WRITE}/{ERASE}, {slots} slots, {payload} bytes");
                let mut model = Model::new(payload);
                let found = manager.restore_or_initialize(&mut model).unwrap();
                let expected = match step {
                    0 => Restoration::Initialized,
                    _ => Restoration::Restored {
                        step,
                        save_counter: step as u32,
                    },
                };
                assert_eq!(found, expected, "{context}");
                assert!(step == 0 || model.whole() == Some(step), "{context}");
                for _ in 0..5 {
                    step += 1;
                    model.train_to(step);
                    let saved = manager.save(&model);
                    assert!(saved.is_ok(), "{context}: {saved:?}");
                }
            }
            assert_eq!(flash.violation(), None);
        }
    }
}

#[test]
fn every_read_write_and_erase_size_works() {
    round_trip::<1, 1, 512>();
    round_trip::<1, 4, 1024>();
    round_trip::<8, 8, 2048>();
    round_trip::<4, 32, 1024>();
    round_trip::<1, 64, 2048>();
    // reads that are larger than writes
    round_trip::<8, 1, 512>();
    round_trip::<32, 4, 1024>();
    round_trip::<64, 16, 2048>();
    // sizes that are no powers of two
    round_trip::<6, 4, 1536>();
    round_trip::<1, 24, 1536>();
}

#[test]
fn a_slot_is_filled_to_its_last_byte_and_no_further() {
    let mut region = flash(7); // a block is left over
    let mut manager = open(&mut region);
    let overhead = manager.save(&Model::new(0)).unwrap().length as usize;
    let fits = 2048 - RECORDS - overhead;
    for step in 1..=4 {
        manager.format().unwrap();
        let saved = manager.save(&Model::at(step, fits)).unwrap();
        assert_eq!(saved.length as usize, 2048 - RECORDS);
        let mut model = Model::new(fits);
        manager.restore_or_initialize(&mut model).unwrap();
        assert_eq!(model.whole(), Some(step));
    }
    manager.format().unwrap();
    for step in 5..=8 {
        manager.save(&Model::at(step, fits)).unwrap();
    }
    let before = manager.release().steps();

    // Values are padded to four bytes.
    for (len, blocks) in [(fits + 1, 3), (fits + 1024, 3), (fits + 1025, 4)] {
        let mut fresh = flash(7);
        let error = open(&mut fresh).save(&Model::new(len)).unwrap_err();
        let (needed, found) = (3 * blocks * 1024, 7 * 1024);
        assert_eq!(error, SaveError::RegionTooSmall { needed, found });
        assert_eq!(fresh.steps(), 0, "something was erased");
        // What is asked for is enough, and a slot less is not.
        let save = |blocks| open(&mut flash(blocks)).save(&Model::new(len)).is_ok();
        assert!(save(needed as usize / 1024));
        assert!(!save(needed as usize / 1024 - 1));
    }
    assert_eq!(region.steps(), before);
    let mut model = Model::new(fits);
    open(&mut region).restore_or_initialize(&mut model).unwrap();
    assert_eq!(model.whole(), Some(8));
}

#[test]
fn checkpoints_of_another_model_stay_until_the_region_is_formatted() {
    let mut flash = flash(6);
    save(&mut flash, 1..5);
    let steps = flash.steps();
    let mut manager = open(&mut flash);
    let mut other = Model::at(9, PAYLOAD + 1);
    let unchanged = other.clone();
    let reason = Incompatible::Model {
        expected: other.model_id(),
        found: Model::new(PAYLOAD).model_id(),
    };
    let restored = manager.restore_or_initialize(&mut other);
    assert_eq!(restored, Ok(Restoration::Incompatible(reason)));
    assert_eq!(other, unchanged);
    assert_eq!(manager.save(&other), Err(SaveError::Incompatible(reason)));
    assert_eq!(manager.latest_checkpoint().unwrap().save_counter, 4);
    assert_eq!(flash.steps(), steps, "something was written");

    let mut manager = open(&mut flash);
    manager.format().unwrap();
    assert_eq!(manager.latest_checkpoint(), None);
    assert_eq!(manager.save(&other).unwrap().save_counter, 1);
    let mut model = Model::new(PAYLOAD + 1);
    open(&mut flash).restore_or_initialize(&mut model).unwrap();
    assert_eq!(model, other);
}

#[test]
fn variables_that_differ_under_the_same_model_id_are_told_apart() {
    let written = Vectors::new(&[("kernel", 6), ("bias", 3)]);
    let unmatched = |index| Unmatched::Variable { index, count: 1 };
    for (other, misfit) in [
        (&[("kernel", 7), ("bias", 3)][..], unmatched(0)),
        (&[("kernel", 6), ("bias", 4)], unmatched(1)),
        (&[("kernel", 6), ("bia", 3)], unmatched(1)),
        (&[("kernel", 6), ("biased", 3)], unmatched(1)),
        (&[("kernel", 6), ("bias", 3), ("slot", 1)], unmatched(2)),
        (
            &[("kernel", 6)],
            Unmatched::Tensor {
                position: 1,
                count: 1,
            },
        ),
    ] {
        let mut flash = flash(3);
        open(&mut flash).save(&written).unwrap();
        let steps = flash.steps();
        let mut other = Vectors::new(other);
        for (_, values) in &mut other.0 {
            values.fill(-1.0);
        }
        let mut manager = open(&mut flash);
        let restored = manager.restore_or_initialize(&mut other);
        let reason = Incompatible::Variables(checkpoint::RestoreError::Unmatched(misfit));
        assert_eq!(restored, Ok(Restoration::Incompatible(reason)));
        let mut values = other.0.iter().flat_map(|(_, values)| values);
        assert!(values.all(|&value| value == -1.0), "{misfit:?}: assigned");
        // Nothing is saved over what was not restored, unless that is wanted.
        assert_eq!(manager.save(&other), Err(SaveError::Incompatible(reason)));
        let mut same = Vectors::new(&[("kernel", 6), ("bias", 3)]);
        let restored = manager.restore_or_initialize(&mut same);
        assert!(matches!(
            restored,
            Ok(Restoration::Restored { step: 7, .. })
        ));
        assert_eq!(manager.release().steps(), steps);

        let mut manager = open(&mut flash);
        manager.restore_or_initialize(&mut other).unwrap();
        manager.restore_or_initialize(&mut same).unwrap();
        manager.save(&same).unwrap();

        let mut manager = open(&mut flash);
        manager.restore_or_initialize(&mut other).unwrap();
        manager.format().unwrap();
        manager.save(&other).unwrap();
        manager.save(&other).unwrap();
    }
}

#[test]
fn a_variable_more_is_not_looked_for_behind_the_end_of_the_flash() {
    let kernel = |len| ("kernel", len);
    let mut flash = flash(3);
    let mut manager = open(&mut flash);
    let empty = manager.save(&Vectors::new(&[kernel(100)])).unwrap().length - 400;
    let len = (1024 - RECORDS - empty as usize) / 4;
    for _ in 0..2 {
        let saved = manager.save(&Vectors::new(&[kernel(len)])).unwrap();
        assert_eq!(saved.length as usize, 1024 - RECORDS);
    }
    let mut more = Vectors::new(&[kernel(len), ("bias", 1)]);
    let unmatched = Unmatched::Variable { index: 1, count: 1 };
    let reason = Incompatible::Variables(checkpoint::RestoreError::Unmatched(unmatched));
    let restored = manager.restore_or_initialize(&mut more);
    assert_eq!(restored, Ok(Restoration::Incompatible(reason)));
    assert_eq!(flash.violation(), None);
}

#[test]
fn a_damaged_checkpoint_is_passed_over_for_the_one_before() {
    let mut flash = flash(6);
    save(&mut flash, 1..6);
    for (damaged, expected) in [(5, Ok(4)), (4, Ok(3)), (3, Err(RestoreError::Damaged))] {
        let at = position(&flash, damaged);
        flash.flip_bit(at + PAYLOAD / 2, damaged as u32);
        assert_eq!(restored(&mut flash), expected);
        assert_eq!(open(&mut flash).save_counter(), 5);
    }
    // Saving goes on, with the next number.
    save(&mut flash, 6..7);
    assert_eq!(restored(&mut flash), Ok(6));
    assert_eq!(open(&mut flash).save_counter(), 6);
    assert_eq!(flash.violation(), None);
}

#[test]
fn a_checkpoint_counts_with_either_record() {
    for damaged in [0, 32] {
        let mut flash = flash(3);
        save(&mut flash, 1..4);
        flash.flip_bit(2048 + damaged + 5, 0);
        assert_eq!(restored(&mut flash), Ok(3));
        // Its slot may be lost; that of the one before is not written.
        let mut manager = open(&mut flash);
        manager.save(&Model::at(4, PAYLOAD)).unwrap();
        assert_eq!(restored(&mut flash), Ok(4));
        for step in [4, 3, 2] {
            assert!(position(&flash, step) > 0);
            let at = position(&flash, step);
            flash.flip_bit(at, 0);
        }
        assert_eq!(restored(&mut flash), Err(RestoreError::Damaged));
    }
    let mut flash = flash(3);
    save(&mut flash, 1..4);
    flash.flip_bit(2048 + 5, 0);
    flash.flip_bit(2048 + 32 + 5, 0);
    assert_eq!(restored(&mut flash), Ok(2));
}

#[test]
fn what_was_proven_last_stays_through_any_number_of_cuts() {
    let mut flash = flash(3);
    save(&mut flash, 1..3);
    let before = flash.steps();
    save(&mut flash, 3..4);
    let steps = flash.steps() - before;
    for step in 4..9 {
        // Within the last unit of the second record.
        flash.cut_power(steps - 1, Tear::Nothing);
        let saved = open(&mut flash).save(&Model::at(step, PAYLOAD));
        assert_eq!(saved, Err(SaveError::Flash(Error::PowerLost)));
        flash.power_on();
        assert_eq!(restored(&mut flash), Ok(step));
        // What is there at this start may be gone at the next.
        let mut later = flash.clone();
        for slot in [0, 1] {
            later.flip_bit(slot * 1024 + 5, 0);
        }
        assert_eq!(restored(&mut later), Ok(3));
    }
}

/// The next save would erase a part of it.
#[test]
fn a_checkpoint_that_is_longer_than_a_slot_does_not_count() {
    let mut flash = flash(6);
    open(&mut flash).save(&Model::at(1, 1500)).unwrap();
    let mut manager = SmallManager::open(&mut flash, 6).unwrap();
    assert_eq!(manager.latest_checkpoint(), None);
    let mut model = Model::new(1500);
    let restored = manager.restore_or_initialize(&mut model);
    assert_eq!(restored, Ok(Restoration::Initialized));
    assert!(open(&mut flash).latest_checkpoint().is_some());
}

#[test]
fn the_newest_checkpoint_is_known_after_a_restart() {
    let mut flash = flash(6);
    assert_eq!(open(&mut flash).latest_checkpoint(), None);
    assert_eq!(open(&mut flash).save_counter(), 0);
    for step in 1..10 {
        let model = Model::at(100 * step, PAYLOAD);
        let mut manager = open(&mut flash);
        let saved = manager.save(&model).unwrap();
        assert_eq!(manager.latest_checkpoint(), Some(saved));
        let manager = open(&mut flash);
        assert_eq!(manager.latest_checkpoint(), Some(saved));
        assert_eq!(manager.save_counter(), step as u32);
        let info = Info {
            global_step: Some(100 * step),
            time: None,
            model_id: Some(model.model_id()),
        };
        let told = (saved.save_counter, saved.info, saved.kept);
        assert_eq!(told, (step as u32, info, false));
        let mut bytes = vec![0; 1024];
        let mut encoder = Encoder::new().choosing(|_| Choice::Raw);
        let len = encoder.fill(&model, &mut bytes).unwrap();
        assert_eq!(saved.length as usize, len);
        // What is in the slot is the checkpoint as it would be sent.
        let mut windows = flash.image().windows(len);
        assert!(windows.any(|window| window == &bytes[..len]));
    }
}

#[test]
fn slots_are_erased_equally_often() {
    for restarts in [1, 30, 300] {
        let mut flash = flash(6);
        for start in (0..300).step_by(300 / restarts) {
            save(&mut flash, start..start + 300 / restarts as i64);
        }
        let (least, most) = erases(&flash);
        assert_eq!((least, most), (100, 100), "{restarts} starts");
        save(&mut flash, 300..301);
        let (least, most) = erases(&flash);
        assert_eq!((least, most), (100, 101), "{restarts} starts");
    }
}

/// A flash that can still be reached while a manager has it.
struct Shared<'a>(&'a RefCell<Flash>);

impl ErrorType for Shared<'_> {
    type Error = Error;
}

impl ReadNorFlash for Shared<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        ReadNorFlash::read(&mut *self.0.borrow_mut(), offset, bytes)
    }

    fn capacity(&self) -> usize {
        ReadNorFlash::capacity(&*self.0.borrow())
    }
}

impl NorFlash for Shared<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        NorFlash::erase(&mut *self.0.borrow_mut(), from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        NorFlash::write(&mut *self.0.borrow_mut(), offset, bytes)
    }
}

/// A flash of six blocks with these steps that fails after so many more.
fn failing(saved: impl Iterator<Item = i64>, steps: u64) -> RefCell<Flash> {
    let mut flash = flash(6);
    save(&mut flash, saved);
    flash.cut_power(steps, Tear::Nothing);
    RefCell::new(flash)
}

#[test]
fn a_flash_that_fails_within_a_save_leaves_the_one_before() {
    let mut failures = 0;
    for steps in 0.. {
        let flash = failing(1..5, steps);
        let mut manager = SmallManager::open(Shared(&flash), SLOTS).unwrap();
        let saved = manager.save(&Model::at(5, PAYLOAD));
        let is_complete = saved.is_ok();
        if !is_complete {
            assert_eq!(saved, Err(SaveError::Flash(Error::PowerLost)));
            failures += 1;
        }
        let newest = if is_complete { 5 } else { 4 };
        flash.borrow_mut().power_on();
        assert_eq!(manager.save_counter(), newest as u32);
        let mut model = Model::new(PAYLOAD);
        manager.restore_or_initialize(&mut model).unwrap();
        assert_eq!(model.whole(), Some(newest));

        let saved = manager.save(&Model::at(6, PAYLOAD)).unwrap();
        assert_eq!(saved.save_counter, newest as u32 + 1);
        manager.restore_or_initialize(&mut model).unwrap();
        assert_eq!(model.whole(), Some(6));
        let mut flash = flash.into_inner();
        assert_eq!(restored(&mut flash), Ok(6));
        assert_eq!(flash.violation(), None);
        if is_complete {
            break;
        }
    }
    assert!(failures > 70, "only {failures} failures");
}

#[test]
fn what_a_failed_format_leaves_is_older_than_what_is_saved_next() {
    for steps in 0..6 {
        let flash = failing(1..7, steps);
        let mut manager = SmallManager::open(Shared(&flash), SLOTS).unwrap();
        let formatted = manager.format();
        assert_eq!(formatted, Err(SaveError::Flash(Error::PowerLost)));
        flash.borrow_mut().power_on();
        manager.save(&Model::at(50, PAYLOAD)).unwrap();
        let restored = restored(&mut flash.into_inner());
        assert_eq!(restored, Ok(50), "after {steps} blocks");
    }
}

/// A model whose length changes when it was looked at so many times.
struct Changing {
    lens: [usize; 2],
    looks: Cell<u32>,
    change: u32,
}

impl Variables for Changing {
    fn count(&self) -> usize {
        1
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        self.looks.set(self.looks.get() + 1);
        let len = self.lens[usize::from(self.looks.get() > self.change)];
        (index == 0).then_some(Variable {
            name: Name::new("values"),
            shape: Shape::vector(len),
            collections: Collections::GLOBAL,
            view: View::U8(&[7; 1024][..len]),
        })
    }

    fn variable_mut(&mut self, _: usize) -> Option<ViewMut<'_>> {
        None
    }

    fn global_step(&self) -> i64 {
        1
    }

    fn model_id(&self) -> u32 {
        Model::new(PAYLOAD).model_id()
    }
}

#[test]
fn variables_that_change_while_they_are_saved_leave_the_one_before() {
    // The longer ones would not fit their slot.
    for lens in [[150, 900], [300, 100], [300, 301], [0, 1], [300, 0]] {
        let mut seen = [false; 2];
        for change in 1.. {
            let mut flash = flash(3);
            save(&mut flash, 1..4);
            let mut manager = open(&mut flash);
            let looks = Cell::new(0);
            let saved = manager.save(&Changing {
                lens,
                looks,
                change,
            });
            match saved {
                Ok(_) => break,
                Err(SaveError::Changed) => seen[0] = true,
                Err(SaveError::Encode(EncodeError::Changed { .. })) => seen[1] = true,
                Err(error) => panic!("{lens:?}: {error}"),
            }
            assert_eq!(restored_by(&mut manager), Ok(3));
            assert_eq!(restored(&mut flash), Ok(3));
            save(&mut flash, 4..5);
            assert_eq!(restored(&mut flash), Ok(4));
            assert_eq!(flash.violation(), None);
        }
        assert!(seen[0], "{lens:?}: {seen:?}");
    }
}

/// Finds the checkpoints in a dump of these sizes, where any one record may be damaged.
fn found_in_a_dump<const READ: usize, const WRITE: usize, const ERASE: usize>() {
    let record = 32_usize.next_multiple_of(READ.max(WRITE));
    let mut flash = MockFlash::<_, READ, WRITE, ERASE>::new(vec![0; storage_len(ERASE, 3)]);
    let mut manager = SmallManager::open(&mut flash, 3).unwrap();
    let saved: Vec<_> = (1..=4)
        .map(|step| manager.save(&Model::at(step, PAYLOAD)).unwrap())
        .collect();
    for before in [0, 13] {
        let dump = [&vec![0xa5; before], flash.image(), &[0; 7]].concat();
        // The fourth is where the first was.
        let expected = [(0, 3), (1, 1), (2, 2)].map(|(slot, save)| {
            let at = before + slot * ERASE;
            (at, at + 2 * record, saved[save], true)
        });
        let parts = |found: Recorded| (found.record, found.start, found.saved, found.is_whole);
        let found: Vec<_> = recorded(&dump).map(parts).collect();
        assert_eq!(found, expected);
        for (slot, (at, start, saved, _)) in expected.into_iter().enumerate() {
            let damaged = |place: usize| {
                let mut dump = dump.clone();
                dump[place] ^= 1;
                let mut found: Vec<_> = recorded(&dump).map(parts).collect();
                let changed = found.remove(slot);
                assert!(found.iter().all(|other| expected.contains(other)));
                changed
            };
            assert_eq!(damaged(at + 5), (at + record, start, saved, true));
            assert_eq!(damaged(at + record + 5), (at, start, saved, true));
            assert_eq!(damaged(start), (at, start, saved, false));
            assert_eq!(damaged(start + PAYLOAD), (at, start, saved, false));
        }
        // What a dump does not hold is not whole.
        let cut = &dump[..before + 2 * ERASE + 100];
        let is_whole: Vec<_> = recorded(cut).map(|found| found.is_whole).collect();
        assert_eq!(is_whole, [true, true, false]);
    }
}

#[test]
fn checkpoints_are_found_in_a_dump_whatever_its_sizes() {
    found_in_a_dump::<1, 1, 1024>();
    found_in_a_dump::<1, 4, 4096>();
    found_in_a_dump::<8, 1, 512>();
    found_in_a_dump::<1, 24, 1536>();
    found_in_a_dump::<33, 11, 1056>();
    found_in_a_dump::<4, 64, 2048>();
}

#[test]
fn a_region_that_is_a_value_of_a_checkpoint_is_not_found_in_it() {
    let mut inner = flash(3);
    save(&mut inner, 1..4);
    let mut outer = flash(18);
    let mut held = Model::new(3 * 1024);
    held.load(9, inner.image());
    open(&mut outer).save(&held).unwrap();
    let steps = recorded(outer.image()).map(|found| found.saved.info.global_step);
    assert_eq!(steps.collect::<Vec<_>>(), [Some(9)]);
}

/// Reads the image as a dump: what is said to be whole is.
fn read_as_dump(image: &[u8], context: impl Fn() -> String) {
    for found in recorded(image).filter(|found| found.is_whole) {
        let bytes = &image[found.range()];
        let whole = Checkpoint::parse(bytes).map(|whole| (whole.len(), whole.info().global_step));
        let step = found.saved.info.global_step;
        assert_eq!(whole, Ok((bytes.len(), step)), "{}", context());
    }
}

/// Opens, restores, and saves over several rounds.
fn exercise(image: &[u8], context: impl Fn() -> String) {
    read_as_dump(image, &context);
    let mut flash = flash(6);
    flash.load(image);
    let mut manager = open(&mut flash);
    let mut model = Model::at(-1, PAYLOAD);
    let restored = manager.restore_or_initialize(&mut model);
    assert!(model.whole().is_some(), "{}: a mixture", context());
    if let Ok(Restoration::Restored { step, .. }) = restored {
        assert!((1..7).contains(&step), "{}: step {step}", context());
    } else {
        assert_eq!(model.step(), -1, "{}: changed", context());
    }
    for step in 100..105 {
        match manager.save(&Model::at(step, PAYLOAD)) {
            Ok(_) => {}
            Err(SaveError::Incompatible(_) | SaveError::Exhausted) if step == 100 => return,
            Err(error) => panic!("{}: {error}", context()),
        }
    }
    let mut model = Model::new(PAYLOAD);
    let restored = open(&mut flash).restore_or_initialize(&mut model);
    assert!(restored.is_ok(), "{}: {restored:?}", context());
    assert_eq!(model.whole(), Some(104), "{}", context());
}

#[test]
fn whatever_is_in_the_region_is_survived() {
    let mut flash = flash(6);
    save(&mut flash, 1..7);
    let written = flash.image().to_vec();
    let mut random = Random(5);
    for round in 0..4000 {
        let mut image = written.clone();
        match round % 4 {
            0 => image.fill_with(|| random.next() as u8),
            1 => {
                for _ in 0..1 + random.below(9) {
                    let at = random.below(image.len());
                    image[at] ^= 1 << random.below(8);
                }
            }
            2 => {
                for _ in 0..1 + random.below(4) {
                    // A block that is a copy of another one.
                    let [from, to] = [(); 2].map(|()| random.below(6) * 1024);
                    image.copy_within(from..from + 1024, to);
                }
            }
            // Records that are right in themselves, of any content.
            _ => {
                let slot = random.below(3) * 2048;
                let words: [u32; 7] = std::array::from_fn(|index| match (index, random.below(3)) {
                    (0, _) => u32::from_le_bytes(*b"GCKS"),
                    (_, 0) => random.below(9) as u32,
                    (2, 1) => random.below(2048) as u32,
                    (4, 1) => Model::new(PAYLOAD).model_id(),
                    (_, 1) => u32::MAX,
                    _ => random.next() as u32,
                });
                let mut record: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
                let mut crc = Crc32c::new();
                crc.update(&record);
                record.extend(crc.value().to_le_bytes());
                for at in [slot, slot + 32].into_iter().take(1 + random.below(2)) {
                    image[at..at + 32].copy_from_slice(&record);
                }
            }
        }
        exercise(&image, || format!("round {round}"));
    }
}

#[test]
fn a_flash_that_is_waited_for_gets_the_same_bytes() {
    let mut slow = flash(7);
    let mut manager = wait(AsyncSmallManager::open(Slow(&mut slow), SLOTS)).unwrap();
    for step in 1..20 {
        wait(manager.save(&Model::at(step, PAYLOAD))).unwrap();
    }
    let mut model = Model::new(PAYLOAD);
    let restored = wait(manager.restore_or_initialize(&mut model));
    assert!(matches!(
        restored,
        Ok(Restoration::Restored { step: 19, .. })
    ));
    assert_eq!(model.whole(), Some(19));
    let mut quick = flash(7);
    save(&mut quick, 1..20);
    assert!(slow.image() == quick.image());
}

#[test]
fn a_save_that_is_dropped_at_any_moment_leaves_the_one_before() {
    let mut dropped = 0;
    for polls in 0.. {
        let mut flash = flash(3);
        save(&mut flash, 1..5);
        let mut manager = wait(AsyncSmallManager::open(Slow(&mut flash), SLOTS)).unwrap();
        let is_complete = run(manager.save(&Model::at(5, PAYLOAD)), polls).is_some();
        let newest = if is_complete { 5 } else { 4 };
        let mut model = Model::new(PAYLOAD);
        wait(manager.restore_or_initialize(&mut model)).unwrap();
        assert_eq!(model.whole(), Some(newest));
        wait(manager.save(&Model::at(6, PAYLOAD))).unwrap();
        assert_eq!(restored(&mut flash), Ok(6));
        assert_eq!(flash.violation(), None);
        if is_complete {
            break;
        }
        dropped += 1;
    }
    assert!(dropped > 5, "only {dropped} futures were dropped");
}
