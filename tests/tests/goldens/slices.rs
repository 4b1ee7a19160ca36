//! Partitioned tensors: each stored slice, the whole, and boxes across slices.

use gradlet_host::bundle::{Layout, Reader};
use gradlet_host::{Extent, Slice, Tensor};
use gradlet_tests::golden::{Case, Golden};
use serde::Deserialize;

#[derive(Deserialize)]
struct Partitioned {
    key: String,
    full_shape: Vec<u64>,
    slices: Vec<StoredSlice>,
}

#[derive(Deserialize)]
struct StoredSlice {
    spec: Vec<(u64, i64)>,
    key_hex: String,
    shape: Vec<u64>,
}

impl StoredSlice {
    fn slice(&self) -> Slice {
        let extents: Vec<Extent> = self
            .spec
            .iter()
            .map(|&(start, length)| match u64::try_from(length) {
                Ok(length) => Extent::Range { start, length },
                Err(_) => Extent::Full,
            })
            .collect();
        Slice::new(extents)
    }
}

/// The bundles of the cases that describe their slices, by prefix.
fn partitioned(cases: &[Case]) -> Vec<(String, Vec<Partitioned>)> {
    let described = cases
        .iter()
        .flat_map(|case| case.fields.values())
        .filter_map(|field| {
            let prefix = field.get("prefix")?.as_str()?.to_owned();
            let slices = field.get("partitioned")?.clone();
            Some((
                prefix,
                serde_json::from_value(slices).expect("descriptions of slices"),
            ))
        });
    let described: Vec<_> = described.collect();
    assert!(!described.is_empty(), "no golden describes slices");
    described
}

/// The box `bounds` (start and length in each dimension) of `whole`, element by element.
fn cut(whole: &Tensor, bounds: &[(u64, u64)]) -> Vec<u8> {
    let size = whole.dtype().size().expect("numbers");
    let bytes = whole.bytes().expect("numbers");
    let count: u64 = bounds.iter().map(|&(_, length)| length).product();
    let mut cut = Vec::new();
    for number in 0..count {
        let (mut rest, mut place, mut stride) = (number, 0, 1);
        for (&(start, length), &dim) in bounds.iter().zip(whole.shape()).rev() {
            place += (start + rest % length) * stride;
            rest /= length;
            stride *= dim;
        }
        cut.extend_from_slice(&bytes[place as usize * size..][..size]);
    }
    cut
}

fn bounds(slice: &Slice, shape: &[u64]) -> Vec<(u64, u64)> {
    let bounds = slice
        .extents()
        .iter()
        .zip(shape)
        .map(|(extent, &dim)| match *extent {
            Extent::Full => (0, dim),
            Extent::Range { start, length } => (start, length),
        });
    bounds.collect()
}

#[test]
fn slices_are_listed_and_keyed_as_tensorflow_does() {
    let golden = Golden::load();
    for (prefix, tensors) in partitioned(golden.cases()) {
        let reader = Reader::open(golden.path(&prefix)).expect(&prefix);
        for tensor in tensors {
            let entry = reader.entry(&tensor.key).expect(&tensor.key);
            assert_eq!(
                entry.shape, tensor.full_shape,
                "{prefix}: shape of {}",
                tensor.key
            );
            let expected: Vec<Slice> = tensor.slices.iter().map(StoredSlice::slice).collect();
            assert_eq!(
                entry.layout,
                Layout::Sliced(expected),
                "{prefix}: {}",
                tensor.key
            );
            for stored in &tensor.slices {
                let key = stored.slice().encode_key(tensor.key.as_bytes());
                let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(hex, stored.key_hex, "{prefix}: key of {}", stored.slice());
                assert_eq!(reader.entry(&key).expect("the slice").shape, stored.shape);
            }
        }
    }
}

#[test]
fn every_box_of_a_partitioned_tensor_equals_that_part_of_the_whole() {
    let golden = Golden::load();
    for (prefix, tensors) in partitioned(golden.cases()) {
        let reader = Reader::open(golden.path(&prefix)).expect(&prefix);
        for tensor in tensors {
            let whole = reader.read(&tensor.key).expect(&tensor.key);
            for slice in boxes(&tensor) {
                let part = reader.read_slice(&tensor.key, &slice).expect(&tensor.key);
                let expected = cut(&whole, &bounds(&slice, &tensor.full_shape));
                assert_eq!(
                    part.bytes(),
                    Some(&expected[..]),
                    "{prefix}: {} {slice}",
                    tensor.key
                );
            }
        }
    }
}

/// The stored slices, and boxes that lie across their borders.
fn boxes(tensor: &Partitioned) -> Vec<Slice> {
    let mut boxes: Vec<Slice> = tensor.slices.iter().map(StoredSlice::slice).collect();
    for inset in [0, 1, 2] {
        let extents: Vec<Extent> = tensor
            .full_shape
            .iter()
            .map(|&dim| {
                let start = inset.min(dim - 1);
                let length = (dim - start).saturating_sub(inset).max(1);
                Extent::Range { start, length }
            })
            .collect();
        boxes.push(Slice::new(extents));
    }
    boxes
}
