//! What becomes of a panic, of which Gradlet has none: a static library has to say it all the same.
use core::panic::PanicInfo;

unsafe extern "C" {
    /// Ends the program.
    fn board_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: takes nothing and does not return.
    unsafe { board_panic() }
}
