//! What a live TensorFlow makes of Gradlet's files. `cargo xtask interop` sets up what is needed:
//! a Python with TensorFlow (`GRADLET_PYTHON`), and the demo's result (`GRADLET_DEMO`).
mod demo;
mod heads;
#[cfg(target_arch = "x86_64")]
mod optimizers;
mod python;
mod seed;
