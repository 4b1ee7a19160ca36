//! Frames on a serial line.

use gradlet::Crc32c;

/// The line with the checksum of everything between two zero bytes set right.
pub fn frames(line: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    for stuffed in line.split(|&byte| byte == 0) {
        let mut frame = unstuffed(stuffed);
        if let Some((content, checksum)) = frame.split_last_chunk_mut::<4>() {
            let mut crc = Crc32c::new();
            crc.update(content);
            *checksum = crc.value().to_le_bytes();
        }
        sealed.extend(stuffed_again(&frame));
        sealed.push(0);
    }
    sealed
}

fn unstuffed(mut stuffed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some((&code, rest)) = stuffed.split_first() {
        let (block, rest) = rest.split_at(rest.len().min(usize::from(code).saturating_sub(1)));
        bytes.extend_from_slice(block);
        if code < 0xff && !rest.is_empty() {
            bytes.push(0);
        }
        stuffed = rest;
    }
    bytes
}

fn stuffed_again(bytes: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::new();
    for part in bytes.split(|&byte| byte == 0) {
        let mut rest = part;
        while rest.len() >= 254 {
            stuffed.push(0xff);
            stuffed.extend_from_slice(&rest[..254]);
            rest = &rest[254..];
        }
        stuffed.push(rest.len() as u8 + 1);
        stuffed.extend_from_slice(rest);
    }
    stuffed
}
