//! What becomes of a panic, of which Gradlet has none: a static library has to say it all the same.
use core::panic::PanicInfo;

unsafe extern "C" {
    /// Ends the program. With the feature `prove-no-panic` it is a function that nobody defines,
    /// so that a program links only if no panic is reachable.
    #[cfg_attr(not(feature = "prove-no-panic"), link_name = "board_panic")]
    #[cfg_attr(feature = "prove-no-panic", link_name = "a_panic_is_reachable")]
    fn end() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: takes nothing and does not return.
    unsafe { end() }
}
