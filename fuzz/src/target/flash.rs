//! The checkpoint manager on any image of its flash region.

use gradlet::checkpoint::Checkpoint;
use gradlet::manager::{
    CheckpointManager, Claim, Geometry, Image, Keep, OpenError, Options, SaveError, Start, Stored,
    sightings,
};
use gradlet::mock_flash::{Error, MockFlash, Tear, TornReads, storage_len};
use gradlet::{Adam, Head};

use crate::seal;

/// What the first bytes of an input decide; the rest is the image.
pub const CONTROL: usize = 4;

/// Opens an image in one of several geometries, restores from it, saves to it with power going at
/// some moment, and finds what was saved.
pub fn flash(bytes: &[u8]) {
    let Some((control, image)) = bytes.split_first_chunk::<CONTROL>() else {
        return;
    };
    match control[0] % 5 {
        0 => survive::<1, 1, 256>(control, image, 6),
        1 => survive::<4, 4, 512>(control, image, 5),
        2 => survive::<8, 8, 1024>(control, image, 4),
        3 => survive::<4, 32, 2048>(control, image, 2),
        _ => survive::<1, 16, 256>(control, image, 9),
    }
}

fn survive<const READ: usize, const WRITE: usize, const ERASE: usize>(
    control: &[u8; CONTROL],
    image: &[u8],
    blocks: usize,
) {
    let mut sealed = image.to_vec();
    sealed.resize(ERASE * blocks, 0xff);
    let geometry = Geometry::new(READ.max(WRITE) as u32, ERASE as u32, blocks as u32);
    let geometry = geometry.expect("a geometry that regions can have");
    seal::region(&mut sealed, &geometry);
    for image in [image, &sealed] {
        read_as_dump(image, geometry);
        let mut flash =
            MockFlash::<_, READ, WRITE, ERASE>::new(vec![0; storage_len(ERASE, blocks)]);
        flash.load(&image[..image.len().min(ERASE * blocks)]);
        run(control, &mut flash);
    }
}

/// Reads the image as a host reads a dump: what is said to be whole is.
fn read_as_dump(dump: &[u8], geometry: Geometry) {
    let _ = sightings(dump).count();
    let mut region = Image::new(dump, geometry);
    let stored: Vec<Stored> = region.checkpoints().collect();
    for stored in &stored {
        let pieces = region.pieces(stored);
        let bytes = pieces.filter_map(|piece| dump.get(piece));
        let bytes: Vec<u8> = bytes.flatten().copied().collect();
        if stored.is_whole() {
            let whole = Checkpoint::parse(&bytes).expect("what is said to be whole");
            assert_eq!(whole.len(), bytes.len());
        }
    }
    let used = (0..geometry.blocks()).filter(|&block| region.block(block).is_used);
    let used = used.count() as u32;
    let free = region.free_blocks();
    assert!(free.is_none_or(|free| free + used == geometry.blocks()));
}

type Model = Head<2, 3, Adam>;
type Flash<const READ: usize, const WRITE: usize, const ERASE: usize> =
    MockFlash<Vec<u8>, READ, WRITE, ERASE>;

fn run<const READ: usize, const WRITE: usize, const ERASE: usize>(
    &[how, cut, tear, _]: &[u8; CONTROL],
    flash: &mut Flash<READ, WRITE, ERASE>,
) {
    let options = Options {
        max_to_keep: 1 + u32::from(how >> 3 & 3),
        keep: match how >> 5 & 1 {
            0 => Keep::Never,
            _ => Keep::EverySteps(2),
        },
        max_kept: 2,
        claim: match how >> 6 & 1 {
            0 => Claim::Blank,
            _ => Claim::Anything,
        },
        start: Start::PowerUp,
        ..Options::DEFAULT
    };
    let before = flash.image().to_vec();
    look(flash, options);
    assert_eq!(flash.image(), before, "looking at a region wrote to it");

    // What is not the manager's is taken when told so, and only then.
    let claimed = match CheckpointManager::open(&mut *flash, options) {
        Ok(_) => options,
        Err(error) => {
            assert_ne!(options.claim, Claim::Anything, "{error}");
            assert!(!matches!(error, OpenError::Geometry(_)), "{error}");
            Options {
                claim: Claim::Anything,
                ..options
            }
        }
    };
    save(flash, claimed, 2);
    flash.set_torn_reads(match how >> 7 {
        0 => TornReads::AsTheyAre,
        _ => TornReads::Error,
    });
    flash.cut_power(
        cut.into(),
        match tear % 4 {
            0 => Tear::Nothing,
            1 => Tear::Bytes(usize::from(tear) % WRITE.max(2)),
            2 => Tear::Random,
            _ => Tear::Complete,
        },
    );
    save(flash, claimed, 2);
    flash.power_on();
    save(flash, claimed, 2);
    assert_eq!(
        flash.violation(),
        None,
        "the manager broke the rules of NOR flash"
    );

    // Whatever was there, a region that is formatted takes checkpoints again.
    let mut manager =
        CheckpointManager::format(&mut *flash, options).expect("a flash that works is formatted");
    match manager.save(&Model::new(Adam::new(0.5))) {
        Ok(_) | Err(SaveError::RegionTooSmall { .. }) => {}
        Err(error) => panic!("a formatted region refuses: {error}"),
    }
    assert_eq!(
        flash.violation(),
        None,
        "the manager broke the rules of NOR flash"
    );
}

/// Everything that only reads.
fn look<const READ: usize, const WRITE: usize, const ERASE: usize>(
    flash: &mut Flash<READ, WRITE, ERASE>,
    options: Options,
) {
    let blocks = flash.blocks();
    let Ok(mut manager) = CheckpointManager::open(&mut *flash, options) else {
        return;
    };
    let _ = manager.endurance(100, 10_000);
    let found: Vec<_> = manager.checkpoints().take(blocks * ERASE).collect();
    assert!(found.len() < blocks * ERASE, "more checkpoints than bytes");
    assert!(
        found.is_sorted_by(|a, b| a.save_counter < b.save_counter),
        "checkpoints come in the order of their numbers"
    );
    for saved in found {
        let mut model = Model::new(Adam::new(0.5));
        let _ = manager.restore(saved.save_counter, &Default::default(), &mut model);
    }
    let mut model = Model::new(Adam::new(0.5));
    let _ = manager.restore_or_initialize(&mut model);
}

/// Saves `times` times. A save that says it was done is found after a restart; one that says it
/// was not, is not needed to.
fn save<const READ: usize, const WRITE: usize, const ERASE: usize>(
    flash: &mut Flash<READ, WRITE, ERASE>,
    options: Options,
    times: u64,
) {
    let mut saved = None;
    let mut stopped = None;
    {
        let Ok(mut manager) = CheckpointManager::open(&mut *flash, options) else {
            return;
        };
        let mut model = Model::new(Adam::new(0.5));
        let _ = manager.restore_or_initialize(&mut model);
        for _ in 0..times {
            model.minimize(&[0.5, 1.0], 1).expect("label 1 of 3");
            match manager.save(&model) {
                Ok(done) => saved = Some(done.expect("no interval was asked for")),
                Err(error) => {
                    stopped = Some(error);
                    break;
                }
            }
        }
    }
    let power_went = matches!(stopped, Some(SaveError::Flash(Error::PowerLost)));
    flash.power_on();
    let Some(saved) = saved else {
        return;
    };
    let manager = CheckpointManager::open(&mut *flash, options).expect("it opened before");
    let latest = manager.latest_checkpoint().expect("a checkpoint was saved");
    let newer = u32::from(power_went);
    assert!(
        (saved.save_counter..=saved.save_counter.saturating_add(newer))
            .contains(&latest.save_counter),
        "saved {saved:?}, found {latest:?} ({stopped:?})"
    );
}
