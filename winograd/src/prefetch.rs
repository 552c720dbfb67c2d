//! Memory that will be read soon.

#![expect(unsafe_code, reason = "a hint to the processor, for which there is no safe function")]

use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};

/// Numbers in a line of the cache.
const LINE: usize = 16;

/// Asks for `values` to be brought near, without waiting for them. Changes nothing else.
#[inline(always)]
pub(crate) fn prefetch(values: &[f32]) {
    for line in values.chunks(LINE) {
        // SAFETY: a hint is given about memory that is there, and nothing is read.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
}
