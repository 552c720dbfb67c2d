//! libtorch, opened when it is first needed. What runs by minimal filtering needs none of it, and opening it takes longer
//! than explaining a scan.
//!
//! The program brings the binding as a library in memory, and a table through which every call of it goes (`build.rs`, `main.rs`). Tests
//! are linked with the binding itself, and have nothing to open.

#![expect(unsafe_code, reason = "opening a library runs its initialisers, which the compiler cannot look into")]

use std::ffi::{CStr, CString, c_void};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::error::NnError;

/// Found by the program's run path, as every library that is linked.
const LIBTORCH: &CStr = c"libtorch_cpu.so";

/// What stands between the program and libtorch, until it is opened.
#[derive(Debug)]
pub struct LibtorchBinding {
    /// A shared library.
    pub library: &'static [u8],
    /// The names of its functions, one a line.
    pub functions: &'static str,
    /// Where a call of each of them goes.
    pub entries: &'static [AtomicPtr<c_void>],
}

static DEFERRED: OnceLock<LibtorchBinding> = OnceLock::new();

/// Has the binding opened when it is first needed; the first one counts.
pub fn defer_libtorch(binding: LibtorchBinding) {
    let _ = DEFERRED.set(binding);
}

/// Must come before any use of libtorch. Only the first call opens anything.
///
/// # Errors
/// [`NnError::NoLibtorch`].
pub(super) fn open() -> Result<(), NnError> {
    static OPENED: OnceLock<Result<(), String>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| DEFERRED.get().map_or(Ok(()), LibtorchBinding::open));
    opened.clone().map_err(|cause| NnError::NoLibtorch { cause })
}

impl LibtorchBinding {
    fn open(&self) -> Result<(), String> {
        load(LIBTORCH, libc::RTLD_LAZY | libc::RTLD_GLOBAL)?;
        let file = in_memory(self.library).map_err(|error| error.to_string())?;
        let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(|error| error.to_string())?;
        // Not all at once: what reads tensors from streams would call back into the program, which never does that.
        let library = load(&path, libc::RTLD_LAZY)?;
        for (name, entry) in self.functions.lines().zip(self.entries) {
            let function = function(library, name).ok_or_else(|| format!("its binding has no `{name}`"))?;
            entry.store(function.as_ptr(), Ordering::Release);
        }
        tracing::debug!("Opened libtorch");
        Ok(())
    }
}

/// Opens a library for the rest of the program's life; the error is the loader's own line.
pub(super) fn load(name: &CStr, flags: libc::c_int) -> Result<NonNull<c_void>, String> {
    // SAFETY: the name is a C string; the library is never closed. What its initialisers do is its makers' affair, as with
    // every library that is linked.
    let handle = unsafe { libc::dlopen(name.as_ptr(), flags) };
    if let Some(handle) = NonNull::new(handle) {
        return Ok(handle);
    }
    // SAFETY: after a failed dlopen on this thread, dlerror gives its message, valid until the next call, and copied here.
    let message = unsafe {
        let message = libc::dlerror();
        if message.is_null() { String::new() } else { CStr::from_ptr(message).to_string_lossy().into_owned() }
    };
    Err(message.lines().next().unwrap_or_default().to_owned())
}

fn function(library: NonNull<c_void>, name: &str) -> Option<NonNull<c_void>> {
    let name = CString::new(name).ok()?;
    // SAFETY: the handle is one of dlopen, of a library that is never closed; the name is a C string.
    NonNull::new(unsafe { libc::dlsym(library.as_ptr(), name.as_ptr()) })
}

/// A file that has no name and lies on no disk.
fn in_memory(bytes: &[u8]) -> io::Result<File> {
    // SAFETY: the name is a C string, and only shown. The number is a new file's, or negative.
    let number = unsafe { libc::memfd_create(c"libtorch_binding".as_ptr(), libc::MFD_CLOEXEC) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: nobody else has the number.
    let mut file = unsafe { File::from_raw_fd(number) };
    file.write_all(bytes)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_is_opened_from_memory_and_one_that_is_none_is_refused() {
        static ENTRIES: [AtomicPtr<c_void>; 1] = [AtomicPtr::new(std::ptr::null_mut())];
        let binding = |library| LibtorchBinding { library, functions: "at_new_tensor", entries: &ENTRIES };
        let error = binding(b"no library").open().unwrap_err();
        assert!(!error.is_empty() && !error.contains('\n'), "{error}");
        assert!(ENTRIES[0].load(Ordering::Acquire).is_null());
        let built = include_bytes!(concat!(env!("OUT_DIR"), "/libtorch_binding.so"));
        binding(built).open().unwrap();
        assert!(!ENTRIES[0].load(Ordering::Acquire).is_null());
        let other = LibtorchBinding { functions: "no_such_function", ..binding(built) };
        assert_eq!(other.open().unwrap_err(), "its binding has no `no_such_function`");
    }
}
