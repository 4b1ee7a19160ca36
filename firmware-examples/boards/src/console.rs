//! Lines of text to the host.
//!
//! Without the feature `log` they are plain text on QEMU's standard output. With it they travel as
//! defmt frames among the log, because text in between would tear the frames. With the feature
//! `quiet` nothing is printed, so that an image holds what a product would.

/// Prints nothing.
#[cfg(all(feature = "quiet", not(feature = "log")))]
#[inline(always)]
pub(crate) fn line(_: &[&[u8]]) {}

/// Whether lines are printed at all: making their text is then left out too.
pub(crate) const PRINTS: bool = cfg!(any(feature = "log", not(feature = "quiet")));

/// Prints the parts one after another and ends the line.
#[cfg(not(any(feature = "quiet", feature = "log")))]
pub(crate) fn line(parts: &[&[u8]]) {
    use crate::driver::semihost::HostHandle;
    /// The name under which semihosting opens the console.
    const CONSOLE: &core::ffi::CStr = c":tt";
    // A host that does not listen is no reason to stop the program.
    if let Some(console) = HostHandle::create(CONSOLE) {
        for part in parts {
            console.write(part);
        }
        console.write(b"\n");
    }
}

/// Prints the parts one after another and ends the line.
#[cfg(feature = "log")]
pub(crate) fn line(parts: &[&[u8]]) {
    // No line has more parts than these: name, value and unit with the spaces between.
    let part = |index: usize| core::str::from_utf8(parts.get(index).unwrap_or(&&[][..]));
    let part = |index: usize| part(index).unwrap_or("");
    defmt::println!(
        "{=str}{=str}{=str}{=str}{=str}",
        part(0),
        part(1),
        part(2),
        part(3),
        part(4)
    );
}
