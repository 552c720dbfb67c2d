//! Numbers by the hundred million: memory in large pages where the system gives them, which is there four times as quickly.

use memmap2::{Advice, MmapMut};

use super::error::NnError;

/// Never moved.
pub(super) struct LargeMemory(MmapMut);

impl LargeMemory {
    /// `n` zeros.
    ///
    /// # Errors
    /// [`NnError::NoMemory`].
    pub(super) fn zeros(n: usize) -> Result<Self, NnError> {
        let map = MmapMut::map_anon((n * size_of::<f32>()).max(1));
        let map = map.map_err(|error| NnError::NoMemory { cause: error.to_string() })?;
        // It does as well in small pages.
        let _ = map.advise(Advice::HugePage);
        Ok(Self(map))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    pub(super) fn numbers(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }

    pub(super) fn numbers_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_zeros_that_can_be_written() {
        let mut memory = LargeMemory::zeros(1000).unwrap();
        assert_eq!(memory.numbers(), [0.0; 1000]);
        memory.numbers_mut()[999] = 1.0;
        assert_eq!(memory.bytes()[3996..], 1.0_f32.to_le_bytes());
        memory.bytes_mut().fill(0);
        assert_eq!(memory.numbers(), [0.0; 1000]);
    }
}
