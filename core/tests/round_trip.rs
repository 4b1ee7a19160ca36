//! Every bit comes back, whatever the elements and the slices: in every encoding of this build, and
//! in the raw one alone where there is no other. What is encoded otherwise is then refused.

mod bag;
mod random;

use bag::Bag;
use gradlet::checkpoint::{Checkpoint, Decoder, Encoder, Encoding, Event};
use random::{Random, crc32c, decoded, elements, raw_bytes};

const SLICES: [usize; 5] = [1, 2, 3, 7, 64];

/// The elements of all tensors, from a decoder whose input comes in slices of `size` bytes.
fn decoded_in_slices(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut decoder = Decoder::new();
    let mut data = Vec::new();
    let mut element_size = 0;
    for mut slice in bytes.chunks(size) {
        loop {
            match decoder.advance(&mut slice).unwrap() {
                Event::More | Event::End => break,
                Event::Tensor(info) => element_size = info.dtype.size(),
                Event::Data(bytes) => {
                    assert_eq!(bytes.len() % element_size, 0, "elements come whole");
                    data.extend_from_slice(bytes);
                }
                Event::Repeated { element, count } => {
                    assert_eq!(element.len(), element_size);
                    (0..count).for_each(|_| data.extend_from_slice(element));
                }
                _ => {}
            }
        }
    }
    decoder.finish().unwrap();
    data
}

#[test]
fn lossless_encodings_give_back_every_bit_in_slices_of_any_size() {
    let mut random = Random(1);
    let mut seen = [0; 3];
    for _ in 0..400 {
        let bag = Bag::default()
            .with("first", elements(&mut random))
            .with("second", elements(&mut random));
        let bytes = bag.encode(Encoder::new(), 4096);

        let checkpoint = Checkpoint::parse(&bytes).unwrap();
        for (member, tensor) in bag.members.iter().zip(checkpoint.tensors()) {
            let expected = raw_bytes(&member.elements.view());
            assert_eq!(decoded(&tensor), expected, "{:?}", tensor.info);
            assert_eq!(tensor.crc32c, crc32c(&expected), "TensorFlow's checksum");
            assert!(tensor.stored.len() <= expected.len());
            seen[tensor.info.encoding as usize] += 1;
        }

        let expected: Vec<u8> = bag
            .members
            .iter()
            .flat_map(|member| raw_bytes(&member.elements.view()))
            .collect();
        let other = 1 + random.below(90) as usize;
        for size in SLICES.into_iter().chain([other]) {
            let written = bag.encode(Encoder::new(), size);
            assert!(written == bytes, "written in slices of {size}");
            let read = decoded_in_slices(&bytes, size);
            assert!(read == expected, "read in slices of {size}");
        }
    }
    let [raw, others @ ..] = seen;
    let enough = |count| count > 20;
    assert!(enough(raw), "{seen:?}");
    if Encoding::Constant.is_built() {
        assert!(others.into_iter().all(enough), "{seen:?}");
    } else {
        assert_eq!(others, [0, 0], "nothing else is written");
    }
}

/// A reader of the raw encoding alone.
#[cfg(not(feature = "encodings"))]
mod raw_alone {
    use super::*;
    use bag::Elements;
    use gradlet::checkpoint::{DecodeError, Fault};

    /// What the decoder says of a file in slices of `size` bytes.
    fn refusal(bytes: &[u8], size: usize) -> DecodeError {
        let mut decoder = Decoder::new();
        for mut slice in bytes.chunks(size) {
            loop {
                match decoder.advance(&mut slice) {
                    Ok(Event::More) => break,
                    Ok(Event::End) => panic!("the file was read to its end"),
                    Ok(_) => {}
                    Err(error) => return error,
                }
            }
        }
        panic!("the file was not refused");
    }

    /// Where the records of a file start, by the document's rules.
    fn records(bytes: &[u8]) -> Vec<usize> {
        let word = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize;
        let fields = u16::from_le_bytes([bytes[6], bytes[7]]);
        let mut at = 8 + usize::from(fields);
        let mut starts = Vec::new();
        while bytes[at] != 0xff {
            starts.push(at);
            let head_len = usize::from(bytes[at + 1]);
            at += 8 + head_len + word(at + 4).next_multiple_of(4) + 4;
        }
        starts
    }

    #[test]
    fn a_checkpoint_with_another_encoding_is_refused_where_its_first_one_is() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/gck/v1.gck");
        let bytes = std::fs::read(path).unwrap();
        let encoding = |at: usize| bytes[at + 3] & 15;
        let first = records(&bytes).into_iter().find(|&at| encoding(at) != 0);
        let offset = first.expect("a file with all encodings");
        let found = encoding(offset);
        let expected = DecodeError {
            offset: offset as u32,
            fault: Fault::Encoding { found },
        };
        assert_eq!(Checkpoint::parse(&bytes).unwrap_err(), expected);
        for size in SLICES {
            assert_eq!(refusal(&bytes, size), expected, "in slices of {size}");
        }
    }

    #[test]
    fn every_encoding_but_raw_is_refused() {
        let bag = Bag::default()
            .with("first", Elements::U8(vec![1, 2, 3]))
            .with("second", Elements::F32(vec![0.5; 40]));
        let bytes = bag.encode(Encoder::new(), 64);
        let second = records(&bytes)[1];
        for found in 1..16 {
            let mut other = bytes.clone();
            other[second + 3] |= found;
            let expected = DecodeError {
                offset: second as u32,
                fault: Fault::Encoding { found },
            };
            assert_eq!(Checkpoint::parse(&other).unwrap_err(), expected);
            for size in SLICES {
                assert_eq!(refusal(&other, size), expected, "in slices of {size}");
            }
        }
    }
}
