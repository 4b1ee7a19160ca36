//! The checksum of every bit of a trained state: given the same samples, all boards and the host
//! print the same one.
#![no_std]
#![forbid(unsafe_code)]

use gradlet::{Crc32c, Variables};

/// The CRC-32C of all elements of all variables, in their order.
pub fn of(variables: &impl Variables) -> u32 {
    let mut crc = Crc32c::new();
    for variable in (0..variables.count()).filter_map(|index| variables.variable(index)) {
        let mut chunk = [0; 32];
        let mut at = 0;
        loop {
            let len = variable.view.copy_le(at, &mut chunk);
            if len == 0 {
                break;
            }
            crc.update(chunk.get(..len).unwrap_or_default());
            at += len / variable.view.dtype().size();
        }
    }
    crc.value()
}
