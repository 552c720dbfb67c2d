//! Which number is black and which is white, where the number of bits does not say it: floating point and 32-bit integers.

use super::directory::Directory;
use super::refusal::unsupported;
use super::tags;
use crate::imaging::depth::depth_of;
use crate::imaging::error::DecodeError;

/// Numbers that are black and white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    black: f64,
    white: f64,
}

/// What interpolation and rounding add to a range, as a part of it.
const OVERSHOOT: f64 = 0.001;

impl Scale {
    /// 0 to 65535 with one rounding.
    pub(super) fn level(self, number: f64) -> u16 {
        let Self { black, white } = self;
        ((number - black) / (white - black) * 65_535.0).round().clamp(0.0, 65_535.0) as u16
    }

    fn includes(self, smallest: f64, largest: f64) -> bool {
        let beyond = (self.white - self.black) * OVERSHOOT;
        smallest >= self.black - beyond && largest <= self.white + beyond
    }
}

/// The range that tags state, or the smaller of 0 to 1 and 0 to 255 that holds the samples, as programs write them.
///
/// # Errors
/// `Unsupported` of NaN, infinity, and samples beyond these ranges.
pub(super) fn scale_of_floats(
    directory: &Directory,
    samples: impl Iterator<Item = f32> + Clone,
) -> Result<Scale, DecodeError> {
    if samples.clone().any(|sample| !sample.is_finite()) {
        return Err(unsupported("floating-point samples that are no numbers (NaN or infinity)"));
    }
    let smallest = samples.clone().fold(f32::INFINITY, f32::min).into();
    let largest = samples.fold(f32::NEG_INFINITY, f32::max).into();
    let candidates = match stated(directory) {
        Some(scale) => vec![scale],
        None => [1.0, 255.0].map(|white| Scale { black: 0.0, white }).to_vec(),
    };
    candidates.into_iter().find(|scale| scale.includes(smallest, largest)).ok_or_else(|| {
        unsupported(format!(
            "floating-point samples from {smallest} to {largest}, of no known range; map them to 0 to 1"
        ))
    })
}

/// The range that tags state; else that of 16 bits, in the depth that the samples show, or of all 32. With it the bits that
/// hold the image.
///
/// # Errors
/// `Unsupported` of samples that use more than 16 bits and fewer than 32.
pub(super) fn scale_of_integers(directory: &Directory, largest: u32) -> Result<(Scale, u32), DecodeError> {
    if let Some(scale) = stated(directory).filter(|scale| scale.includes(0.0, largest.into())) {
        return Ok((scale, 32));
    }
    let bits = match u16::try_from(largest) {
        Ok(largest) => depth_of(largest),
        Err(_) if largest > u32::MAX / 2 => 32,
        Err(_) => {
            return Err(unsupported(format!(
                "32-bit integers up to {largest}, of no known range; map them to 0 to 65535"
            )));
        }
    };
    Ok((Scale { black: 0.0, white: f64::from(bits).exp2() - 1.0 }, bits))
}

/// The range of `SMinSampleValue` and `SMaxSampleValue`.
fn stated(directory: &Directory) -> Option<Scale> {
    let white = directory.reals(tags::S_MAX_SAMPLE_VALUE).first().copied()?;
    let black = directory.reals(tags::S_MIN_SAMPLE_VALUE).first().copied().unwrap_or(0.0);
    (black.is_finite() && white.is_finite() && black < white).then_some(Scale { black, white })
}
