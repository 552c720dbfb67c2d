//! The thin binary: everything is in the library, so that tests and tools can reach it.

#![expect(
    unsafe_code,
    reason = "the linker runs one function before all libraries, which only an attribute can ask for"
)]

use std::process::ExitCode;

fn main() -> ExitCode {
    gradwatch::cli::main()
}

/// Before libtorch is initialised, so that SIGTERM and Ctrl-C are obeyed from the first moment.
#[used]
// SAFETY: the section holds functions without arguments, which the loader calls once; this one only changes the signal mask.
#[unsafe(link_section = ".preinit_array")]
static HOLD_SIGNALS: extern "C" fn() = hold_signals;

extern "C" fn hold_signals() {
    gradwatch::service::hold_signals();
}
