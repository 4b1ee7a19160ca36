//! What a live TensorFlow makes of Gradlet's files. `cargo xtask interop` sets up what is needed:
//! a Python with TensorFlow (`GRADLET_PYTHON`), and the demo's result (`GRADLET_DEMO`).
mod demo;
mod device_head;
mod examples;
mod files;
mod heads;
mod management;
mod names;
mod objects;
#[cfg(target_arch = "x86_64")]
mod optimizers;
mod prescribed;
mod python;
mod seed;
mod session;

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
