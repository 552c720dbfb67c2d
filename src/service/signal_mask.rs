//! Keeping SIGTERM and Ctrl-C waiting until the program can obey them.
//!
//! libtorch needs a good part of a second before `main` begins, and in that time a signal would end the program as if nobody
//! had thought of it. So the binary holds both signals back before any library is initialised, and they arrive
//! when they are taken over, or at once in commands that do nothing about them.

#![expect(
    unsafe_code,
    reason = "the signal mask has no safe interface; these C functions take a set that they fill themselves"
)]

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use signal_hook::consts::{SIGINT, SIGTERM};

/// Holds both signals back in this thread and in all that it starts. May be called before `main`.
pub fn hold_signals() {
    change(libc::SIG_BLOCK);
}

/// Lets both through again; one that came meanwhile arrives now.
pub fn release_signals() {
    change(libc::SIG_UNBLOCK);
}

fn change(how: libc::c_int) {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset fills the set before anything reads it; the numbers are those of signals. None of these fails then.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), SIGTERM);
        libc::sigaddset(set.as_mut_ptr(), SIGINT);
        libc::pthread_sigmask(how, set.as_ptr(), null_mut());
    }
}
