//! What a real board runs, whichever it is: labelled samples arrive over a line, the head trains on
//! each, and the flash keeps what was learnt.
//!
//! A board brings its flash, as `embedded_storage` has it, and a function that waits for the next
//! sample. Everything else is here.
#![no_std]
#![forbid(unsafe_code)]

use core::ops::Range;

use defmt::{Debug2Format, info, warn};
use embedded_storage::nor_flash::NorFlash;
use gradlet::manager::{CheckpointManager, Options, Partition};
use gradlet::{Adam, Head, Owned, Quantization, Quantized};

/// Features that the frozen model gives for a sample.
pub const FEATURES: usize = 48;
/// Classes that the head tells apart.
pub const CLASSES: usize = 10;

/// What the frozen model's int8 output stands for: of `wand_digits`.
const QUANTIZATION: Quantization = Quantization {
    scale: 0.026_120_434,
    zero_point: -128,
};

/// Steps between two checkpoints: a block of flash bears some 10,000 erases.
const CHECKPOINT_INTERVAL: u32 = 100;

/// A sample as it comes over the line: its label, and its features.
#[derive(Clone, Copy)]
pub struct Sample {
    bytes: [u8; 1 + FEATURES],
}

impl Sample {
    /// Room for a sample.
    pub const EMPTY: Self = Self {
        bytes: [0; 1 + FEATURES],
    };

    /// The bytes to be filled from the line.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn label(&self) -> usize {
        let [label, ..] = self.bytes;
        label.into()
    }

    fn features(&self) -> [i8; FEATURES] {
        let [_, features @ ..] = self.bytes;
        features.map(u8::cast_signed)
    }
}

static HEAD: Owned<Head<FEATURES, CLASSES, Adam>> = Owned::new();

/// Trains on the samples that `next` waits for, for as long as it brings some. Checkpoints are
/// kept in the bytes `region` of `flash`.
///
/// # Errors
/// A text that says what the board cannot do.
pub fn run<F: NorFlash>(
    flash: F,
    region: Range<u32>,
    mut next: impl FnMut(&mut Sample) -> bool,
) -> Result<(), &'static str> {
    let head = HEAD
        .init(Adam::new(0.01))
        .map_err(|_| "the head is taken")?;
    let options = Options {
        checkpoint_interval: CHECKPOINT_INTERVAL,
        ..Options::DEFAULT
    };
    let region = Partition::new(flash, region).map_err(|_| "the region is not of whole blocks")?;
    let mut checkpoints = CheckpointManager::open(region, options)
        .map_err(|_| "the region cannot hold checkpoints")?;
    match checkpoints.restore_or_initialize(head) {
        Ok(found) => info!("{}", found),
        Err(_) => warn!("there are checkpoints, and none can be read: training starts anew"),
    }

    let mut sample = Sample::EMPTY;
    while next(&mut sample) {
        let values = &sample.features();
        let quantization = QUANTIZATION;
        let features = Quantized {
            values,
            quantization,
        };
        let step = head.global_step();
        // For `gradlet telemetry`: a point of TensorBoard's curve.
        match head.minimize(&features, sample.label()) {
            Ok(loss) => info!("scalar train/loss = {=f32} at step {=i64}", loss, step),
            Err(error) => warn!("{}", error),
        }
        // Saves when `checkpoint_interval` steps have passed since the last one.
        if let Err(error) = checkpoints.save(head) {
            warn!("not saved: {}", Debug2Format(&error));
        }
    }
    Ok(())
}
