//! `std-host/TENSORFLOW.md` against TensorFlow.
use crate::session::call;
use serde_json::json;
use xtask::root;

#[test]
fn every_call_on_the_page_is_tensorflows() {
    let page = root::repository().join("std-host/TENSORFLOW.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let spans = page.split('`').skip(1).step_by(2);
    let names: Vec<&str> = spans
        .filter(|span| span.starts_with("tf.") && !span.contains(' '))
        .collect();
    assert!(names.len() > 50, "only {} names were found", names.len());
    let missing: Vec<String> = call("names.missing", json!({ "names": names }));
    assert!(missing.is_empty(), "TensorFlow has no {missing:?}");
}
