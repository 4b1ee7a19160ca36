//! The device format: what is written is read, whatever the slices; what is damaged is refused.

use gradlet::checkpoint::{Checkpoint, Decoder, Encoder, Event, Fault, restore, write};
use gradlet::variable::{Collections, Name, Variable};
use gradlet::{Adam, Head, Variables};

fn head() -> Head<5, 3, Adam> {
    let mut head = Head::new(Adam::new(0.01));
    let mut kernel = [[0.0; 3]; 5];
    for (index, weight) in kernel.as_flattened_mut().iter_mut().enumerate() {
        *weight = index as f32 * 0.37 - 2.0;
    }
    head.assign(&kernel, &[0.5, -0.25, 0.125]);
    for label in [0, 1, 2, 1] {
        head.minimize(&[0.1, -0.2, 0.3, 0.0, 1.5], label).unwrap();
    }
    head
}

fn bytes_of(variables: &impl Variables) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    let len = write(variables, &mut bytes[..]).unwrap();
    bytes.truncate(len as usize);
    bytes
}

fn contents(variables: &impl Variables) -> Vec<(String, Vec<u8>)> {
    (0..variables.count())
        .map(|index| {
            let variable = variables.variable(index).unwrap();
            let mut bytes = vec![0; variable.view.byte_len()];
            variable.view.copy_le(0, &mut bytes);
            (variable.name.to_string(), bytes)
        })
        .collect()
}

#[test]
fn a_restored_head_has_every_bit_of_the_saved_one() {
    let saved = head();
    let bytes = bytes_of(&saved);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let names: Vec<_> = checkpoint
        .tensors()
        .map(|tensor| tensor.info.name)
        .collect();
    assert_eq!(
        names,
        [
            "beta1_power",
            "beta2_power",
            "global_step",
            "head/bias",
            "head/bias/Adam",
            "head/bias/Adam_1",
            "head/kernel",
            "head/kernel/Adam",
            "head/kernel/Adam_1",
        ]
    );
    let mut restored: Head<5, 3, Adam> = Head::new(Adam::new(0.01));
    let outcome = restore(&mut restored, &checkpoint).unwrap();
    assert_eq!((outcome.matched, outcome.unused), (9, 0));
    assert_eq!(contents(&restored), contents(&saved));
    assert_eq!(checkpoint.info().global_step, Some(4));
    assert_eq!(checkpoint.info().model_id, Some(saved.model_id()));
}

#[test]
fn slices_of_any_size_write_and_read_the_same_bytes() {
    let head = head();
    let whole = bytes_of(&head);
    for size in 1..70 {
        let mut encoder = Encoder::new();
        let mut bytes = Vec::new();
        loop {
            let mut out = vec![0xaa; size];
            let len = encoder.fill(&head, &mut out).unwrap();
            bytes.extend_from_slice(&out[..len]);
            if len < size {
                break;
            }
        }
        assert!(bytes == whole, "written in slices of {size}");

        let mut decoder = Decoder::new();
        let mut data = Vec::new();
        for mut slice in whole.chunks(size) {
            loop {
                match decoder.advance(&mut slice).unwrap() {
                    Event::More | Event::End => break,
                    Event::Data(bytes) => data.extend_from_slice(bytes),
                    Event::Repeated { element, count } => {
                        (0..count).for_each(|_| data.extend_from_slice(element));
                    }
                    _ => {}
                }
            }
        }
        decoder.finish().unwrap();
        let expected: Vec<u8> = contents(&head)
            .into_iter()
            .flat_map(|(_, bytes)| bytes)
            .collect();
        assert!(data == expected, "read in slices of {size}");
    }
}

#[test]
fn overhead_stays_within_24_bytes_a_tensor_and_48_a_file() {
    let head = head();
    let payload: usize = contents(&head)
        .iter()
        .map(|(name, data)| name.len() + data.len())
        .sum();
    let overhead = bytes_of(&head).len() - payload;
    assert!(overhead <= 48 + 24 * head.count(), "{overhead} bytes");
    let mut encoder = Encoder::new().at_time(1_700_000_000);
    assert!(encoder.fill(&Empty, &mut [0; 100]).unwrap() <= 48);
    let state = size_of::<Encoder>();
    assert!(state <= 160, "the encoder takes {state} bytes");
}

struct Empty;

impl Variables for Empty {
    fn count(&self) -> usize {
        0
    }
    fn variable(&self, _: usize) -> Option<Variable<'_>> {
        None
    }
    fn variable_mut(&mut self, _: usize) -> Option<gradlet::tensor::ViewMut<'_>> {
        None
    }
    fn global_step(&self) -> i64 {
        -1
    }
}

/// A variable of one byte type, to see padding.
struct Odd(Vec<u8>);

impl Variables for Odd {
    fn count(&self) -> usize {
        1
    }
    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        (index == 0).then(|| Variable {
            name: Name::new("odd"),
            shape: gradlet::tensor::Shape::vector(self.0.len()),
            collections: Collections::GLOBAL,
            view: gradlet::tensor::View::U8(&self.0),
        })
    }
    fn variable_mut(&mut self, _: usize) -> Option<gradlet::tensor::ViewMut<'_>> {
        None
    }
    fn global_step(&self) -> i64 {
        0
    }
}

#[test]
fn payloads_of_every_length_are_aligned_and_read_back() {
    for len in 0..20u8 {
        let odd = Odd((0..len).collect());
        let bytes = bytes_of(&odd);
        let checkpoint = Checkpoint::parse(&bytes).unwrap();
        let tensor = checkpoint.tensor("odd").unwrap();
        assert_eq!(tensor.in_place().unwrap(), odd.0);
        assert_eq!(tensor.offset % 4, 0);
        assert_eq!(bytes.len() % 4, 0);
    }
}

#[test]
fn every_truncation_is_noticed() {
    let bytes = bytes_of(&head());
    for len in 0..bytes.len() {
        let error = Checkpoint::parse(&bytes[..len]).unwrap_err();
        assert_eq!(error.fault, Fault::Truncated, "cut to {len} bytes");
        assert_eq!(
            error.offset as usize, len,
            "the offset is where the bytes end"
        );
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let mut bytes = bytes_of(&head());
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = Checkpoint::parse(&bytes).expect_err("a flipped bit");
        assert!(error.offset as usize <= bytes.len(), "{error}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn hostile_lengths_are_errors() {
    let bytes = bytes_of(&head());
    for (offset, value) in [(8 + 16 + 4, u32::MAX), (8 + 16 + 4, 1 << 31), (4, u32::MAX)] {
        let mut hostile = bytes.clone();
        hostile[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        Checkpoint::parse(&hostile).expect_err("a hostile length");
    }
    let mut state = 1u64;
    for _ in 0..20_000 {
        let mut hostile = bytes.clone();
        for _ in 0..8 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let len = hostile.len();
            hostile[(state >> 33) as usize % len.min(64)] = (state >> 20) as u8;
        }
        if hostile != bytes {
            Checkpoint::parse(&hostile).expect_err("random bytes");
        }
    }
}

#[test]
fn records_of_unknown_kinds_are_skipped() {
    let bytes = bytes_of(&Odd(vec![7, 6, 5, 4, 3]));
    // A record of kind 9 with a head of 4 bytes and a payload of 6, before the end record.
    let end = bytes.len() - 12;
    let mut extended = bytes[..end].to_vec();
    extended.extend([9, 4, 0, 0, 6, 0, 0, 0]);
    extended.extend([1, 2, 3, 4]);
    extended.extend([9, 9, 9, 9, 9, 9, 0, 0]);
    extended.extend([0; 4]);
    extended.extend([0xff, 0, 2, 0]);
    extended.extend((extended.len() as u32 + 8).to_le_bytes());
    // The structure is everything but payloads; the odd tensor's 5 bytes start at its offset.
    let at = Checkpoint::parse(&bytes)
        .unwrap()
        .tensor("odd")
        .unwrap()
        .offset as usize;
    let mut structure = gradlet::Crc32c::new();
    structure.update(&extended[..at]);
    structure.update(&extended[at + 5..end + 12]);
    structure.update(&extended[end + 18..]);
    extended.extend(structure.value().to_le_bytes());
    let checkpoint = Checkpoint::parse(&extended).unwrap();
    assert_eq!(checkpoint.tensors().count(), 1);
    assert_eq!(checkpoint.len(), extended.len());
}

#[test]
fn a_checkpoint_of_another_model_changes_nothing() {
    let bytes = bytes_of(&head());
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let mut other: Head<6, 3, Adam> = Head::new(Adam::new(0.01));
    let before = contents(&other);
    let error = restore(&mut other, &checkpoint).unwrap_err();
    assert!(error.to_string().contains("shape"), "{error}");
    assert_eq!(contents(&other), before);
    assert_ne!(other.model_id(), head().model_id());
}
