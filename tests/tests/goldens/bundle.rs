//! V2 bundles that TensorFlow wrote.

use gradlet_host::bundle::Reader;
use gradlet_host::{Elements, Tensor};
use gradlet_tests::golden::{Golden, GoldenBundle, GoldenTensor};
use sha2::{Digest, Sha256};

/// The manifest's hash of a tensor.
pub(crate) fn hash(tensor: &Tensor) -> String {
    let mut hash = Sha256::new();
    match tensor.view().elements {
        Elements::Bytes(bytes) => hash.update(bytes),
        Elements::Strings(strings) => {
            for string in strings.iter() {
                hash.update((string.len() as u64).to_le_bytes());
                hash.update(string);
            }
        }
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Compares a tensor with what the manifest says about it.
pub(crate) fn assert_tensor(about: &str, golden: &GoldenTensor, tensor: &Tensor) {
    let key = &golden.key;
    assert_eq!(
        tensor.dtype().name(),
        golden.dtype,
        "{about}: type of {key}"
    );
    assert_eq!(tensor.shape(), golden.shape, "{about}: shape of {key}");
    assert_eq!(hash(tensor), golden.sha256, "{about}: values of {key}");
}

#[test]
fn every_tensor_has_the_value_that_tensorflow_restored() {
    let golden = Golden::load();
    let mut seen = 0;
    for case in golden.cases() {
        for GoldenBundle {
            prefix, tensors, ..
        } in case.bundles()
        {
            if tensors.is_empty() {
                continue;
            }
            let reader = Reader::open(golden.path(&prefix)).expect(&prefix);
            let names: Vec<String> = reader
                .entries()
                .expect(&prefix)
                .iter()
                .map(|e| e.name.to_string())
                .collect();
            let expected: Vec<String> = tensors
                .iter()
                .map(|t| gradlet_host::Name::from(t.key.as_str()).to_string())
                .collect();
            assert_eq!(names, expected, "{prefix}: names in their order");
            for tensor in &tensors {
                let found = reader.read(&tensor.key).expect(&prefix);
                assert_tensor(&prefix, tensor, &found);
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "the manifest describes no tensors");
}
