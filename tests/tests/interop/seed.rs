//! The seed of a run: new each time, and printed, so that `GRADLET_SEED` repeats it.
use std::{env, time::SystemTime};

pub(crate) fn seed() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_millis());
    let seed = env::var("GRADLET_SEED").unwrap_or_else(|_| now.to_string());
    println!("GRADLET_SEED={seed}");
    seed
}
