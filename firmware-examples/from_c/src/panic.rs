//! What becomes of a panic, of which Gradlet has none: a static library has to say it all the same.
use core::panic::PanicInfo;

unsafe extern "C" {
    /// Ends the program.
    #[cfg(not(feature = "prove-no-panic"))]
    #[link_name = "board_panic"]
    fn end() -> !;
    /// Defined nowhere: a link error that names it means that a panic is reachable.
    #[cfg(feature = "prove-no-panic")]
    #[link_name = "a_panic_is_reachable"]
    fn end() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: takes nothing and does not return.
    unsafe { end() }
}
