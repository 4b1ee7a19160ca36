//! Loss and accuracy for TensorBoard, live: a line of the log is a point of a curve.
//! `gradlet telemetry` turns the lines into tfevents while the program runs.
#![no_std]
#![no_main]

use board::{Board, Value, figure, info};
use gradlet::{Adam, Head, Owned};
use wand::{CLASSES, FEATURES, Wand};

static HEAD: Owned<Head<FEATURES, CLASSES, Adam>> = Owned::new();

/// Steps between two looks at the accuracy, which costs more than training does.
const TEST_EVERY: i64 = 50;

board::main!(run);

fn run(_: Board) -> Result<(), &'static str> {
    let adam = Adam::with(wand::LEARNING_RATE, wand::BETA1, wand::BETA2, wand::EPSILON);
    let head = HEAD.init(adam).map_err(|_| "the head is taken")?;
    head.assign(&wand::KERNEL, &wand::BIAS);
    let mut wand = Wand::new()?;

    info!("training the head of wand_digits for {} steps", wand::STEPS);
    for step in 0.. {
        if head.global_step() % TEST_EVERY == 0 {
            let accuracy = wand.accuracy(|features| head.predict(features))?;
            info!(
                "scalar test/accuracy = {=f32} at step {=i64}",
                accuracy,
                head.global_step()
            );
        }
        let Some(batch) = wand.batch(step)? else {
            break;
        };
        let at = head.global_step();
        let loss = head
            .minimize_batch(batch)
            .map_err(|_| "the batch is empty")?;
        info!("scalar train/loss = {=f32} at step {=i64}", loss, at);
    }

    figure(
        "accuracy_after",
        wand.accuracy(|features| head.predict(features))?,
        "%",
    );
    figure("state_crc32c", Value::Bits(fingerprint::of(head)), "crc32c");
    Ok(())
}
