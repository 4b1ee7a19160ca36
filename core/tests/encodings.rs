//! Encodings: each is chosen only where it is smaller, lossy ones keep what they promise, and what
//! is not as its encoding says is refused. That every bit comes back is in `round_trip.rs`.

mod bag;
mod random;

use bag::{Bag, Elements};
use gradlet::Crc32c;
use gradlet::checkpoint::{
    Checkpoint, Choice, DecodeError, Decoder, Encoder, Encoding, Event, Fault,
};
use random::{Random, crc32c, decoded, elements, raw_bytes};

#[test]
fn an_untouched_slot_costs_its_one_element() {
    let bag = Bag::default().with("slot", Elements::F32(vec![0.1; 10_000]));
    let bytes = bag.encode(Encoder::new(), 64);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let tensor = checkpoint.tensor("slot").unwrap();
    assert_eq!(tensor.info.encoding, Encoding::Constant);
    assert_eq!(tensor.stored, 0.1f32.to_le_bytes());
    assert_eq!(tensor.in_place(), None);
    assert!(bytes.len() < 80, "{} bytes", bytes.len());
}

#[test]
fn a_slot_of_dead_features_costs_what_lives() {
    // 64 features of 10 classes, every fourth one alive.
    let slot: Vec<f32> = (0..640)
        .map(|index| {
            let alive = index / 10 % 4 == 1;
            if alive { index as f32 } else { 0.0 }
        })
        .collect();
    let bag = Bag::default().with("slot", Elements::F32(slot));
    let bytes = bag.encode(Encoder::new(), 64);
    let tensor = Checkpoint::parse(&bytes).unwrap().tensor("slot").unwrap();
    assert_eq!(tensor.info.encoding, Encoding::ZeroRuns);
    assert!(
        tensor.stored.len() <= 16 * (40 + 2) + 2,
        "{} bytes for 16 rows of 40",
        tensor.stored.len()
    );
}

fn always(choice: Choice) -> Encoder {
    Encoder::new().choosing(match choice {
        Choice::Raw => |_| Choice::Raw,
        Choice::Bf16 => |_| Choice::Bf16,
        Choice::Blocks8 => |_| Choice::Blocks8,
        _ => |_| Choice::Smallest,
    })
}

fn noise(len: usize) -> Vec<f32> {
    let mut random = Random(7);
    (0..len)
        .map(|_| random.next() as f32 / 1e9 - 1.07)
        .collect()
}

#[test]
fn lossy_encodings_keep_what_they_promise() {
    let weights = noise(1000);
    for (choice, encoding, stored, relative) in [
        (Choice::Bf16, Encoding::Bf16, 2000, 1.0 / 256.0),
        (Choice::Blocks8, Encoding::Blocks8, 1000 + 32 * 2, f64::MAX),
    ] {
        let bag = Bag::default().with("weights", Elements::F32(weights.clone()));
        let bytes = bag.encode(always(choice), 64);
        for size in [1, 2, 3, 5, 33, 34, 35, 63, 4096] {
            assert_eq!(bag.encode(always(choice), size), bytes, "slices of {size}");
        }
        let tensor = Checkpoint::parse(&bytes)
            .unwrap()
            .tensor("weights")
            .unwrap();
        assert_eq!(tensor.info.encoding, encoding);
        assert_eq!(tensor.stored.len(), stored);
        let back = decoded(&tensor);
        assert_eq!(tensor.crc32c, crc32c(&back));
        let back: Vec<f32> = back
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect();
        assert_eq!(back.len(), weights.len());
        for (block, originals) in back.chunks(32).zip(weights.chunks(32)) {
            let largest = originals.iter().fold(0.0f32, |a, b| a.max(b.abs()));
            for (&x, &original) in block.iter().zip(originals) {
                let error = (f64::from(x) - f64::from(original)).abs();
                assert!(
                    error <= 0.004 * f64::from(largest),
                    "{original} came as {x}"
                );
                assert!(error <= relative * f64::from(original.abs()));
            }
        }
    }
}

#[test]
fn what_was_rounded_to_bfloat16_loses_nothing_when_it_is_written_again() {
    let bag = Bag::default().with("weights", Elements::F32(noise(100)));
    let first = bag.encode(always(Choice::Bf16), 64);
    let first = Checkpoint::parse(&first)
        .unwrap()
        .tensor("weights")
        .unwrap();
    let back = decoded(&first);
    let back = back.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x));
    let again = Bag::default().with("weights", Elements::F32(back.collect()));
    let again = again.encode(always(Choice::Bf16), 64);
    let again = Checkpoint::parse(&again)
        .unwrap()
        .tensor("weights")
        .unwrap();
    assert_eq!(again, first);
}

#[test]
fn no_choice_costs_more_than_the_smallest_lossless_encoding_and_none_fails() {
    let mut random = Random(3);
    for _ in 0..300 {
        let bag = Bag::default().with("x", elements(&mut random));
        let smallest = bag.encode(always(Choice::Smallest), 4096);
        for choice in [Choice::Bf16, Choice::Blocks8] {
            let bytes = bag.encode(always(choice), 4096);
            assert!(bytes.len() <= smallest.len());
            let tensor = Checkpoint::parse(&bytes).unwrap().tensor("x").unwrap();
            if !matches!(bag.members[0].elements, Elements::F32(_)) {
                assert!(tensor.info.encoding.is_lossless());
            }
        }
        let raw = bag.encode(always(Choice::Raw), 4096);
        let tensor = Checkpoint::parse(&raw).unwrap().tensor("x").unwrap();
        assert_eq!(
            tensor.in_place(),
            Some(&raw_bytes(&bag.members[0].elements.view())[..])
        );
    }
}

#[test]
fn numbers_that_blocks_cannot_hold_are_stored_without_loss() {
    for odd in [f32::NAN, f32::INFINITY, 2e38, -2e38] {
        let mut weights = noise(100);
        weights[77] = odd;
        let bag = Bag::default().with("weights", Elements::F32(weights));
        let bytes = bag.encode(always(Choice::Blocks8), 4096);
        let tensor = Checkpoint::parse(&bytes)
            .unwrap()
            .tensor("weights")
            .unwrap();
        assert!(tensor.info.encoding.is_lossless(), "{odd}");
    }
}

/// A checkpoint of one tensor `x`, built by the document's rules.
fn forged(dtype: u8, encoding: Encoding, dim: u32, payload: &[u8], crc: u32) -> Vec<u8> {
    let mut head = Vec::new();
    let mut left = dim;
    while left >= 128 {
        head.push(left as u8 | 0x80);
        left >>= 7;
    }
    head.extend([left as u8, b'x']);
    head.resize(head.len().next_multiple_of(4), 0);

    let mut bytes = vec![0x89, b'G', b'C', b'K', 1, 0, 0, 0];
    bytes.extend([1, head.len() as u8, dtype, 0x10 | encoding.number()]);
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(head);
    let mut structure = Crc32c::new();
    structure.update(&bytes);
    bytes.extend(payload);
    let behind = bytes.len();
    bytes.resize(behind.next_multiple_of(4), 0);
    bytes.extend(crc.to_le_bytes());
    bytes.extend([0xff, 0, 1, 0]);
    bytes.extend((bytes.len() as u32 + 8).to_le_bytes());
    structure.update(&bytes[behind..]);
    bytes.extend(structure.value().to_le_bytes());
    bytes
}

/// What the decoder says of a file that comes a byte at a time.
fn byte_by_byte(bytes: &[u8]) -> Option<DecodeError> {
    let mut decoder = Decoder::new();
    let advance = |mut byte: &[u8]| loop {
        match decoder.advance(&mut byte) {
            Ok(Event::More | Event::End) => return None,
            Ok(_) => {}
            Err(error) => return Some(error),
        }
    };
    bytes.chunks(1).find_map(advance)
}

#[test]
fn a_payload_that_is_not_as_its_encoding_says_is_refused() {
    let mut elements = vec![0u8; 100];
    elements[50] = 7;
    let crc = crc32c(&elements);
    let runs = |payload: &[u8]| forged(4, Encoding::ZeroRuns, 100, payload, crc);
    for (payload, why) in [
        (&[50, 1, 7, 49][..], "as a writer does it"),
        (
            &[50, 1, 7, 0x80 | 49, 0],
            "a longer varint is the same number",
        ),
        (&[20, 0, 30, 1, 7, 49], "runs may be split"),
    ] {
        let bytes = runs(payload);
        let checkpoint = Checkpoint::parse(&bytes).expect(why);
        assert_eq!(decoded(&checkpoint.tensor("x").unwrap()), elements, "{why}");
    }
    for (payload, why) in [
        (&[][..], "nothing"),
        (&[50], "no literals"),
        (&[50, 1], "the literal is missing"),
        (&[50, 1, 7], "zeros are missing"),
        (&[50, 1, 7, 48], "a zero is missing"),
        (&[50, 1, 7, 50], "a zero too many"),
        (&[50, 1, 7, 49, 0], "a byte too many"),
        (&[50, 51, 7, 49], "more literals than elements"),
        (&[101], "more zeros than elements"),
        (&[0xff, 0xff, 0xff, 0xff, 0x7f], "more than 32 bits"),
        (
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0],
            "a varint without an end",
        ),
    ] {
        let bytes = runs(payload);
        let error = Checkpoint::parse(&bytes).unwrap_err();
        assert_eq!(error.fault, Fault::Payload, "{why}: {error}");
        assert_eq!(byte_by_byte(&bytes), Some(error), "{why}, byte by byte");
    }
    let error = Checkpoint::parse(&runs(&[50, 1, 8, 49])).unwrap_err();
    assert!(matches!(error.fault, Fault::Checksum { .. }), "{error}");

    for scale in [0x0001u16, 0x8000, 0xbf80, 0x7f80, 0x7fc0, 0x7c00] {
        let mut payload = vec![0; 44];
        payload[..2].copy_from_slice(&scale.to_le_bytes());
        let bytes = forged(1, Encoding::Blocks8, 40, &payload, 0);
        let error = Checkpoint::parse(&bytes).unwrap_err();
        assert_eq!(error.fault, Fault::Payload, "scale {scale:04x}");
        assert_eq!(
            byte_by_byte(&bytes),
            Some(error),
            "scale {scale:04x}, byte by byte"
        );
    }

    for (dtype, encoding) in [(4, Encoding::Bf16), (9, Encoding::Blocks8)] {
        let error = Checkpoint::parse(&forged(dtype, encoding, 1, &[0; 3], 0)).unwrap_err();
        assert!(matches!(error.fault, Fault::Encoding { .. }), "{error}");
    }
    for (encoding, len) in [
        (Encoding::Raw, 36),
        (Encoding::Constant, 8),
        (Encoding::Bf16, 19),
        (Encoding::Blocks8, 10),
    ] {
        let bytes = forged(1, encoding, 10, &vec![0; len], 0);
        let error = Checkpoint::parse(&bytes).unwrap_err();
        assert!(matches!(error.fault, Fault::Length { .. }), "{error}");
    }
}

#[test]
fn a_few_bytes_that_stand_for_gigabytes_are_verified_at_once() {
    let element = 1.5f32.to_le_bytes();
    let megabytes = crc32c(&element.repeat(1 << 20));
    let bytes = forged(1, Encoding::Constant, 1 << 20, &element, megabytes);
    Checkpoint::parse(&bytes).expect("4 MiB of one element");

    for (encoding, payload) in [
        (Encoding::Constant, &element[..]),
        (Encoding::ZeroRuns, &[0xff, 0xff, 0xff, 0xff, 0x03]),
    ] {
        let most = (1 << 30) - 1;
        let error = Checkpoint::parse(&forged(1, encoding, most, payload, 0)).unwrap_err();
        let Fault::Checksum { found, .. } = error.fault else {
            panic!("{error}");
        };
        let bytes = forged(1, encoding, most, payload, found);
        let checkpoint = Checkpoint::parse(&bytes).unwrap();
        assert_eq!(checkpoint.tensor("x").unwrap().info.elements, most);

        let error = Checkpoint::parse(&forged(1, encoding, most + 1, payload, 0)).unwrap_err();
        assert_eq!(error.fault, Fault::Shape, "4 GiB are too many");
    }
}
