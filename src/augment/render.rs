//! A draw and an image to a copy: one resampling, one table, and what cannot be folded into either.

use super::keras;
use super::philox::{Operation, Stream};
use super::plan::{Elastic, SampledParams};
use crate::domain::Semantics;
use crate::imaging::{Displacement, EncodeError, Picture, Tone, add_noise, erase};

/// Tiles a side of the local equalisation, as in `OpenCV`'s default.
const CLAHE_TILES: u32 = 8;

/// What `draw` makes of `base`, which has the working size; `stream` and `copy` give noise and deformation their words.
///
/// # Errors
/// [`EncodeError`] of the JPEG round trip.
pub(super) fn render(base: &Picture, draw: &SampledParams, stream: Stream, copy: u32) -> Result<Picture, EncodeError> {
    let field = draw.elastic.and_then(|elastic| displacement(elastic, stream.words(copy, Operation::Elastic)));
    let resampled = match draw.semantics {
        Semantics::Correct => base.warped(&draw.matrix(base.width(), base.height()), field.as_ref(), draw.sampling()),
        Semantics::Keras11 | Semantics::Keras29 => keras::transformed(base, draw, field.as_ref()),
    };
    let mut picture = if draw.blur > 0.0 { resampled.blurred(draw.blur) } else { resampled };
    picture = picture.toned(tone(draw));
    if draw.clahe > 0.0 {
        picture = picture.equalized_locally(draw.clahe, CLAHE_TILES);
    }
    if draw.noise > 0.0 {
        add_noise(&mut picture, draw.noise, stream.words(copy, Operation::Noise));
    }
    if let Some(quality) = draw.jpeg_quality {
        picture = picture.recompressed(quality)?;
    }
    if let Some(patch) = &draw.erased {
        erase(&mut picture, patch);
    }
    Ok(picture)
}

/// What is left for the table once Keras' own brightness and channel shift are done.
fn tone(draw: &SampledParams) -> Tone {
    let keras = draw.semantics != Semantics::Correct;
    Tone {
        channel_shift: if keras { 0.0 } else { draw.channel_shift / 255.0 },
        brightness: if keras { 1.0 } else { draw.brightness },
        contrast: draw.contrast,
        window: draw.window,
        gamma: draw.gamma,
        invert: draw.invert,
    }
}

/// Every point of the grid is moved anywhere within a square of twice the displacement.
fn displacement(elastic: Elastic, mut words: impl Iterator<Item = u32>) -> Option<Displacement> {
    let n_points = elastic.cells as usize + 1;
    let mut offset = || {
        let unit = f64::from(words.next().unwrap_or_default()) / f64::from(u32::MAX);
        elastic.displacement * (2.0 * unit - 1.0)
    };
    Displacement::new(n_points, n_points, (0..n_points * n_points).map(|_| [offset(), offset()]).collect())
}
