//! Checkpoints over a lossy serial line.
//!
//! A checkpoint goes out in frames that each tell the whole story: which transfer, how long it is,
//! and where in it their bytes belong. So any frame can be lost, doubled, late or damaged, log
//! lines can run between them, and the receiver (`gradlet recv`) still knows exactly which bytes
//! it has. What is missing it asks for again, or, where the line goes only one way, it says so and
//! takes it from the next time the device sends.
//!
//! [`send`] is enough for a line that goes one way, [`serve`] for one that goes both ways:
//!
//! ```
//! # use gradlet::{Adam, Head, transport};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let head: Head<4, 3, Adam> = Head::new(Adam::new(0.01));
//! # let mut uart = [0u8; 2048];
//! transport::send(&head, head.global_step() as u16, &mut uart[..])?;
//! # Ok(())
//! # }
//! ```
//!
//! # Frames
//! Between two zero bytes, COBS (consistent overhead byte stuffing: no other byte is zero) of
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 1 | kind: 1 data, 2 request, 3 hello: a receiver that nothing has come to (all else 0) |
//! | 1 | 1 | version: 1 |
//! | 2 | 2 | transfer, a number of the sender's choice that tells it from the one before |
//! | 4 | 4 | bytes of the whole transfer |
//! | 8 | 4 | sequence number: the offset of the first byte |
//! | 12 | 0–236 | the bytes; in a request, a `u32`: how many bytes are wanted, 0 for "I have all" |
//! | – | 4 | CRC-32C of everything before it |
//!
//! Integers are little-endian. A frame costs 19 bytes beside its data: 8 % of a checkpoint.
//! What is transferred is a whole checkpoint and verified as such at the end: the frames' checksums
//! only decide what to ask for again.

mod cobs;
mod deframer;
mod frame;
mod replay;
mod sender;

pub use deframer::{Deframer, Received};
pub use frame::{Buffer, Frame, FrameFault, MOST_DATA};
pub use replay::Replay;
pub use sender::{Sender, ServeError, send, serve};
