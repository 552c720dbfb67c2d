//! How pictures are prepared for the first layer.

use tch::{Device, Kind, TchError, Tensor};

use super::NnError;
use super::architecture::INPUT_SIDE;
use super::torch::Torch;
use crate::config::Preparation;
use crate::imaging::Rgb8;

/// Keras adds it to a deviation before it divides.
const EPSILON: f64 = 1e-6;

impl Preparation {
    /// `[n, 3, 224, 224]` f32, channels last in memory: the order in which the bytes lie.
    pub(in crate::nn) fn tensor(self, pictures: &[Rgb8], device: Device) -> Result<Tensor, NnError> {
        let bytes: Vec<u8> = pictures.iter().flat_map(|picture| picture.data.iter().copied()).collect();
        self.prepared(&bytes, pictures.len() as i64, device).named("prepare pictures")
    }

    fn prepared(self, bytes: &[u8], n: i64, device: Device) -> Result<Tensor, TchError> {
        let side = INPUT_SIDE as i64;
        let rgb = Tensor::f_from_data_size(bytes, &[n, side, side, 3], Kind::Uint8)?;
        let rgb = match device {
            Device::Cpu => rgb,
            // From memory that stays where it is, the GPU fetches the bytes itself while its queue is filled.
            _ => rgb.f_pin_memory(device)?.f_to_device_(device, Kind::Uint8, true, false)?,
        };
        let rgb = rgb.f_to_kind(Kind::Float)?;
        let channels = |values: [f32; 3]| Tensor::f_from_slice(&values)?.f_to_device(device);
        let prepared = match self {
            Self::Imagenet => rgb
                .f_div_scalar(255.0)?
                .f_sub(&channels([0.485, 0.456, 0.406])?)?
                .f_div(&channels([0.229, 0.224, 0.225])?)?,
            Self::Caffe => rgb.f_flip([3])?.f_sub(&channels([103.939, 116.779, 123.68])?)?,
            Self::Rescale => rgb.f_div_scalar(255.0)?,
            Self::Raw => rgb,
            Self::SamplewiseCenter => centred(&rgb)?.f_div_scalar(255.0)?,
            Self::Samplewise => {
                let centred = centred(&rgb)?;
                let deviation = centred.f_square()?.f_mean_dim(EACH_PICTURE, true, Kind::Float)?.f_sqrt()?;
                centred.f_div(&deviation.f_add_scalar(255.0 * EPSILON)?)?
            }
            Self::Featurewise { mean, deviation } => rgb.f_sub(&channels(mean)?)?.f_div(&channels(deviation)?)?,
        };
        prepared.f_permute([0, 3, 1, 2])
    }
}

/// Rows, columns and channels of `[n, 224, 224, 3]`.
const EACH_PICTURE: &[i64] = &[1, 2, 3];

/// Less the mean of each picture's levels.
fn centred(rgb: &Tensor) -> Result<Tensor, TchError> {
    rgb.f_sub(&rgb.f_mean_dim(EACH_PICTURE, true, Kind::Float)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(rgb: [u8; 3]) -> Rgb8 {
        let side = INPUT_SIDE as u32;
        Rgb8 { width: side, height: side, data: rgb.repeat(INPUT_SIDE * INPUT_SIDE) }
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
    }

    #[test]
    fn pictures_are_prepared_as_published() {
        let colour = [plain([255, 128, 0])];
        let imagenet = Preparation::Imagenet.tensor(&colour, Device::Cpu).unwrap();
        assert_eq!(imagenet.size(), [1, 3, 224, 224]);
        let expected = [(1.0 - 0.485) / 0.229, (128.0 / 255.0 - 0.456) / 0.224, -0.406 / 0.225];
        (0..3).for_each(|c| assert_close(imagenet.double_value(&[0, c, 100, 7]), expected[c as usize]));
        let caffe = Preparation::Caffe.tensor(&colour, Device::Cpu).unwrap();
        let expected = [0.0 - 103.939, 128.0 - 116.779, 255.0 - 123.68];
        (0..3).for_each(|c| assert_close(caffe.double_value(&[0, c, 0, 223]), expected[c as usize]));
        let plain = |input: Preparation| input.tensor(&colour, Device::Cpu).unwrap().double_value(&[0, 1, 9, 9]);
        assert_close(plain(Preparation::Rescale), 128.0 / 255.0);
        assert_close(plain(Preparation::Raw), 128.0);
    }

    #[test]
    fn pictures_are_standardised_by_themselves_or_by_their_dataset_as_keras_does_it() {
        // Two thirds of the levels are 0, one third 255 (in one picture) or 51 (in the other).
        let pictures = [plain([255, 0, 0]), plain([0, 51, 0])];
        let red =
            |input: Preparation, n: i64| input.tensor(&pictures, Device::Cpu).unwrap().double_value(&[n, 0, 5, 5]);
        assert_close(red(Preparation::SamplewiseCenter, 0), 2.0 / 3.0);
        assert_close(red(Preparation::SamplewiseCenter, 1), -0.2 / 3.0);
        assert_close(red(Preparation::Samplewise, 0), 2.0_f64.sqrt());
        assert_close(red(Preparation::Samplewise, 1), -1.0 / 2.0_f64.sqrt());
        let featurewise = Preparation::Featurewise { mean: [100.0, 0.0, 0.0], deviation: [50.0, 1.0, 1.0] };
        assert_close(red(featurewise, 0), 3.1);
    }
}
