//! The thin binary: everything is in the library, so that tests and tools can reach it.
//!
//! It carries what calls libtorch, and leaves it to `nn` to open it.

#![expect(
    unsafe_code,
    reason = "the linker runs one function before all libraries, and finds libtorch's functions here, which only attributes can ask for"
)]

use std::arch::global_asm;
use std::ffi::c_void;
use std::process::ExitCode;
use std::sync::atomic::AtomicPtr;

use gradwatch::nn::LibtorchBinding;

fn main() -> ExitCode {
    gradwatch::nn::defer_libtorch(LibtorchBinding {
        library: include_bytes!(concat!(env!("OUT_DIR"), "/libtorch_binding.so")),
        functions: include_str!(concat!(env!("OUT_DIR"), "/libtorch_functions.txt")),
        entries: &libtorch_entries,
    });
    gradwatch::cli::main()
}

// A jump for each function of the binding: they stand before its own library, so the linker takes these, and libtorch with
// its half a gigabyte is not loaded at every start.
global_asm!(include_str!(concat!(env!("OUT_DIR"), "/libtorch_calls.s")), options(att_syntax));

const N_FUNCTIONS: usize = include!(concat!(env!("OUT_DIR"), "/libtorch_count.rs"));

// SAFETY: the table stands in the text above, has that many entries, and is never moved.
unsafe extern "C" {
    safe static libtorch_entries: [AtomicPtr<c_void>; N_FUNCTIONS];
}

/// Where the jumps lead until libtorch is open.
// SAFETY: nothing else has the name. It does not return, so it does not matter what it was called with.
#[unsafe(no_mangle)]
extern "C" fn libtorch_is_closed() -> ! {
    panic!("libtorch was called before it was opened")
}

/// Before all else, so that SIGTERM and Ctrl-C are obeyed from the first moment.
#[used]
// SAFETY: the section holds functions without arguments, which the loader calls once; this one only changes the signal mask.
#[unsafe(link_section = ".preinit_array")]
static HOLD_SIGNALS: extern "C" fn() = hold_signals;

extern "C" fn hold_signals() {
    gradwatch::service::hold_signals();
}
