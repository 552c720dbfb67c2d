//! How images are prepared for the first layer by libtorch, on its device.

use tch::{Device, Kind, TchError, Tensor};

use super::error::{NnError, TorchResult};
use super::network_image::NetworkImage;
use super::prepared::{EPSILON, constants};
use crate::config::Preparation;

/// A preparation of images of one size, with its constants on one device, so that preparing a batch waits for no copy.
pub(super) struct Input {
    preparation: Preparation,
    /// Pixels a side.
    side: u32,
    /// By channel: what is taken off at last, and by what the rest is divided.
    mean: Option<Tensor>,
    deviation: Option<Tensor>,
    device: Device,
}

impl Input {
    pub(super) fn new(preparation: Preparation, side: u32, device: Device) -> Result<Self, NnError> {
        let (mean, deviation) = constants(preparation);
        let place = |values: [f32; 3]| Tensor::f_from_slice(&values)?.f_to_device(device);
        let place = |values: Option<[f32; 3]>| values.map(place).transpose().named("prepare images");
        Ok(Self { preparation, side, mean: place(mean)?, deviation: place(deviation)?, device })
    }

    pub(super) fn preparation(&self) -> Preparation {
        self.preparation
    }

    /// Pixels a side of the images.
    pub(super) fn side(&self) -> u32 {
        self.side
    }

    /// `[n, 3, side, side]` f32, channels last in memory: the order in which the levels lie.
    pub(super) fn tensor(&self, images: &[NetworkImage]) -> Result<Tensor, NnError> {
        self.levels(images).and_then(|rgb| self.prepared(&rgb)).named("prepare images")
    }

    /// `[n, side, side, 3]` on the device: bytes, or f32 where one of the images has levels that are not rounded.
    pub(super) fn levels(&self, images: &[NetworkImage]) -> Result<Tensor, TchError> {
        let side = i64::from(self.side);
        let shape = [images.len() as i64, side, side, 3];
        let rgb = match all_bytes(images) {
            Some(bytes) => Tensor::f_from_data_size(&bytes.concat(), &shape, Kind::Uint8)?,
            None => Tensor::f_from_slice(&images.iter().flat_map(NetworkImage::levels).collect::<Vec<_>>())?
                .f_view(shape)?,
        };
        rgb.f_to_device(self.device)
    }

    /// `rgb` is `[n, side, side, 3]` bytes or f32 on the device; the answer is as that of [`Self::tensor`].
    pub(super) fn prepared(&self, rgb: &Tensor) -> Result<Tensor, TchError> {
        let levels = rgb.f_to_kind(Kind::Float)?;
        let mut x = match self.preparation {
            Preparation::Imagenet | Preparation::Rescale => levels.f_div_scalar(255.0)?,
            Preparation::Caffe => levels.f_flip([3])?,
            Preparation::Raw | Preparation::Featurewise { .. } => levels,
            Preparation::SamplewiseCenter => centred(&levels)?.f_div_scalar(255.0)?,
            Preparation::Samplewise => {
                let centred = centred(&levels)?;
                let deviation = centred.f_square()?.f_mean_dim(EACH_IMAGE, true, Kind::Float)?.f_sqrt()?;
                centred.f_div(&deviation.f_add_scalar(255.0 * EPSILON)?)?
            }
        };
        if let Some(mean) = &self.mean {
            x = x.f_sub(mean)?;
        }
        if let Some(deviation) = &self.deviation {
            x = x.f_div(deviation)?;
        }
        x.f_permute([0, 3, 1, 2])
    }
}

/// Each image's bytes, if all have 8 bits.
pub(super) fn all_bytes(images: &[NetworkImage]) -> Option<Vec<&[u8]>> {
    images.iter().map(NetworkImage::bytes).collect()
}

/// Rows, columns and channels of `[n, side, side, 3]`.
const EACH_IMAGE: &[i64] = &[1, 2, 3];

/// Less the mean of each image's levels.
fn centred(rgb: &Tensor) -> Result<Tensor, TchError> {
    rgb.f_sub(&rgb.f_mean_dim(EACH_IMAGE, true, Kind::Float)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Resize;
    use crate::domain::vgg16::INPUT_SIDE;
    use crate::imaging::{Picture, Pixels};

    fn plain(rgb: [u8; 3]) -> NetworkImage {
        NetworkImage::generated(INPUT_SIDE as u32, rgb.repeat(INPUT_SIDE * INPUT_SIDE))
    }

    fn prepared(preparation: Preparation, images: &[NetworkImage]) -> Tensor {
        Input::new(preparation, INPUT_SIDE as u32, Device::Cpu).unwrap().tensor(images).unwrap()
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
    }

    #[test]
    fn images_are_prepared_as_published() {
        let colour = [plain([255, 128, 0])];
        let imagenet = prepared(Preparation::Imagenet, &colour);
        assert_eq!(imagenet.size(), [1, 3, 224, 224]);
        let expected = [(1.0 - 0.485) / 0.229, (128.0 / 255.0 - 0.456) / 0.224, -0.406 / 0.225];
        (0..3).for_each(|c| assert_close(imagenet.double_value(&[0, c, 100, 7]), expected[c as usize]));
        let caffe = prepared(Preparation::Caffe, &colour);
        let expected = [0.0 - 103.939, 128.0 - 116.779, 255.0 - 123.68];
        (0..3).for_each(|c| assert_close(caffe.double_value(&[0, c, 0, 223]), expected[c as usize]));
        let plain = |preparation| prepared(preparation, &colour).double_value(&[0, 1, 9, 9]);
        assert_close(plain(Preparation::Rescale), 128.0 / 255.0);
        assert_close(plain(Preparation::Raw), 128.0);
    }

    #[test]
    fn levels_that_are_not_rounded_are_prepared_by_the_same_arithmetic() {
        let bytes = plain([255, 128, 0]);
        let deep = [255_u16, 128, 0].map(|level| 257 * level).repeat(INPUT_SIDE * INPUT_SIDE);
        let deep = Picture::new(bytes.side(), bytes.side(), 3, Pixels::U16(deep)).unwrap();
        let exact = NetworkImage::of(&deep, bytes.side(), Resize::Bilinear);
        assert!(exact.bytes().is_none());
        let featurewise = Preparation::Featurewise { mean: [100.0, 20.0, 3.0], deviation: [50.0, 1.0, 7.0] };
        let others = [Preparation::Imagenet, Preparation::Caffe, Preparation::Rescale, Preparation::Raw];
        let own = [Preparation::SamplewiseCenter, Preparation::Samplewise, featurewise];
        for preparation in others.into_iter().chain(own) {
            let one = |image: &NetworkImage| prepared(preparation, std::slice::from_ref(image));
            assert_eq!(one(&exact), one(&bytes), "{preparation}");
        }
    }

    #[test]
    fn images_are_standardised_by_themselves_or_by_their_dataset_as_keras_does_it() {
        // Two thirds of the levels are 0, one third 255 (in one image) or 51 (in the other).
        let images = [plain([255, 0, 0]), plain([0, 51, 0])];
        let red = |preparation, n: i64| prepared(preparation, &images).double_value(&[n, 0, 5, 5]);
        assert_close(red(Preparation::SamplewiseCenter, 0), 2.0 / 3.0);
        assert_close(red(Preparation::SamplewiseCenter, 1), -0.2 / 3.0);
        assert_close(red(Preparation::Samplewise, 0), 2.0_f64.sqrt());
        assert_close(red(Preparation::Samplewise, 1), -1.0 / 2.0_f64.sqrt());
        let featurewise = Preparation::Featurewise { mean: [100.0, 0.0, 0.0], deviation: [50.0, 1.0, 1.0] };
        assert_close(red(featurewise, 0), 3.1);
    }
}
