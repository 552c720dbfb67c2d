//! A draw and a picture to a copy: one resampling, one table, then noise and erasing.

use super::options::ExpandOptions;
use super::philox::{Operation, Stream};
use super::plan::Draw;
use crate::domain::{ContentHash, Interpolation};
use crate::imaging::{BorderRule, Picture, Sampling, Tone, add_noise, erase};

/// Fresh copies are numbered from here, far above those on disk, so that both kinds can be trained on together.
const FIRST_FRESH: u32 = 1 << 16;

/// A copy for the training's memory alone: as random as those on disk and as reproducible, at the working size.
/// `picture` is the sample (of any size; bring it to the working size once where many copies are made), `hash` its
/// content, `copy_index` any number that is used once for it, such as the epoch's.
pub fn fresh_copy(picture: &Picture, hash: &ContentHash, copy_index: u32, options: &ExpandOptions) -> Picture {
    let stream = Stream::new(options.seed, hash);
    let copy = FIRST_FRESH.wrapping_add(copy_index);
    let base = picture.resized(options.size, options.size);
    render(&base, &Draw::of(&options.recipe, stream, copy), stream, copy)
}

/// What `draw` makes of `base`, which has the working size; `stream` and `copy` give the noise its words.
pub(super) fn render(base: &Picture, draw: &Draw, stream: Stream, copy: u32) -> Picture {
    let map = draw.matrix(base.width(), base.height());
    let tone = Tone { brightness: draw.brightness, contrast: draw.contrast, gamma: draw.gamma };
    let (fill, value) = (draw.fill, draw.fill_value);
    let sampling = Sampling { interpolation: Interpolation::Bilinear, fill, value, rule: BorderRule::Grid };
    let mut picture = base.warped(&map, None, sampling).toned(tone);
    if draw.noise > 0.0 {
        add_noise(&mut picture, draw.noise, stream.words(copy, Operation::Noise));
    }
    if let Some(patch) = &draw.erased {
        erase(&mut picture, patch);
    }
    picture
}
