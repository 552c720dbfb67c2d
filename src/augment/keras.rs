//! Pixels as Keras' `ImageDataGenerator` makes them: floating-point levels through resampling and channel shift, and a
//! brightness that goes over Pillow's whole levels.

use super::plan::SampledParams;
use crate::domain::Semantics;
use crate::imaging::{Displacement, Picture};

/// `apply_transform` on `base`: resampling, channel shift, flips, brightness. Levels of 255 whatever the depth, so that
/// 16 bits keep theirs; each is rounded once at the end.
pub(super) fn transformed(base: &Picture, draw: &SampledParams, field: Option<&Displacement>) -> Picture {
    let map = draw.matrix(base.width(), base.height());
    let is_deep = base.depth() > 8;
    let scale = if is_deep { 257.0 } else { 1.0 };
    base.warped_and(&map, field, draw.sampling(), |levels| {
        // Keras' levels are 32-bit floats, which decides where they are cut to whole ones.
        for level in levels.iter_mut() {
            *level = f64::from((*level / scale) as f32);
        }
        if draw.channel_shift != 0.0 {
            shift_channels(levels, draw.channel_shift);
        }
        if draw.brightness.to_bits() != 1.0_f64.to_bits() {
            brighten(levels, draw, is_deep);
        }
        for level in levels {
            *level *= scale;
        }
    })
}

/// `apply_channel_shift`: one offset for all, cut off at the image's own extremes.
fn shift_channels(levels: &mut [f64], offset: f64) {
    let (low, high) = extremes(levels);
    for level in levels {
        *level = (*level + offset).clamp(low, high);
    }
}

/// `apply_brightness_shift`: levels cut to whole ones, times the factor, cut again. Up to 1.1 the image is stretched to
/// the full range before. From 2.9 on it is so only where levels lie outside of it, as bicubic resampling leaves them,
/// and put back on its own range afterwards. Of 16 bits nothing is cut: the levels between are not thrown away.
fn brighten(levels: &mut [f64], draw: &SampledParams, is_deep: bool) {
    let (low, high) = extremes(levels);
    let (is_old, is_beyond) = (draw.semantics == Semantics::Keras11, low < 0.0 || high > 255.0);
    let cut = |level: f64| if is_deep { level } else { level.floor() };
    for level in levels {
        let stretched = if is_old || is_beyond { stretch(*level, low, high) } else { *level };
        let brightened = cut(f64::from((cut(stretched) as f32 * draw.brightness as f32).clamp(0.0, 255.0)));
        *level = if is_beyond && !is_old { brightened / 255.0 * (high - low) + low } else { brightened };
    }
}

/// `array_to_img`: from an image's own range to 0 to 255, in 32-bit floats as Keras.
fn stretch(level: f64, low: f64, high: f64) -> f64 {
    let (above, range) = (level as f32 - low as f32, high as f32 - low as f32);
    f64::from(if range > 0.0 { above / range * 255.0 } else { above })
}

fn extremes(levels: &[f64]) -> (f64, f64) {
    levels.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}

#[cfg(test)]
mod tests;
