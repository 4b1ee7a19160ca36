//! How deep CBOR is nested.

/// Whether the items in `bytes`, read up to the first that is cut, are nested no more than `most`
/// deep.
pub(super) fn is_within(mut bytes: &[u8], most: usize) -> bool {
    // How many items are to come in each that is open; `None` up to a break.
    let mut open: Vec<Option<u64>> = Vec::new();
    while let Some((&head, rest)) = bytes.split_first() {
        bytes = rest;
        while open.last() == Some(&Some(0)) {
            open.pop();
        }
        if head == 0xff {
            open.pop();
            continue;
        }
        // An item of its parent, which is complete with its last one.
        if let Some(Some(left)) = open.last_mut() {
            *left -= 1;
        }
        let argument = match head & 0x1f {
            short @ 0..=23 => Some(u64::from(short)),
            long @ 24..=27 => {
                let Some((argument, rest)) = bytes.split_at_checked(1 << (long - 24)) else {
                    return true;
                };
                bytes = rest;
                let bytes = argument.iter();
                Some(bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
            }
            _ => None,
        };
        match (head >> 5, argument) {
            (2 | 3, Some(len)) => {
                let rest = usize::try_from(len).ok().and_then(|len| bytes.get(len..));
                let Some(rest) = rest else {
                    return true;
                };
                bytes = rest;
            }
            (2..=4, items) => open.push(items),
            (5, pairs) => open.push(pairs.map(|pairs| pairs.saturating_mul(2))),
            (6, _) => open.push(Some(1)),
            _ => {}
        }
        if open.len() > most {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_count_as_deep_as_they_are_nested() {
        // Of RFC 8949's appendix A.
        for (bytes, depth) in [
            (&[0x18, 0x64][..], 0),
            (&[0x44, 0x81, 0x81, 0x81, 0x81], 0),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], 1),
            (&[0x80, 0x81, 0x00, 0x80], 1),
            (&[0x83, 0x01, 0x82, 0x02, 0x03, 0x82, 0x04, 0x05], 2),
            (
                &[0x9f, 0x01, 0x82, 0x02, 0x03, 0x9f, 0x04, 0x05, 0xff, 0xff],
                2,
            ),
            (&[0x82, 0x61, 0x61, 0xa1, 0x61, 0x62, 0x61, 0x63], 2),
            (&[0x81, 0x9f, 0xff, 0x00, 0xff, 0x80], 2),
            (&[0x5f, 0x42, 0x81, 0x81, 0x43, 0x81, 0x81, 0x81, 0xff], 1),
            (
                &[
                    0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00,
                ],
                2,
            ),
        ] {
            assert!(is_within(bytes, depth), "{bytes:02x?}");
            assert!(depth == 0 || !is_within(bytes, depth - 1), "{bytes:02x?}");
        }
    }
}
