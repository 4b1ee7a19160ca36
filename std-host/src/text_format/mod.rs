//! Protocol buffers as text, the form of `checkpoint` files and of `.meta` files written as text.
//!
//! Both directions work between text and the *encoded* message and are driven by a table of field
//! names ([`Message`]), so that one table serves printing, parsing and every caller. What is
//! accepted and what is printed follow `google.protobuf.text_format` of Python, which TensorFlow
//! uses for these files; the bytes printed are the same.
//!
//! Nesting is limited to [`MAX_DEPTH`]; the memory used is a small multiple of the input.

mod escape;
mod float;
mod parse;
mod print;
mod schema;
mod token;
mod wire;

pub use float::{shortest_f32, shortest_f64};
pub use parse::parse;
pub use print::print;
pub use schema::{EnumType, Field, Kind, Label, Message};
pub use token::Position;

/// Messages nested deeper than this are refused, as protocol buffers do.
pub const MAX_DEPTH: usize = 100;

/// Why text is not a message, or an encoded message cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The text does not have the form of a message.
    #[error("{at}: expected {expected}, found {found}")]
    Unexpected {
        /// Line and column.
        at: Position,
        /// What could stand there.
        expected: String,
        /// What does.
        found: String,
    },
    /// A name that the message does not have.
    #[error("{at}: message {message} has no field `{name}`")]
    UnknownField {
        /// Line and column.
        at: Position,
        /// Name of the message.
        message: &'static str,
        /// The name found.
        name: String,
    },
    /// A string literal cannot be decoded.
    #[error("{at}: {reason} in a string")]
    BadString {
        /// Line and column of the literal.
        at: Position,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Messages nested deeper than [`MAX_DEPTH`].
    #[error("{at}: messages are nested deeper than {MAX_DEPTH}")]
    TooDeep {
        /// Line and column.
        at: Position,
    },
    /// An encoded message that ends early or has an impossible field.
    #[error("byte {offset} of the encoded {message}: {reason}")]
    BadWire {
        /// Where in the innermost message the fault lies.
        offset: usize,
        /// Name of that message.
        message: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}
