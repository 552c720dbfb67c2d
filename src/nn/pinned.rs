//! Memory of the processor that the GPU reads and writes by itself, while the processor does something else.

#![expect(unsafe_code, reason = "a view of a tensor's own memory as a slice; tch only copies it")]

use tch::{Device, Kind, TchError, Tensor};

/// Pinned bytes that are filled by the processor and copied to the GPU.
pub(super) struct PinnedBytes(Tensor);

impl PinnedBytes {
    /// `len` zeros. libtorch pins what it copies from a GPU without waiting, so that is how they come to be.
    pub(super) fn zeros(len: usize, gpu: Device) -> Result<Self, TchError> {
        let zeros = Tensor::f_zeros([len as i64], (Kind::Uint8, gpu))?;
        let pinned = zeros.f_to_device_(Device::Cpu, Kind::Uint8, true, true)?;
        // The copy may still be under way; reading one value back waits for everything that was queued before.
        zeros.f_int64_value(&[0])?;
        Ok(Self(pinned))
    }

    /// All of it. The caller sees to it that no copy to the GPU is under way.
    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: the tensor owns that many bytes, in one piece, and lives as long as the slice, which borrows it alone.
        unsafe { std::slice::from_raw_parts_mut(self.0.data_ptr().cast::<u8>(), self.0.numel()) }
    }

    /// Queues its copy to the GPU.
    pub(super) fn to_gpu(&self, gpu: Device) -> Result<Tensor, TchError> {
        self.0.f_to_device_(gpu, Kind::Uint8, true, false)
    }
}

/// The numbers of an f32 tensor that lies in the processor's memory in one piece; whatever fills it has ended.
pub(super) fn numbers(tensor: &Tensor) -> Result<&[f32], TchError> {
    if tensor.device() != Device::Cpu || tensor.f_kind()? != Kind::Float || !tensor.is_contiguous() {
        return Err(TchError::Kind(format!("{tensor:?} is not f32 in one piece in the processor's memory")));
    }
    // SAFETY: checked above; the slice borrows the tensor, which owns that many f32.
    Ok(unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<f32>(), tensor.numel()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_seen_in_order_and_nothing_else_is_read_as_numbers() {
        let tensor = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]).view([2, 2]);
        assert_eq!(numbers(&tensor).unwrap(), [1.0, 2.0, 3.0, 4.0]);
        assert!(numbers(&tensor.transpose(0, 1)).is_err());
        assert!(numbers(&Tensor::from_slice(&[1_i64])).is_err());
    }
}
