//! Less memory: Adam's slots in 8 bits each instead of 32, and the optimizer's steps one by one,
//! with a penalty on the weights and a limit to the gradients between them. In the end it counts
//! which digits are taken for others.
#![no_std]
#![no_main]

use board::{Board, Value, figure};
use gradlet::loss::SoftmaxCrossEntropy;
use gradlet::metrics::ConfusionMatrix;
use gradlet::optimizer::{Compact, Moments8};
use gradlet::{Adam, Head, L1L2, Owned, checkpoint};
use wand::{CLASSES, FEATURES, Wand};

type Optimizer = Compact<Adam, Moments8>;

static HEAD: Owned<Head<FEATURES, CLASSES, Optimizer>> = Owned::new();
static CONFUSION: Owned<ConfusionMatrix<CLASSES>> = Owned::new();

/// What large weights cost.
const PENALTY: L1L2 = L1L2 { l1: 0.0, l2: 1e-4 };

board::main!(run);

fn run(mut board: Board) -> Result<(), &'static str> {
    let adam = Optimizer::new(Adam::new(wand::LEARNING_RATE));
    let head = HEAD.init(adam).map_err(|_| "the head is taken")?;
    let confusion = CONFUSION.take().map_err(|_| "the matrix is taken")?;
    head.assign(&wand::KERNEL, &wand::BIAS);
    figure("head_ram", size_of_val(head) as u32, "byte");

    let mut wand = Wand::new()?;
    figure(
        "accuracy_before",
        wand.accuracy(|features| head.predict(features))?,
        "%",
    );
    for step in 0.. {
        let Some(batch) = wand.batch(step)? else {
            break;
        };
        head.compute_batch_gradients(batch, &SoftmaxCrossEntropy)
            .map_err(|_| "the batch is empty")?
            .kernel_regularizer(PENALTY)
            .clip_by_global_norm(1.0)
            .apply_gradients();
    }
    wand.each_test(|features, label| confusion.update(label, head.predict(features)))?;
    figure("accuracy_after", confusion.accuracy() * 100.0, "%");
    for class in 0..CLASSES {
        figure("recall", confusion.recall(class) * 100.0, "%");
    }
    figure("state_crc32c", Value::Bits(fingerprint::of(head)), "crc32c");

    let file = board
        .open(c"checkpoint.gck")
        .map_err(|error| error.as_str())?;
    let bytes = checkpoint::write(head, file).map_err(|_| "the checkpoint was not written")?;
    figure("checkpoint", bytes, "byte");
    Ok(())
}
