//! CRC-32C (Castagnoli), the checksum of TensorFlow's bundles and of device checkpoints.

/// Reflected polynomial.
pub(crate) const POLYNOMIAL: u32 = 0x82f6_3b78;

/// One entry a nibble: 64 bytes of flash. Larger tables are faster, see the crate's features.
static NIBBLES: [u32; 16] = table();

const fn table() -> [u32; 16] {
    let mut table = [0; 16];
    let mut nibble = 0;
    while nibble < 16 {
        let mut value = nibble as u32;
        let mut bit = 0;
        while bit < 4 {
            value = if value & 1 == 1 {
                (value >> 1) ^ POLYNOMIAL
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[nibble] = value;
        nibble += 1;
    }
    table
}

/// A running CRC-32C.
///
/// ```
/// let mut crc = gradlet::Crc32c::new();
/// crc.update(b"123456789");
/// assert_eq!(crc.value(), 0xe306_9283);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Crc32c(u32);

impl Crc32c {
    /// The checksum of nothing.
    pub const fn new() -> Self {
        Self(!0)
    }

    /// A checksum that goes on from a [`value`](Self::value).
    pub(crate) const fn from_value(value: u32) -> Self {
        Self(!value)
    }

    /// Extends the checksum by `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut state = self.0;
        for &byte in bytes {
            state ^= u32::from(byte);
            state = (state >> 4) ^ NIBBLES[(state & 15) as usize];
            state = (state >> 4) ^ NIBBLES[(state & 15) as usize];
        }
        self.0 = state;
    }

    /// The checksum of all bytes so far (not masked as TensorFlow's files store it).
    pub const fn value(self) -> u32 {
        !self.0
    }
}

impl Default for Crc32c {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_the_checksum_of_the_whole() {
        let bytes: std::vec::Vec<u8> = (0..=255).collect();
        let mut whole = Crc32c::new();
        whole.update(&bytes);
        for cut in 0..bytes.len() {
            let mut pieces = Crc32c::new();
            pieces.update(&bytes[..cut]);
            pieces.update(&bytes[cut..]);
            assert_eq!(pieces.value(), whole.value(), "cut at {cut}");
        }
    }

    #[test]
    fn known_values_of_rfc_3720() {
        for (bytes, expected) in [([0u8; 32], 0x8a91_36aa), ([0xff; 32], 0x62a8_ab43)] {
            let mut crc = Crc32c::new();
            crc.update(&bytes);
            assert_eq!(crc.value(), expected);
        }
    }
}
