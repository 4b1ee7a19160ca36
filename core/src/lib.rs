//! Training on microcontrollers with TensorFlow's own numbers.
#![no_std]
#![deny(unsafe_code)]
