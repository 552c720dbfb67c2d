//! Whether libtorch computes here at all.
//!
//! A sandbox that forbids memory to be made executable (systemd's `MemoryDenyWriteExecute=`) lets libtorch load, and breaks its
//! first convolution hours later. So the service asks at its start.

use tch::{Device, Kind, TchError, Tensor};

use super::error::{NnError, TorchResult};
use super::libtorch;

/// An image of ones under a filter of ones.
const SIDE: i64 = 32;
const CHANNELS: i64 = 16;

/// One small convolution, whose answer is known.
///
/// # Errors
/// libtorch's refusal; [`NnError::SelfTest`] for another answer than the right one.
pub fn self_test() -> Result<(), NnError> {
    libtorch::open()?;
    let found = centre().named("do a small convolution; look for MemoryDenyWriteExecute= or a damaged libtorch")?;
    let expected = (9 * CHANNELS) as f64;
    if (found - expected).abs() < 1e-6 { Ok(()) } else { Err(NnError::SelfTest { found, expected }) }
}

fn centre() -> Result<f64, TchError> {
    let ones = |shape: [i64; 4]| Tensor::f_ones(shape, (Kind::Float, Device::Cpu));
    let image = ones([1, CHANNELS, SIDE, SIDE])?;
    let filter = ones([CHANNELS, CHANNELS, 3, 3])?;
    image.f_conv2d(&filter, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1)?.f_double_value(&[0, 0, SIDE / 2, SIDE / 2])
}

#[cfg(test)]
mod tests {
    #[test]
    fn libtorch_computes() {
        super::self_test().unwrap();
    }
}
