//! Whether what is in the flash may be given up: only whoever is at the serial line can say so.
use embedded_io::{Read, Write};
use gradlet::manager::OpenError;

/// Asks, where asking can help.
pub(crate) fn allowed(
    error: OpenError,
    line: &mut (impl Read + Write),
) -> Result<(), &'static str> {
    if matches!(error, OpenError::Geometry(_) | OpenError::NotReady) {
        return Err("the flash cannot hold checkpoints");
    }
    let broken = "the serial line is broken";
    line.write_all(b"the flash holds something else than checkpoints; format it? ")
        .map_err(|_| broken)?;
    let mut answer = [0];
    line.read_exact(&mut answer).map_err(|_| broken)?;
    if answer == *b"y" {
        Ok(())
    } else {
        Err("the flash holds something else than checkpoints")
    }
}
