//! Training and nothing else: a head on 64 features and 10 classes, softmax cross entropy, Adam.
//!
//! What it takes is the price of training in a firmware that has all the rest already.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::{Board, Value, figure};
use core::hint::black_box;
use gradlet::{Adam, Head, Owned};

static HEAD: Owned<Head<64, 10, Adam>> = Owned::new();
static FEATURES: Owned<[f32; 64]> = Owned::new();

board::main!(run);

fn run(_: Board) -> Result<(), &'static str> {
    let head = HEAD.init(Adam::new(0.01)).map_err(|_| "taken")?;
    let features = FEATURES.take().map_err(|_| "taken")?;
    let mut loss = 0.0;
    for step in 0..20 {
        let label = step % 10;
        for (index, feature) in features.iter_mut().enumerate() {
            *feature = (index * (label + 1) % 16) as f32;
        }
        loss = head
            .minimize(black_box(features), label)
            .map_err(|_| "no such class")?;
    }
    figure("loss", Value::Bits(loss.to_bits()), "bits");
    Ok(())
}
