//! How a program ends, so that the host can tell what happened from the exit code alone.
use crate::{Value, console, figure, stack};

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
    let peak = stack::peak();
    if let Err(reason) = result {
        console::line(&[b"error: ", reason.as_bytes()]);
    }
    // Whatever else went wrong may be a consequence of this.
    let Some(bytes) = peak else {
        console::line(&[b"error: the stack has used the whole of its memory"]);
        end(STACK_OVERFLOW)
    };
    match result {
        Ok(()) => {
            figure("stack_peak", bytes, "byte");
            end(SUCCESS)
        }
        Err(_) => end(FAILURE),
    }
}

/// Ends the program after a hardware fault: prints what it was and where.
pub(crate) fn fault(cause: u32, pc: u32, lr: u32) -> ! {
    console::line(&[b"fault: the processor cannot go on"]);
    figure("fault_cause", cause, "number");
    figure("fault_pc", Value::Bits(pc), "address");
    figure("fault_lr", Value::Bits(lr), "address");
    end(FAULT)
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
    console::line(&[b"panic: in ", file.as_bytes()]);
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
