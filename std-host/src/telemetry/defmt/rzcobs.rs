//! Reverse zero-compressing COBS, in which a frame holds no zero.

/// What a frame without its final zero holds; `None` if it is torn.
pub(super) fn decode(frame: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(frame.len());
    let mut bytes = frame.iter().rev().copied();
    while let Some(code) = bytes.next() {
        match code {
            0 => return None,
            // Seven bytes: a bit says which are zero.
            0x01..=0x7f => {
                for bit in (0..7).rev() {
                    let is_zero = code & 1 << bit != 0;
                    decoded.push(if is_zero { 0 } else { bytes.next()? });
                }
            }
            // A zero and a run without.
            0x80..=0xfe => {
                decoded.push(0);
                for _ in 0..(code & 0x7f) + 7 {
                    decoded.push(bytes.next()?);
                }
            }
            0xff => {
                for _ in 0..134 {
                    decoded.push(bytes.next()?);
                }
            }
        }
    }
    decoded.reverse();
    Some(decoded)
}
