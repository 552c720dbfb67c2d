//! Samples of more than 8 bits, by functions of libjpeg-turbo that its crate does not wrap.

#![expect(
    unsafe_code,
    reason = "C functions, with lengths checked here, called with a handle that they made themselves"
)]

use std::ffi::{CStr, c_int};
use std::ptr::NonNull;

use turbojpeg::raw;

use super::frame::{damaged, unsupported};
use super::header::Header;
use super::library::refused;
use crate::imaging::error::DecodeError;

/// An instance of the library, which ends with it.
struct Instance(NonNull<std::ffi::c_void>);

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: the handle is one that `tj3Init` made, and is not used again.
        unsafe { raw::tj3Destroy(self.0.as_ptr()) }
    }
}

/// The samples of a stream of 9 to 16 bits, interleaved: grey, or three channels as RGB.
///
/// # Errors
/// As of [`super::library::decode`]; every warning is an error.
pub(super) fn samples(stream: &[u8], header: &Header) -> Result<Vec<u16>, DecodeError> {
    let frame = &header.frame;
    let (n_channels, format) = match frame.channels.len() {
        1 => (1, raw::TJPF_TJPF_GRAY),
        3 => (3, raw::TJPF_TJPF_RGB),
        _ => return Err(unsupported("JPEG with more than 8 bits and neither one nor three channels")),
    };
    let instance = Instance::new()?;
    instance.read_header(stream, frame.width, frame.height)?;
    let mut samples = vec![0_u16; frame.width as usize * frame.height as usize * n_channels];
    instance.decompress(stream, frame.precision, format, &mut samples)?;
    Ok(samples)
}

impl Instance {
    fn new() -> Result<Self, DecodeError> {
        // SAFETY: no pointer is passed; the result is checked.
        let handle = unsafe { raw::tj3Init(raw::TJINIT_TJINIT_DECOMPRESS.cast_signed()) };
        NonNull::new(handle).map(Self).ok_or_else(|| damaged("the decoder could not be started"))
    }

    /// Sets what the library knows of the stream; its size must be the one that room is made for.
    fn read_header(&self, stream: &[u8], width: u32, height: u32) -> Result<(), DecodeError> {
        // SAFETY: pointer and length are those of the slice, which is only read.
        let code = unsafe { raw::tj3DecompressHeader(self.0.as_ptr(), stream.as_ptr(), stream.len() as _) };
        self.check(code)?;
        let found = [raw::TJPARAM_TJPARAM_JPEGWIDTH, raw::TJPARAM_TJPARAM_JPEGHEIGHT].map(|parameter| {
            // SAFETY: the handle is valid, and nothing else is passed by pointer.
            unsafe { raw::tj3Get(self.0.as_ptr(), parameter.cast_signed()) }
        });
        let is_as_read = found.map(i64::from) == [width, height].map(i64::from);
        is_as_read.then_some(()).ok_or_else(|| damaged("its size is contradictory"))
    }

    /// `samples` has room for the whole image in `format`.
    fn decompress(
        &self,
        stream: &[u8],
        precision: u8,
        format: raw::TJPF,
        samples: &mut [u16],
    ) -> Result<(), DecodeError> {
        let (handle, from, n_bytes, format) = (self.0.as_ptr(), stream.as_ptr(), stream.len() as _, format as c_int);
        // SAFETY: `samples` has width * height * channels elements of 16 bits, as `read_header` checked against the
        // library's own reading; pitch 0 means rows without gaps. Both functions write 16 bits a sample.
        let code = unsafe {
            if precision <= 12 {
                raw::tj3Decompress12(handle, from, n_bytes, samples.as_mut_ptr().cast(), 0, format)
            } else {
                raw::tj3Decompress16(handle, from, n_bytes, samples.as_mut_ptr(), 0, format)
            }
        };
        self.check(code)
    }

    fn check(&self, code: c_int) -> Result<(), DecodeError> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: the library returns a text that ends with 0 and lives as long as the instance.
        let message = unsafe { CStr::from_ptr(raw::tj3GetErrorStr(self.0.as_ptr())) };
        Err(refused(&message.to_string_lossy()))
    }
}
