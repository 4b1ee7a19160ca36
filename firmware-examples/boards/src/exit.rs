//! How a program ends, so that the host can tell what happened from the exit code alone.
use crate::{console, figure, stack};

/// The example returned `Ok`.
pub const SUCCESS: u8 = 0;
/// The example returned `Err`; its text has been printed.
pub const FAILURE: u8 = 1;
/// A panic; its place has been printed.
pub const PANIC: u8 = 101;
/// A hardware fault; its place has been printed.
pub const FAULT: u8 = 102;
/// The stack grew over the whole of its region: static data may have been overwritten.
pub const STACK_OVERFLOW: u8 = 103;

/// Ends the program: prints the peak of the stack, or the error's text.
pub fn finish(result: Result<(), &'static str>) -> ! {
    match (result, stack::peak()) {
        (Ok(()), Some(bytes)) => {
            figure("stack_peak", bytes, "byte");
            end(SUCCESS)
        }
        (Ok(()), None) => {
            console::line(&["error: the stack has used the whole of its memory"]);
            end(STACK_OVERFLOW)
        }
        (Err(reason), _) => {
            console::line(&["error: ", reason]);
            end(FAILURE)
        }
    }
}

pub(crate) fn end(code: u8) -> ! {
    semihosting::process::exit(i32::from(code))
}

#[cfg(not(feature = "prove-no-panic"))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    // The place only: formatting the message would need a buffer and could panic again.
    let (file, line) = info
        .location()
        .map_or(("an unknown place", 0), |at| (at.file(), at.line()));
    console::line(&["panic: in ", file]);
    figure("panic_line", line, "line");
    end(PANIC)
}

#[cfg(feature = "prove-no-panic")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        /// Defined nowhere: a link error that names it means that a panic is reachable.
        fn a_panic_is_reachable() -> !;
    }
    // SAFETY: an image in which this could be called does not link.
    unsafe { a_panic_is_reachable() }
}
