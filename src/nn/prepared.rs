//! An image's levels as the first layer takes them, on the processor and without libtorch.

use super::network_image::NetworkImage;
use crate::config::Preparation;

/// Keras adds it to a deviation before it divides.
pub(super) const EPSILON: f64 = 1e-6;

/// By channel: what is taken off at last, and by what the rest is divided.
pub(super) fn constants(preparation: Preparation) -> (Option<[f32; 3]>, Option<[f32; 3]>) {
    match preparation {
        Preparation::Imagenet => (Some([0.485, 0.456, 0.406]), Some([0.229, 0.224, 0.225])),
        Preparation::Caffe => (Some([103.939, 116.779, 123.68]), None),
        Preparation::Featurewise { mean, deviation } => (Some(mean), Some(deviation)),
        Preparation::Rescale | Preparation::Raw | Preparation::SamplewiseCenter | Preparation::Samplewise => {
            (None, None)
        }
    }
}

/// `[side, side, 3]`: the same numbers as libtorch's `Input`, but for the last bit of what an image is centred by.
pub(super) fn prepared(preparation: Preparation, image: &NetworkImage) -> Vec<f32> {
    let mut levels = image.levels();
    match preparation {
        Preparation::Imagenet | Preparation::Rescale => divide(&mut levels, 255.0),
        Preparation::Caffe => levels.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| pixel.reverse()),
        Preparation::Raw | Preparation::Featurewise { .. } => {}
        Preparation::SamplewiseCenter => {
            centre(&mut levels);
            divide(&mut levels, 255.0);
        }
        Preparation::Samplewise => {
            centre(&mut levels);
            let deviation = mean(levels.iter().map(|level| level * level)).sqrt();
            divide(&mut levels, deviation + (255.0 * EPSILON) as f32);
        }
    }
    let (mean, deviation) = constants(preparation);
    if mean.is_some() || deviation.is_some() {
        let (mean, deviation) = (mean.unwrap_or_default(), deviation.unwrap_or([1.0; 3]));
        for pixel in levels.as_chunks_mut::<3>().0 {
            *pixel = std::array::from_fn(|channel| (pixel[channel] - mean[channel]) / deviation[channel]);
        }
    }
    levels
}

fn divide(levels: &mut [f32], by: f32) {
    for level in levels {
        *level /= by;
    }
}

fn centre(levels: &mut [f32]) {
    let mean = mean(levels.iter().copied());
    for level in levels {
        *level -= mean;
    }
}

/// Summed in one order, whatever the processor.
fn mean(levels: impl ExactSizeIterator<Item = f32>) -> f32 {
    let n = levels.len().max(1) as f64;
    (levels.map(f64::from).sum::<f64>() / n) as f32
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::domain::Resize;
    use crate::imaging::{Picture, Pixels};
    use crate::nn::input::Input;
    use crate::nn::torch_backend::to_vec;
    use crate::stats::Generator;

    /// Noise at 61 pixels a side.
    fn images() -> [NetworkImage; 2] {
        let mut generator = Generator::new(5, "levels");
        let levels = (0..90 * 70 * 3).map(|_| generator.below(256) as u8).collect();
        let picture = Picture::new(90, 70, 3, Pixels::U8(levels)).unwrap();
        [Resize::AntialiasFast, Resize::Bilinear].map(|way| NetworkImage::of(&picture, 61, way))
    }

    fn check(preparation: Preparation, same: impl Fn(f32, f32) -> bool) {
        for image in images() {
            let input = Input::new(preparation, 61, Device::Cpu).unwrap();
            let tensor = input.tensor(std::slice::from_ref(&image)).unwrap().permute([0, 2, 3, 1]);
            let (ours, by_libtorch) = (prepared(preparation, &image), to_vec(&tensor).unwrap());
            assert_eq!(ours.len(), by_libtorch.len());
            assert!(ours.iter().zip(&by_libtorch).all(|(a, b)| same(*a, *b)), "{preparation}");
        }
    }

    #[test]
    fn an_image_is_prepared_as_libtorch_does_it() {
        let featurewise = Preparation::Featurewise { mean: [100.0, 20.0, 3.0], deviation: [50.0, 1.0, 7.0] };
        for preparation in
            [Preparation::Imagenet, Preparation::Caffe, Preparation::Rescale, Preparation::Raw, featurewise]
        {
            check(preparation, |a, b| a.to_bits() == b.to_bits());
        }
        for preparation in [Preparation::SamplewiseCenter, Preparation::Samplewise] {
            check(preparation, |a, b| (a - b).abs() < 1e-5);
        }
    }
}
