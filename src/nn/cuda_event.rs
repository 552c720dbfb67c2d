//! CUDA events: a mark in the GPU's queue that the processor can wait for, while more work is queued behind it.
//!
//! tch has no word for them, and without them the only way to wait is for the whole queue, which would leave the GPU idle
//! between batches. The functions come from the CUDA runtime that libtorch itself is linked with.

#![expect(unsafe_code, reason = "some functions of CUDA's C runtime, called with handles that it made itself")]

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ptr::null_mut;

use tch::TchError;

/// No time stamps: the cheapest kind of event.
const DISABLE_TIMING: c_uint = 2;
const OUT_OF_MEMORY: c_int = 2;
/// What a stream answers that has work left.
const NOT_READY: c_int = 600;
/// The stream that libtorch queues everything in unless another is named.
const DEFAULT_STREAM: *mut c_void = null_mut();

type Create = unsafe extern "C" fn(*mut *mut c_void, c_uint) -> c_int;
type Record = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;
type OfHandle = unsafe extern "C" fn(*mut c_void) -> c_int;
type SetDevice = unsafe extern "C" fn(c_int) -> c_int;
type LastError = unsafe extern "C" fn() -> c_int;

/// The runtime's functions, for one GPU. Use it on the thread that opened it.
#[derive(Clone, Copy)]
pub(super) struct CudaEvents {
    create: Create,
    record: Record,
    synchronize: OfHandle,
    destroy: OfHandle,
    query_stream: OfHandle,
    take_last_error: LastError,
}

/// A mark in the queue. It never leaves its thread.
pub(super) struct CudaEvent {
    handle: *mut c_void,
    functions: CudaEvents,
}

impl CudaEvents {
    /// For the GPU `index`, which becomes the calling thread's own.
    ///
    /// # Errors
    /// A runtime without these functions, a GPU that is not there.
    pub(super) fn of_gpu(index: usize) -> Result<Self, TchError> {
        // SAFETY: the types are those of CUDA's documentation, the same since CUDA 3.
        let (events, set_device) = unsafe {
            let events = Self {
                create: std::mem::transmute::<*mut c_void, Create>(function(c"cudaEventCreateWithFlags")?),
                record: std::mem::transmute::<*mut c_void, Record>(function(c"cudaEventRecord")?),
                synchronize: std::mem::transmute::<*mut c_void, OfHandle>(function(c"cudaEventSynchronize")?),
                destroy: std::mem::transmute::<*mut c_void, OfHandle>(function(c"cudaEventDestroy")?),
                query_stream: std::mem::transmute::<*mut c_void, OfHandle>(function(c"cudaStreamQuery")?),
                take_last_error: std::mem::transmute::<*mut c_void, LastError>(function(c"cudaGetLastError")?),
            };
            (events, std::mem::transmute::<*mut c_void, SetDevice>(function(c"cudaSetDevice")?))
        };
        // SAFETY: it takes a number, and refuses one that is no GPU.
        checked("choose the GPU", unsafe { set_device(index as c_int) })?;
        Ok(events)
    }

    /// Whether the GPU still works for this program. Asking waits for nothing.
    pub(super) fn is_alive(self) -> bool {
        // SAFETY: the default stream always exists.
        let answer = unsafe { (self.query_stream)(DEFAULT_STREAM) };
        if answer == NOT_READY {
            // CUDA keeps this answer as the thread's last error, which libtorch would take for that of its next kernel.
            // SAFETY: it takes nothing, and clears that error.
            let _ = unsafe { (self.take_last_error)() };
        }
        matches!(answer, 0 | NOT_READY)
    }

    /// A mark behind everything that is queued now.
    pub(super) fn record(self) -> Result<CudaEvent, TchError> {
        let mut handle = null_mut();
        // SAFETY: the handle is written before it is read, and belongs to the `CudaEvent` from then on.
        checked("make an event", unsafe { (self.create)(&raw mut handle, DISABLE_TIMING) })?;
        let event = CudaEvent { handle, functions: self };
        // SAFETY: the handle was just made on this thread's GPU.
        checked("queue an event", unsafe { (self.record)(handle, DEFAULT_STREAM) })?;
        Ok(event)
    }
}

impl CudaEvent {
    /// Returns once everything before the mark is done.
    ///
    /// # Errors
    /// What went wrong on the GPU before it.
    pub(super) fn wait(&self) -> Result<(), TchError> {
        // SAFETY: the handle lives as long as `self`.
        checked("wait for the GPU", unsafe { (self.functions.synchronize)(self.handle) })
    }
}

impl Drop for CudaEvent {
    fn drop(&mut self) {
        // SAFETY: it is destroyed once, here. CUDA keeps what it still needs; a refusal (a lost GPU) leaves nothing to do.
        let _ = unsafe { (self.functions.destroy)(self.handle) };
    }
}

/// The function of this name among all that is loaded.
fn function(name: &CStr) -> Result<*mut c_void, TchError> {
    // SAFETY: the name is a C string; looking a symbol up runs nothing.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        return Err(TchError::Kind(format!("CUDA's runtime has no {}", name.to_string_lossy())));
    }
    Ok(found)
}

fn checked(doing: &str, code: c_int) -> Result<(), TchError> {
    match code {
        0 => Ok(()),
        OUT_OF_MEMORY => Err(TchError::Kind(format!("CUDA out of memory on the attempt to {doing}"))),
        _ => Err(TchError::Kind(format!("CUDA error {code} on the attempt to {doing}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_of_libtorch_has_the_functions_and_names_its_refusals() {
        // The program is linked with the runtime whether there is a GPU or not.
        assert!(function(c"cudaEventRecord").is_ok());
        let missing = function(c"cudaNoSuchFunction").map(drop).unwrap_err().to_string();
        assert!(missing.contains("cudaNoSuchFunction"), "{missing}");
        let refused = CudaEvents::of_gpu(9999).map(drop).unwrap_err().to_string();
        let full = checked("make an event", OUT_OF_MEMORY).unwrap_err().to_string();
        assert!(full.contains("out of memory"), "{full}");
        assert!(refused.contains("CUDA error ") && refused.contains("choose the GPU"), "{refused}");
    }
}
