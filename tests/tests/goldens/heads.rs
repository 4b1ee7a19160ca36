//! Losses, hidden layers and what is done to gradients are TensorFlow's.

use gradlet_tests::heads::Recorded;
use std::path::Path;

#[test]
fn losses_and_gradients_of_heads_are_tensorflows_but_for_roundings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/heads");
    let (compared, wrong) = Recorded::open(&folder).compare();
    assert!(compared > 0, "TensorFlow recorded nothing");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
