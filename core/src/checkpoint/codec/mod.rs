//! The encodings: what a payload's bytes mean.
//!
//! One file an encoding that is more than a copy; `choose` picks one, `pack` writes payloads and
//! `unpack` reads them, both a piece at a time.

pub(super) mod bf16;
pub(super) mod blocks8;
pub(super) mod choose;
pub(super) mod pack;
pub(super) mod unpack;
pub(super) mod zero_runs;

/// Runs `$body` with `$elements` bound to the elements of a view as arrays of bytes. Their order does
/// not matter here: what is asked is which are zero, and which are alike.
macro_rules! with_elements {
    ($view:expr, $elements:ident => $body:expr) => {{
        let bytes = $view.bytes();
        match $view.dtype().size() {
            1 => {
                let $elements = bytes.as_chunks::<1>().0;
                $body
            }
            2 => {
                let $elements = bytes.as_chunks::<2>().0;
                $body
            }
            4 => {
                let $elements = bytes.as_chunks::<4>().0;
                $body
            }
            _ => {
                let $elements = bytes.as_chunks::<8>().0;
                $body
            }
        }
    }};
}
use with_elements;
