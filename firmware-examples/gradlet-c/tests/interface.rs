//! What C gets back: a status for everything that it can do wrong, and a head that trains.
use std::ffi::c_void;
use std::mem::MaybeUninit;

use gradlet_c::shape::{GRADLET_BATCH, GRADLET_CLASSES};
use gradlet_c::*;

const ADAM: gradlet_adam = gradlet_adam {
    learning_rate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
};
const QUANTIZATION: gradlet_quantization = gradlet_quantization {
    scale: 0.05,
    zero_point: -128,
};

/// What a `static` of C's is.
fn zeroed<T>() -> Box<T> {
    // SAFETY: zeros are a value of the library's objects, as the header says.
    Box::new(unsafe { std::mem::zeroed() })
}

fn features(seed: usize) -> gradlet_features {
    let value = |index| ((index * 7 + seed * 13) % 97) as i8;
    gradlet_features {
        values: std::array::from_fn(value),
    }
}

fn crc32c(head: &gradlet_head) -> u32 {
    let mut crc = MaybeUninit::uninit();
    let status = gradlet_head_crc32c(Some(head), Some(&mut crc));
    assert_eq!(status, gradlet_status::Ok);
    // SAFETY: the call has succeeded.
    unsafe { crc.assume_init() }
}

fn trained() -> Box<gradlet_head> {
    let (mut head, mut batch) = (zeroed::<gradlet_head>(), zeroed::<gradlet_batch>());
    let head_status = gradlet_head_init(Some(&mut head), Some(&ADAM));
    let batch_status = gradlet_batch_init(Some(&mut batch), Some(&QUANTIZATION));
    assert_eq!([head_status, batch_status], [gradlet_status::Ok; 2]);
    for step in 0..5 {
        gradlet_batch_clear(Some(&mut batch));
        for sample in 0..GRADLET_BATCH {
            let (features, label) = (features(step + sample), sample % GRADLET_CLASSES);
            let status = gradlet_batch_push(Some(&mut batch), Some(&features), label as u32);
            assert_eq!(status, gradlet_status::Ok);
        }
        let status = gradlet_head_minimize_batch(Some(&mut head), Some(&mut batch), None);
        assert_eq!(status, gradlet_status::Ok);
    }
    head
}

extern "C" fn append(context: *mut c_void, bytes: *const u8, length: usize) -> i32 {
    // SAFETY: the context is a vector, the bytes are the library's.
    let (file, bytes) = unsafe {
        let file = &mut *context.cast::<Vec<u8>>();
        (file, std::slice::from_raw_parts(bytes, length))
    };
    file.extend_from_slice(bytes);
    0
}

extern "C" fn copy(context: *mut c_void, offset: u32, bytes: *mut u8, length: usize) -> i32 {
    // SAFETY: the context is a vector, the bytes are the library's.
    let (file, bytes) = unsafe {
        let file = &*context.cast::<Vec<u8>>();
        (file, std::slice::from_raw_parts_mut(bytes, length))
    };
    match file.get(offset as usize..offset as usize + length) {
        Some(part) => bytes.copy_from_slice(part),
        // What an erased flash reads as.
        None => bytes.fill(0xFF),
    }
    0
}

extern "C" fn refuse(_: *mut c_void, _: *const u8, _: usize) -> i32 {
    -5
}

extern "C" fn break_down(_: *mut c_void, _: u32, _: *mut u8, _: usize) -> i32 {
    -5
}

#[test]
fn null_is_answered_and_not_followed() {
    let mut head = trained();
    let null = gradlet_status::Null;
    assert_eq!(gradlet_head_init(None, Some(&ADAM)), null);
    assert_eq!(gradlet_head_init(Some(&mut head), None), null);
    assert_eq!(gradlet_head_assign(Some(&mut head), None), null);
    assert_eq!(
        gradlet_head_minimize_batch(Some(&mut head), None, None),
        null
    );
    assert_eq!(gradlet_batch_push(None, Some(&features(0)), 0), null);
    let context = std::ptr::null_mut();
    assert_eq!(
        gradlet_checkpoint_write(Some(&head), None, context, None),
        null
    );
    assert_eq!(
        gradlet_checkpoint_read(Some(&mut head), None, context),
        null
    );
}

#[test]
fn a_static_of_zeros_is_an_object_that_was_not_initialised() {
    let mut head = zeroed::<gradlet_head>();
    let mut batch = zeroed::<gradlet_batch>();
    let not_initialized = gradlet_status::NotInitialized;
    assert_eq!(
        gradlet_batch_push(Some(&mut batch), Some(&features(0)), 0),
        not_initialized
    );
    let (values, quantization) = (features(0), Some(&QUANTIZATION));
    let status = gradlet_head_minimize(Some(&mut head), Some(&values), quantization, 0, None);
    assert_eq!(status, not_initialized);
}

#[test]
fn what_a_head_cannot_do_it_refuses_unchanged() {
    let mut head = trained();
    let before = crc32c(&head);
    let (values, quantization) = (features(0), Some(&QUANTIZATION));
    let label = GRADLET_CLASSES as u32;
    let status = gradlet_head_minimize(Some(&mut head), Some(&values), quantization, label, None);
    assert_eq!(status, gradlet_status::Label);
    let mut batch = zeroed::<gradlet_batch>();
    gradlet_batch_init(Some(&mut batch), quantization);
    let status = gradlet_head_minimize_batch(Some(&mut head), Some(&mut batch), None);
    assert_eq!(status, gradlet_status::BatchEmpty);
    for _ in 0..GRADLET_BATCH {
        assert_eq!(
            gradlet_batch_push(Some(&mut batch), Some(&values), 1),
            gradlet_status::Ok
        );
    }
    let status = gradlet_batch_push(Some(&mut batch), Some(&values), 1);
    assert_eq!(status, gradlet_status::BatchFull);
    assert_eq!(crc32c(&head), before);
}

#[test]
fn a_checkpoint_brings_every_bit_back() {
    let head = trained();
    let (mut file, mut length) = (Vec::<u8>::new(), MaybeUninit::uninit());
    let context = (&raw mut file).cast();
    let status = gradlet_checkpoint_write(Some(&head), Some(append), context, Some(&mut length));
    assert_eq!(status, gradlet_status::Ok);
    // SAFETY: the call has succeeded.
    let length = unsafe { length.assume_init() };
    assert_eq!(length as usize, file.len());
    let mut announced = MaybeUninit::uninit();
    let status = gradlet_checkpoint_length(Some(&head), Some(&mut announced));
    assert_eq!(status, gradlet_status::Ok);
    // SAFETY: the call has succeeded.
    assert_eq!(unsafe { announced.assume_init() }, length);

    let mut restored = zeroed::<gradlet_head>();
    gradlet_head_init(Some(&mut restored), Some(&ADAM));
    let context = (&raw mut file).cast();
    let status = gradlet_checkpoint_read(Some(&mut restored), Some(copy), context);
    assert_eq!(status, gradlet_status::Ok);
    assert_eq!(crc32c(&restored), crc32c(&head));
}

#[test]
fn a_checkpoint_that_is_none_changes_nothing() {
    let mut head = trained();
    let before = crc32c(&head);
    let mut file = Vec::<u8>::new();
    let context = (&raw mut file).cast();
    let status = gradlet_checkpoint_write(Some(&head), Some(append), context, None);
    assert_eq!(status, gradlet_status::Ok);
    let middle = file.len() / 2;
    file[middle] ^= 1;
    for mut file in [file, Vec::new()] {
        let context = (&raw mut file).cast();
        let status = gradlet_checkpoint_read(Some(&mut head), Some(copy), context);
        assert_eq!(status, gradlet_status::Damaged);
    }
    assert_eq!(crc32c(&head), before);
}

#[test]
fn a_function_of_the_firmware_that_fails_is_reported() {
    let mut head = trained();
    let context = std::ptr::null_mut();
    let status = gradlet_checkpoint_write(Some(&head), Some(refuse), context, None);
    assert_eq!(status, gradlet_status::WriteFailed);
    let status = gradlet_checkpoint_read(Some(&mut head), Some(break_down), context);
    assert_eq!(status, gradlet_status::ReadFailed);
}
