//! TensorFlow checkpoints without TensorFlow.
#![forbid(unsafe_code)]
