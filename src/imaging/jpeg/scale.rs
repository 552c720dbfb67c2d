//! How small a JPEG may be decoded. The library scales while it transforms the blocks back: by an eighth, a quarter or a
//! half it computes only the coefficients that remain.

use turbojpeg::ScalingFactor;

use super::frame::Frame;

/// From the smallest.
const PARTS: [ScalingFactor; 3] = [ScalingFactor::ONE_EIGHTH, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_HALF];

/// The smallest part at which neither side is below `least_side`, so that it does not matter how the image is turned;
/// all of it without `least_side`, and of lossless JPEG, which has no blocks.
pub(super) fn chosen(frame: &Frame, least_side: Option<u32>) -> ScalingFactor {
    let is_enough = |part: &ScalingFactor| {
        let (width, height) = size(frame, *part);
        least_side.is_some_and(|least| width.min(height) >= least)
    };
    let part = PARTS.into_iter().find(is_enough).filter(|_| !frame.coding.is_lossless());
    part.unwrap_or(ScalingFactor::ONE)
}

/// Pixels across and down at `scale`; what is left over counts as a pixel.
pub(super) fn size(frame: &Frame, scale: ScalingFactor) -> (u32, u32) {
    let scaled = |side: u32| scale.scale(side as usize) as u32;
    (scaled(frame.width), scaled(frame.height))
}
