//! Restoring: by name, in any order, what was asked for, all or nothing.

mod bag;

use bag::{Bag, Elements};
use gradlet::checkpoint::{
    Checkpoint, Encoder, Fault, Match, ReadError, Restore, RestoreError, SinglePass, Unmatched,
    restore,
};
use gradlet::tensor::{DType, Shape};
use gradlet::variable::Collections;

fn weights() -> Elements {
    Elements::F32(vec![1.0, -2.0, 3.5, 0.0, 1e-20, 7.0])
}

fn saved() -> Bag {
    Bag::default()
        .with_shape("head/kernel", Shape::matrix(2, 3), weights())
        .with("head/bias", Elements::F32(vec![0.25; 40]))
        .with_shape("global_step", Shape::SCALAR, Elements::I64(vec![77]))
        .with("order", Elements::U8((0..200).collect()))
}

/// The same variables in another order, all zero.
fn zeroed() -> Bag {
    Bag::default()
        .with("order", Elements::U8(vec![0; 200]))
        .with_shape("global_step", Shape::SCALAR, Elements::I64(vec![0]))
        .with_shape(
            "head/kernel",
            Shape::matrix(2, 3),
            Elements::F32(vec![0.0; 6]),
        )
        .with("head/bias", Elements::F32(vec![0.0; 40]))
}

fn value<'a>(bag: &'a Bag, name: &str) -> &'a Elements {
    let member = bag.members.iter().find(|member| member.name == name);
    &member.expect("a member of the bag").elements
}

fn without(mut bag: Bag, name: &str) -> Bag {
    bag.members.retain(|member| member.name != name);
    bag
}

#[test]
fn variables_are_restored_by_name_in_any_order() {
    let bytes = saved().encode(Encoder::new(), 64);
    let mut bag = zeroed();
    let status = restore(&mut bag, &Checkpoint::parse(&bytes).unwrap()).unwrap();
    assert_eq!((status.matched, status.missing, status.unused), (4, 0, 0));
    status.assert_consumed().unwrap();
    for member in &saved().members {
        assert_eq!(
            value(&bag, &member.name),
            &member.elements,
            "{}",
            member.name
        );
    }
}

#[test]
fn the_checks_of_a_status_are_those_of_tf_train_checkpoint() {
    let bytes = saved().encode(Encoder::new(), 64);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let restore = |mut bag: Bag| Restore::new().assign(&mut bag, &checkpoint).unwrap();

    let all = restore(zeroed());
    assert_eq!(all.assert_consumed(), Ok(all));
    assert_eq!(all.assert_existing_objects_matched(), Ok(all));
    assert_eq!(all.assert_nontrivial_match(), Ok(all));

    let fewer = restore(without(zeroed(), "head/kernel"));
    let unused = Unmatched::Tensor {
        position: 0,
        count: 1,
    };
    assert_eq!(fewer.assert_consumed(), Err(unused));
    assert_eq!(fewer.assert_existing_objects_matched(), Ok(fewer));

    let more = restore(zeroed().with("head/new", Elements::F32(vec![9.0])));
    let missing = Unmatched::Variable { index: 4, count: 1 };
    assert_eq!(more.assert_consumed(), Err(missing));
    assert_eq!(more.assert_existing_objects_matched(), Err(missing));
    assert_eq!(more.assert_nontrivial_match(), Ok(more));

    let none = restore(Bag::default().with("other", Elements::F32(vec![9.0])));
    assert_eq!(none.assert_nontrivial_match(), Err(Unmatched::Everything));
    assert_eq!(none.expect_partial().matched, 0);
}

#[test]
fn a_variable_that_the_checkpoint_does_not_have_keeps_its_value() {
    let bytes = saved().encode(Encoder::new(), 64);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let mut bag = zeroed().with("head/new", Elements::F32(vec![9.0]));
    Restore::new().assign(&mut bag, &checkpoint).unwrap();
    assert_eq!(value(&bag, "head/new"), &Elements::F32(vec![9.0]));
    assert_eq!(value(&bag, "head/kernel"), &weights());

    let mut bag = zeroed().with("head/new", Elements::F32(vec![9.0]));
    let before = bag.clone();
    let error = restore(&mut bag, &checkpoint).unwrap_err();
    let missing = Unmatched::Variable { index: 4, count: 1 };
    assert_eq!(error, RestoreError::Unmatched(missing));
    assert_eq!(bag, before, "Saver.restore assigned nothing");
}

#[test]
fn a_list_of_names_restores_only_those() {
    let bytes = saved().encode(Encoder::new(), 64);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let mut bag = zeroed();
    let status = Restore::new()
        .only(&["head/bias", "order"])
        .require(Match::Existing)
        .assign(&mut bag, &checkpoint)
        .unwrap();
    assert_eq!((status.matched, status.unused), (2, 2));
    assert_eq!(value(&bag, "head/bias"), value(&saved(), "head/bias"));
    assert_eq!(value(&bag, "order"), value(&saved(), "order"));
    assert_eq!(value(&bag, "head/kernel"), value(&zeroed(), "head/kernel"));

    let error = Restore::new()
        .only(&["head/bias", "head/kernle"])
        .assign(&mut bag, &checkpoint)
        .unwrap_err();
    assert_eq!(error, RestoreError::NoSuchVariable { position: 1 });
}

#[test]
fn local_variables_are_neither_saved_nor_restored() {
    let mut with_local = saved().with("accuracy", Elements::F32(vec![0.5]));
    with_local.members[4].collections = Collections::LOCAL;
    let bytes = with_local.encode(Encoder::new(), 64);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    assert!(checkpoint.tensor("accuracy").is_none());
    let status = restore(&mut with_local, &checkpoint).unwrap();
    assert_eq!((status.matched, status.missing), (4, 0));
}

#[test]
fn another_shape_of_the_same_size_fits_only_if_asked_for() {
    let bytes = saved().encode(Encoder::new(), 64);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let flat = |len| Bag::default().with("head/kernel", Elements::F32(vec![0.0; len]));
    let mut bag = flat(6);
    let error = Restore::new().assign(&mut bag, &checkpoint).unwrap_err();
    assert_eq!(
        error,
        RestoreError::Shape {
            index: 0,
            expected: Shape::vector(6),
            found: Shape::matrix(2, 3)
        }
    );
    assert_eq!(bag, flat(6));
    Restore::new()
        .reshape()
        .assign(&mut bag, &checkpoint)
        .unwrap();
    assert_eq!(value(&bag, "head/kernel"), &weights());
    let error = Restore::new().reshape().assign(&mut flat(5), &checkpoint);
    assert!(matches!(error, Err(RestoreError::Shape { .. })));
}

#[test]
fn types_are_converted_only_if_asked_for_and_only_if_all_elements_fit() {
    let many = Elements::U32(vec![3; 50]);
    let saved = Bag::default()
        .with("x", Elements::F32(vec![1.0, 1.0 + 1.0 / 512.0, -3.0e38]))
        .with("n", Elements::I64(vec![-128, 127, 0]))
        .with("many", many);
    let bytes = saved.encode(Encoder::new(), 64);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let bag = || {
        Bag::default()
            .with("x", Elements::Bf16(vec![0; 3]))
            .with("n", Elements::I8(vec![0; 3]))
            .with("many", Elements::F32(vec![0.0; 50]))
    };
    let mut restored = bag();
    let error = Restore::new().assign(&mut restored, &checkpoint);
    assert_eq!(
        error,
        Err(RestoreError::DType {
            index: 0,
            expected: DType::Bf16,
            found: DType::F32
        })
    );
    assert_eq!(restored, bag());
    Restore::new()
        .convert()
        .assign(&mut restored, &checkpoint)
        .unwrap();
    assert_eq!(
        value(&restored, "x"),
        &Elements::Bf16(vec![0x3f80, 0x3f80, 0xff62])
    );
    assert_eq!(value(&restored, "n"), &Elements::I8(vec![-128, 127, 0]));
    assert_eq!(value(&restored, "many"), &Elements::F32(vec![3.0; 50]));

    let too_large = Bag::default()
        .with("ok", Elements::I64(vec![1]))
        .with("n", Elements::I64(vec![5, 128]));
    let bytes = too_large.encode(Encoder::new(), 64);
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let before = Bag::default()
        .with("ok", Elements::I64(vec![0]))
        .with("n", Elements::I8(vec![0; 2]));
    let mut bag = before.clone();
    let error = Restore::new().convert().assign(&mut bag, &checkpoint);
    let expected = RestoreError::OutOfRange {
        index: 1,
        element: 1,
    };
    assert_eq!(error, Err(expected));
    assert_eq!(bag, before, "nothing was assigned");

    let mut integers = Bag::default().with("ok", Elements::F32(vec![0.0]));
    Restore::new()
        .convert()
        .assign(&mut integers, &checkpoint)
        .unwrap();
    let floats = Bag::default().with("x", Elements::F32(vec![1.0]));
    let bytes = floats.encode(Encoder::new(), 64);
    let mut bag = Bag::default().with("x", Elements::I64(vec![0]));
    let error = Restore::new()
        .convert()
        .assign(&mut bag, &Checkpoint::parse(&bytes).unwrap());
    assert!(
        matches!(error, Err(RestoreError::DType { .. })),
        "a float is never made an integer"
    );
}

#[cfg(feature = "encodings")]
#[test]
fn lossy_tensors_are_restored_as_what_was_stored() {
    let encoder = Encoder::new().choosing(|_| gradlet::checkpoint::Choice::Blocks8);
    let bag = Bag::default().with(
        "x",
        Elements::F32((0..100).map(|i| (i as f32).sin()).collect()),
    );
    let bytes = bag.encode(encoder, 64);
    let mut restored = Bag::default().with("x", Elements::F32(vec![0.0; 100]));
    restore(&mut restored, &Checkpoint::parse(&bytes).unwrap()).unwrap();
    let (Elements::F32(expected), Elements::F32(found)) = (value(&bag, "x"), value(&restored, "x"))
    else {
        panic!("floats");
    };
    for (a, b) in expected.iter().zip(found) {
        assert!((a - b).abs() < 0.005, "{a} came back as {b}");
    }
}

/// A reader over bytes that gives at most `step` of them at once and can fail in the second pass.
#[derive(Clone)]
struct Tape<'a> {
    bytes: &'a [u8],
    at: usize,
    step: usize,
    second: Option<&'a [u8]>,
}

impl<'a> Tape<'a> {
    fn new(bytes: &'a [u8], step: usize) -> Self {
        Self {
            bytes,
            at: 0,
            step,
            second: None,
        }
    }
}

impl embedded_io::ErrorType for Tape<'_> {
    type Error = core::convert::Infallible;
}

impl embedded_io::Read for Tape<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        let rest = &self.bytes[self.at..];
        let len = out.len().min(self.step).min(rest.len());
        out[..len].copy_from_slice(&rest[..len]);
        self.at += len;
        Ok(len)
    }
}

impl embedded_io::Seek for Tape<'_> {
    fn seek(&mut self, position: embedded_io::SeekFrom) -> Result<u64, Self::Error> {
        match position {
            embedded_io::SeekFrom::Start(at) => {
                self.at = at as usize;
                self.bytes = self.second.take().unwrap_or(self.bytes);
            }
            embedded_io::SeekFrom::Current(0) => {}
            other => panic!("nobody seeks {other:?}"),
        }
        Ok(self.at as u64)
    }
}

#[test]
fn a_reader_is_restored_from_where_it_stands_and_not_one_byte_too_far() {
    let bytes = saved().encode(Encoder::new(), 64);
    let mut stream = b"before".to_vec();
    stream.extend(&bytes);
    stream.extend(b"behind");
    for step in [1, 2, 3, 7, 64, 1000] {
        let mut tape = Tape::new(&stream, step);
        tape.at = 6;
        let mut bag = zeroed();
        let status = Restore::new().read(&mut bag, &mut tape).unwrap();
        status.assert_consumed().unwrap();
        assert_eq!(tape.at, 6 + bytes.len(), "in steps of {step}");
        assert_eq!(value(&bag, "order"), value(&saved(), "order"));

        tape.at = 6;
        let mut bag = zeroed();
        let once = SinglePass(&mut tape);
        let status = Restore::new().read_once(&mut bag, once).unwrap();
        status.assert_consumed().unwrap();
        assert_eq!(tape.at, 6 + bytes.len(), "in steps of {step}, once");
        for member in &saved().members {
            assert_eq!(value(&bag, &member.name), &member.elements);
        }
    }
}

#[test]
fn whatever_is_wrong_with_a_seekable_checkpoint_nothing_is_assigned() {
    let bytes = saved().encode(Encoder::new(), 64);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let mut bag = zeroed();
        Restore::new()
            .read(&mut bag, Tape::new(&damaged, 64))
            .expect_err("damaged");
        assert_eq!(bag, zeroed(), "a flipped bit in byte {at}");
        Restore::new()
            .read(&mut bag, Tape::new(&bytes[..at], 64))
            .expect_err("torn");
        assert_eq!(bag, zeroed(), "torn at byte {at}");
    }
}

#[test]
fn a_single_pass_reports_the_damage_that_it_could_not_foresee() {
    let mut bytes = saved().encode(Encoder::new(), 64);
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    let mut bag = zeroed();
    let error = Restore::new().read_once(&mut bag, SinglePass(Tape::new(&bytes, 64)));
    assert!(
        matches!(error, Err(ReadError::Decode(error)) if matches!(error.fault, Fault::Checksum { .. })),
        "{error:?}"
    );
    assert_ne!(bag, zeroed(), "what came before is assigned, as documented");
}

#[test]
fn a_source_that_changes_between_the_passes_is_an_error() {
    let bytes = saved().encode(Encoder::new(), 64);
    let other = Bag::default()
        .with("head/kernel", Elements::F32(vec![0.5; 6]))
        .encode(Encoder::new(), 64);
    let mut tape = Tape::new(&bytes, 64);
    tape.second = Some(&other);
    let mut bag = zeroed();
    let error = Restore::new().read(&mut bag, tape).unwrap_err();
    assert!(
        matches!(error, ReadError::Restore(RestoreError::Shape { .. })),
        "{error:?}"
    );
}

#[test]
fn two_tensors_of_one_name_are_refused() {
    let twice = Bag::default()
        .with("x", Elements::F32(vec![1.0]))
        .with("y", Elements::F32(vec![2.0]));
    let mut bytes = twice.encode(Encoder::new(), 64);
    // Rename y to x and make the structure's checksum right again.
    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let offsets: Vec<_> = checkpoint.tensors().map(|t| t.offset as usize).collect();
    bytes[offsets[1] - 3] = b'x';
    let mut structure = gradlet::Crc32c::new();
    structure.update(&bytes[..offsets[0]]);
    structure.update(&bytes[offsets[0] + 4..offsets[1]]);
    structure.update(&bytes[offsets[1] + 4..bytes.len() - 4]);
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&structure.value().to_le_bytes());

    let checkpoint = Checkpoint::parse(&bytes).unwrap();
    let mut bag = Bag::default().with("x", Elements::F32(vec![0.0]));
    let error = restore(&mut bag, &checkpoint).unwrap_err();
    assert_eq!(error, RestoreError::Duplicate { index: 0 });
}

#[cfg(feature = "async")]
mod asynchronous {
    use super::*;
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    /// Drives a future whose I/O is never pending.
    fn ready<F: Future>(future: F) -> F::Output {
        let mut future = pin!(future);
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("tapes and vectors are never pending"),
        }
    }

    impl embedded_io_async::Read for Tape<'_> {
        async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
            embedded_io::Read::read(self, out)
        }
    }

    impl embedded_io_async::Seek for Tape<'_> {
        async fn seek(&mut self, position: embedded_io::SeekFrom) -> Result<u64, Self::Error> {
            embedded_io::Seek::seek(self, position)
        }
    }

    #[test]
    fn the_asynchronous_drivers_do_what_the_blocking_ones_do() {
        let expected = saved().encode(Encoder::new(), 64);
        let mut bytes = vec![0; expected.len()];
        let len = ready(gradlet::checkpoint::write_async(&saved(), &mut bytes[..])).unwrap();
        assert_eq!(len as usize, expected.len());
        assert_eq!(bytes, expected);

        let mut bag = zeroed();
        let tape = Tape::new(&bytes, 5);
        let status = ready(Restore::new().read_async(&mut bag, tape.clone())).unwrap();
        status.assert_consumed().unwrap();
        assert_eq!(value(&bag, "order"), value(&saved(), "order"));
        let mut bag = zeroed();
        let status = ready(Restore::new().read_once_async(&mut bag, SinglePass(tape))).unwrap();
        status.assert_consumed().unwrap();
        assert_eq!(value(&bag, "head/bias"), value(&saved(), "head/bias"));

        let torn = Tape::new(&bytes[..100], 5);
        let mut bag = zeroed();
        ready(Restore::new().read_async(&mut bag, torn)).unwrap_err();
        assert_eq!(bag, zeroed());
    }
}
