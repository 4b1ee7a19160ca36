//! A checkpoint as a constant of the firmware.

/// The bytes of a checkpoint file, in flash, aligned so that its `f32` tensors can be used where
/// they lie ([`Tensor::as_f32`](crate::checkpoint::Tensor::as_f32)). The path is relative to the
/// file that says it, as for `include_bytes!`.
///
/// ```
/// # use gradlet::checkpoint::Checkpoint;
/// static SHIPPED: &[u8] =
///     gradlet::include_checkpoint!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/gck/v1.gck"));
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "encodings")] {
/// let checkpoint = Checkpoint::parse(SHIPPED)?;
/// let kernel = checkpoint.tensor("head/kernel").and_then(|tensor| tensor.as_f32());
/// assert_eq!(kernel.map(<[f32]>::len), Some(70)); // no copy was made
/// # }
/// # Ok(())
/// # }
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
