//! Whatever moment a conversion or a save is killed at, nothing that was whole is lost, nothing
//! half-written passes for whole, and the next run goes on as if nothing had happened.
//!
//! Each scenario is run once to its end to count the system calls that change files, and then
//! killed before each of them and in the middle of each write.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod conversion;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod folder;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod management;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod scenario;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracer;

/// A program is followed call by call where this is known to work.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, management::CHILD, what, folder] =
        &words.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return match management::child(what, folder.as_ref()) {
            Ok(()) => std::process::ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{what}: {error:#}");
                std::process::ExitCode::FAILURE
            }
        };
    }
    let mut arguments = libtest_mimic::Arguments::from_args();
    // A thread that traces is told of every child of the process.
    arguments.test_threads = Some(1);
    let trials = conversion::trials().into_iter().chain(management::trials());
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
