//! Checkpoints in a flash whose driver is C's.
use std::ffi::c_void;
use std::mem::MaybeUninit;

use gradlet_c::shape::{GRADLET_FLASH_ERASE_SIZE, GRADLET_FLASH_WRITE_SIZE};
use gradlet_c::*;

const BLOCKS: usize = 8;
const OPTIONS: gradlet_manager_options = gradlet_manager_options {
    max_to_keep: 3,
    checkpoint_interval: 0,
};

/// A flash of C's: it keeps the rules of NOR, or refuses.
struct Device {
    cells: Vec<u8>,
    works: bool,
}

impl Device {
    fn new(content: u8) -> Self {
        Self {
            cells: vec![content; BLOCKS * GRADLET_FLASH_ERASE_SIZE],
            works: true,
        }
    }

    fn flash(&mut self) -> gradlet_flash {
        gradlet_flash {
            capacity: self.cells.len() as u32,
            context: (&raw mut *self).cast(),
            read: Some(read),
            write: Some(write),
            erase: Some(erase),
        }
    }
}

extern "C" fn read(context: *mut c_void, offset: u32, bytes: *mut u8, length: usize) -> i32 {
    // SAFETY: the context is a device, the bytes are the library's.
    let (device, bytes) = unsafe {
        let device = &*context.cast::<Device>();
        (device, std::slice::from_raw_parts_mut(bytes, length))
    };
    bytes.copy_from_slice(&device.cells[offset as usize..offset as usize + length]);
    0
}

extern "C" fn write(context: *mut c_void, offset: u32, bytes: *const u8, length: usize) -> i32 {
    // SAFETY: the context is a device, the bytes are the library's.
    let (device, bytes) = unsafe {
        let device = &mut *context.cast::<Device>();
        (device, std::slice::from_raw_parts(bytes, length))
    };
    let offset = offset as usize;
    for number in [offset, length] {
        assert!(number.is_multiple_of(GRADLET_FLASH_WRITE_SIZE));
    }
    for (cell, byte) in device.cells[offset..offset + length].iter_mut().zip(bytes) {
        assert_eq!(*cell, 0xFF, "a unit is written twice");
        *cell = *byte;
    }
    i32::from(!device.works)
}

extern "C" fn erase(context: *mut c_void, from: u32, to: u32) -> i32 {
    // SAFETY: the context is a device.
    let device = unsafe { &mut *context.cast::<Device>() };
    device.cells[from as usize..to as usize].fill(0xFF);
    i32::from(!device.works)
}

/// What a `static` of C's is.
fn zeroed<T>() -> Box<T> {
    // SAFETY: zeros are a value of the library's objects, as the header says.
    Box::new(unsafe { std::mem::zeroed() })
}

fn open(device: &mut Device, options: &gradlet_manager_options) -> Box<gradlet_manager> {
    let mut manager = zeroed();
    let status = gradlet_manager_open(Some(&mut manager), Some(&device.flash()), Some(options));
    assert_eq!(status, gradlet_status::Ok);
    manager
}

fn head() -> Box<gradlet_head> {
    let adam = gradlet_adam {
        learning_rate: 0.01,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
    };
    let mut head = zeroed();
    assert_eq!(
        gradlet_head_init(Some(&mut head), Some(&adam)),
        gradlet_status::Ok
    );
    head
}

fn train(head: &mut gradlet_head, label: u32) {
    let quantization = gradlet_quantization {
        scale: 0.05,
        zero_point: -128,
    };
    let features = gradlet_features {
        values: std::array::from_fn(|index| (index * 3) as i8),
    };
    let (head, features) = (Some(head), Some(&features));
    let status = gradlet_head_minimize(head, features, Some(&quantization), label, None);
    assert_eq!(status, gradlet_status::Ok);
}

fn crc32c(head: &gradlet_head) -> u32 {
    let mut crc = MaybeUninit::uninit();
    assert_eq!(
        gradlet_head_crc32c(Some(head), Some(&mut crc)),
        gradlet_status::Ok
    );
    // SAFETY: the call has succeeded.
    unsafe { crc.assume_init() }
}

#[test]
fn what_was_saved_is_there_after_a_restart() {
    let mut device = Device::new(0xFF);
    let (mut manager, mut trained) = (open(&mut device, &OPTIONS), head());
    let status = gradlet_manager_restore(Some(&mut manager), Some(&mut trained));
    assert_eq!(status, gradlet_status::NoCheckpoint);
    for number in 1..=5 {
        train(&mut trained, number);
        let mut counter = MaybeUninit::uninit();
        let status = gradlet_manager_save(Some(&mut manager), Some(&trained), Some(&mut counter));
        assert_eq!(status, gradlet_status::Ok);
        // SAFETY: the call has succeeded.
        assert_eq!(unsafe { counter.assume_init() }, number);
    }

    let (mut manager, mut restored) = (open(&mut device, &OPTIONS), head());
    let status = gradlet_manager_restore(Some(&mut manager), Some(&mut restored));
    assert_eq!(status, gradlet_status::Ok);
    assert_eq!(crc32c(&restored), crc32c(&trained));
}

#[test]
fn a_save_that_comes_too_early_writes_nothing() {
    let mut device = Device::new(0xFF);
    let options = gradlet_manager_options {
        checkpoint_interval: 10,
        ..OPTIONS
    };
    let (mut manager, mut head) = (open(&mut device, &options), head());
    let mut counters = Vec::new();
    for _ in 0..12 {
        train(&mut head, 1);
        let mut counter = MaybeUninit::uninit();
        let status = gradlet_manager_save(Some(&mut manager), Some(&head), Some(&mut counter));
        assert_eq!(status, gradlet_status::Ok);
        // SAFETY: the call has succeeded.
        counters.push(unsafe { counter.assume_init() });
    }
    assert_eq!(counters, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
}

#[test]
fn what_is_not_the_managers_is_given_up_only_when_it_is_told_to() {
    let mut device = Device::new(0x5A);
    let mut manager = zeroed::<gradlet_manager>();
    let before = device.cells.clone();
    let status = gradlet_manager_open(Some(&mut manager), Some(&device.flash()), Some(&OPTIONS));
    assert_eq!(status, gradlet_status::Foreign);
    assert_eq!(device.cells, before);
    let status = gradlet_manager_save(Some(&mut manager), Some(&head()), None);
    assert_eq!(status, gradlet_status::NotInitialized);
    let status = gradlet_manager_format(Some(&mut manager), Some(&device.flash()), Some(&OPTIONS));
    assert_eq!(status, gradlet_status::Ok);
    let status = gradlet_manager_save(Some(&mut manager), Some(&head()), None);
    assert_eq!(status, gradlet_status::Ok);
}

#[test]
fn what_the_flash_cannot_do_is_reported() {
    let mut device = Device::new(0xFF);
    let mut manager = open(&mut device, &OPTIONS);
    device.works = false;
    let status = gradlet_manager_save(Some(&mut manager), Some(&head()), None);
    assert_eq!(status, gradlet_status::FlashFailed);

    let mut manager = zeroed::<gradlet_manager>();
    let mut flash = device.flash();
    flash.erase = None;
    let status = gradlet_manager_open(Some(&mut manager), Some(&flash), Some(&OPTIONS));
    assert_eq!(status, gradlet_status::Null);
    let status = gradlet_manager_open(Some(&mut manager), None, Some(&OPTIONS));
    assert_eq!(status, gradlet_status::Null);
    for capacity in [0, 1, GRADLET_FLASH_ERASE_SIZE as u32] {
        let mut flash = device.flash();
        flash.capacity = capacity;
        let status = gradlet_manager_open(Some(&mut manager), Some(&flash), Some(&OPTIONS));
        assert_eq!(status, gradlet_status::RegionTooSmall, "{capacity} bytes");
    }
    let status = gradlet_manager_restore(None, Some(&mut head()));
    assert_eq!(status, gradlet_status::Null);
}
