//! Instructions of a training step of a head, 64 features and 10 classes, and of its parts.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use bench::{Numbers, report, report_per};
use board::Board;
use core::hint::black_box;
use gradlet::loss::softmax_cross_entropy;
use gradlet::optimizer::Optimizer;
use gradlet::{Adam, Batch, Head, Owned, Quantization, Quantized};

board::main!(run);

const FEATURES: usize = 64;
const CLASSES: usize = 10;
/// Samples in a batch.
const SAMPLES: usize = 8;

const QUANTIZATION: Quantization = Quantization {
    scale: 1.0 / 64.0,
    zero_point: 3,
};

// One head at a time, so that the smallest board has room for it.
type Trained<O> = Head<FEATURES, CLASSES, O>;
static ADAM: Owned<Trained<Adam>> = Owned::new();
static BATCH: Owned<Batch<SAMPLES, FEATURES, CLASSES, i8>> = Owned::new();

fn run(_: Board) -> Result<(), &'static str> {
    let head = ADAM
        .init(Adam::new(0.01))
        .map_err(|_| "the head is taken")?;
    let batch = BATCH.init(QUANTIZATION).map_err(|_| "the batch is taken")?;

    let x = start(head);
    report("forward_64x10.instructions", || {
        black_box(head.logits(black_box(&x)));
    });
    let mut logits = head.logits(&x);
    report("softmax_10.instructions", || {
        black_box(softmax_cross_entropy(black_box(&mut logits), 3));
    });
    report("train_step_64x10.instructions", || {
        let _ = black_box(head.minimize(black_box(&x), 3));
    });
    let values = quantized(&mut Numbers::new(5));
    let features = Quantized {
        values: &values,
        quantization: QUANTIZATION,
    };
    report("train_step_64x10_int8.instructions", || {
        let _ = black_box(head.minimize(black_box(&features), 3));
    });

    let mut numbers = Numbers::new(6);
    for label in 0..SAMPLES {
        let row = quantized(&mut numbers);
        batch
            .push(&row, label)
            .map_err(|_| "the sample does not fit")?;
    }
    report_per(
        SAMPLES,
        "train_batch_of_8_64x10_int8.instructions_per_sample",
        || {
            let _ = black_box(head.minimize_batch(black_box(batch)));
        },
    );
    Ok(())
}

/// Assigns weights and takes three steps, so that no slot is what it was at first; returns the
/// features of the next sample, none of them zero.
fn start<O: Optimizer>(head: &mut Trained<O>) -> [f32; FEATURES] {
    let mut numbers = Numbers::new(4);
    let kernel = core::array::from_fn(|_| numbers.array());
    head.assign(&kernel, &numbers.array());
    for label in 0..3 {
        // A label below 10 is a class.
        let _ = head.minimize(&numbers.array::<FEATURES>(), label);
    }
    numbers.array()
}

fn quantized(numbers: &mut Numbers) -> [i8; FEATURES] {
    core::array::from_fn(|_| (numbers.number() * 100.0) as i8)
}
