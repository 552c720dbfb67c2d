//! glibc's allocator, set to keep what the network frees.
//!
//! A forward pass frees and wants again dozens of blocks of up to 13 MB. By default glibc takes each from the kernel and
//! gives it back, and the kernel clears every page of it again: on two cores that costs a quarter of the time.

#![expect(unsafe_code, reason = "mallopt is the allocator's own switch, and a C function; it only sets numbers")]

use std::sync::Once;

/// glibc's greatest: larger blocks than any activation come from the heap, not from the kernel one by one.
const MMAP_THRESHOLD: i32 = 32 << 20;
/// More than the network ever has free at a time stays with the program.
const TRIM_THRESHOLD: i32 = 512 << 20;

/// Takes effect for the whole program; calling it again changes nothing.
pub(super) fn keep_freed_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: mallopt may be called at any time from any thread; it takes no pointers. A refused value leaves the default.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD);
            libc::mallopt(libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD);
        }
    });
}
