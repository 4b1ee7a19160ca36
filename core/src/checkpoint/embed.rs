//! A checkpoint as a constant of the firmware.

/// The bytes of a checkpoint file, in flash, aligned so that its `f32` tensors can be used where
/// they lie; the path is relative to the file that says it, as for `include_bytes!`.
///
/// ```ignore
/// static SHIPPED: &[u8] = gradlet::include_checkpoint!("head.gck");
/// let checkpoint = Checkpoint::parse(SHIPPED)?;
/// restore(head, &checkpoint)?;
/// ```
#[macro_export]
macro_rules! include_checkpoint {
    ($path:expr $(,)?) => {{
        #[repr(C, align(8))]
        struct Aligned<T: ?Sized>(T);
        static CHECKPOINT: &Aligned<[u8]> = &Aligned(*include_bytes!($path));
        &CHECKPOINT.0
    }};
}
