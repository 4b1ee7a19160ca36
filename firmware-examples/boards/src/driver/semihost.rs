//! Files of the host by semihosting, with no panic on the way: the `fs` and `io` modules of the
//! crate `semihosting` check their invariants with assertions, which an image that proves itself
//! free of panics cannot contain, so only the calls themselves come from there.
use core::ffi::CStr;
use semihosting::sys::arm_compat::syscall::{OperationNumber, ParamRegR, syscall_readonly};

/// `fopen`'s mode `wb`, as semihosting numbers it.
const WRITE_BINARY: usize = 5;

/// A file of the host, open for writing. Closed when dropped.
pub(crate) struct HostHandle(isize);

impl HostHandle {
    /// Creates the file, or empties the one that is there.
    pub(crate) fn create(name: &CStr) -> Option<Self> {
        let length = name.to_bytes().len();
        let block = [
            ParamRegR::c_str(name),
            ParamRegR::usize(WRITE_BINARY),
            ParamRegR::usize(length),
        ];
        // SAFETY: the block is what SYS_OPEN reads: the name, the mode, the name's length.
        let handle =
            unsafe { syscall_readonly(OperationNumber::SYS_OPEN, ParamRegR::ref_(&block)) };
        let handle = handle.usize() as isize;
        (handle != -1).then_some(Self(handle))
    }

    /// How many of the bytes the host took.
    pub(crate) fn write(&self, bytes: &[u8]) -> usize {
        let block = [
            ParamRegR::isize(self.0),
            ParamRegR::buf(bytes),
            ParamRegR::usize(bytes.len()),
        ];
        // SAFETY: the block is what SYS_WRITE reads: the handle, the bytes, their number.
        let left = unsafe { syscall_readonly(OperationNumber::SYS_WRITE, ParamRegR::ref_(&block)) };
        bytes.len().saturating_sub(left.usize())
    }
}

impl Drop for HostHandle {
    fn drop(&mut self) {
        let block = [ParamRegR::isize(self.0)];
        // SAFETY: the block is what SYS_CLOSE reads: the handle.
        let _ = unsafe { syscall_readonly(OperationNumber::SYS_CLOSE, ParamRegR::ref_(&block)) };
    }
}
