//! Memory of the processor that the GPU reads and writes by itself, while the processor does something else.

#![expect(unsafe_code, reason = "a view of a tensor's own memory as a slice; tch only copies it")]

use tch::{Device, Kind, TchError, Tensor};

use super::cuda_event::CudaEvents;

/// A tensor in pinned memory.
///
/// Freeing it asks the GPU, and where that is lost libtorch ends the whole program; so then it is not freed.
pub(super) struct Pinned {
    tensor: Tensor,
    gpu: CudaEvents,
}

impl Pinned {
    /// Queues the copy of a tensor on the GPU; the numbers are there once an event behind it has come.
    pub(super) fn copy_of(tensor: &Tensor, gpu: CudaEvents) -> Result<Self, TchError> {
        // libtorch pins what it copies from a GPU without waiting.
        Ok(Self { tensor: tensor.f_to_device_(Device::Cpu, tensor.f_kind()?, true, true)?, gpu })
    }

    /// `len` zero bytes.
    pub(super) fn zeros(len: usize, device: Device, gpu: CudaEvents) -> Result<Self, TchError> {
        let pinned = Self::copy_of(&Tensor::f_zeros([len as i64], (Kind::Uint8, device))?, gpu)?;
        gpu.record()?.wait()?;
        Ok(pinned)
    }

    /// All bytes of a tensor of bytes. The caller sees to it that no copy is under way.
    pub(super) fn bytes_mut(&mut self) -> Result<&mut [u8], TchError> {
        check(&self.tensor, Kind::Uint8)?;
        // SAFETY: checked above; the tensor owns that many bytes, in one piece, and the slice borrows it alone.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.tensor.data_ptr().cast::<u8>(), self.tensor.numel()) })
    }

    /// All numbers of an f32 tensor, once they are there.
    pub(super) fn numbers(&self) -> Result<&[f32], TchError> {
        numbers(&self.tensor)
    }

    /// Queues the copy to the GPU.
    pub(super) fn to_gpu(&self, device: Device) -> Result<Tensor, TchError> {
        self.tensor.f_to_device_(device, self.tensor.f_kind()?, true, false)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if !self.gpu.is_alive() {
            std::mem::forget(std::mem::replace(&mut self.tensor, Tensor::new()));
        }
    }
}

fn check(tensor: &Tensor, kind: Kind) -> Result<(), TchError> {
    if tensor.device() == Device::Cpu && tensor.f_kind()? == kind && tensor.is_contiguous() {
        return Ok(());
    }
    Err(TchError::Kind(format!("{tensor:?} is not {kind:?} in one piece in the processor's memory")))
}

/// The numbers of an f32 tensor that lies in the processor's memory in one piece; whatever fills it has ended.
pub(super) fn numbers(tensor: &Tensor) -> Result<&[f32], TchError> {
    check(tensor, Kind::Float)?;
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
