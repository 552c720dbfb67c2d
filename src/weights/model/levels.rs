//! What a chain of operations does to the levels of an image: each channel times a factor, plus an offset, and their order.

use crate::config::Preparation;

/// torchvision's.
const IMAGENET: ([f64; 3], [f64; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// Of blue, green and red: the network's first authors'.
const CAFFE: [f64; 3] = [103.939, 116.779, 123.68];

/// Channel by channel: `factor * level + offset`, of the channels in RGB order, or turned round.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LevelChanges {
    reversed: bool,
    factor: [f64; 3],
    offset: [f64; 3],
}

impl Default for LevelChanges {
    fn default() -> Self {
        Self { reversed: false, factor: [1.0; 3], offset: [0.0; 3] }
    }
}

/// One number for all channels, or one for each.
fn channels(numbers: &[f64]) -> Option<[f64; 3]> {
    match *numbers {
        [all] => Some([all; 3]),
        [first, second, third] => Some([first, second, third]),
        _ => None,
    }
}

impl LevelChanges {
    pub(super) fn reverse(&mut self) {
        self.reversed = !self.reversed;
        self.factor.reverse();
        self.offset.reverse();
    }

    /// Each channel by its number; nothing for another number of them.
    fn each(&mut self, numbers: &[f64], change: fn(&mut f64, &mut f64, f64)) -> Option<()> {
        let numbers = channels(numbers)?;
        let pairs = self.factor.iter_mut().zip(&mut self.offset).zip(numbers);
        pairs.for_each(|((factor, offset), number)| change(factor, offset, number));
        Some(())
    }

    pub(super) fn add(&mut self, numbers: &[f64]) -> Option<()> {
        self.each(numbers, |_, offset, number| *offset += number)
    }

    pub(super) fn subtract(&mut self, numbers: &[f64]) -> Option<()> {
        self.each(numbers, |_, offset, number| *offset -= number)
    }

    pub(super) fn multiply(&mut self, numbers: &[f64]) -> Option<()> {
        self.each(numbers, |factor, offset, number| (*factor, *offset) = (*factor * number, *offset * number))
    }

    pub(super) fn divide(&mut self, numbers: &[f64]) -> Option<()> {
        self.each(numbers, |factor, offset, number| (*factor, *offset) = (*factor / number, *offset / number))
    }

    /// The preparation that does the same; nothing where levels stay as they are. The error is a clause.
    pub(super) fn preparation(&self) -> Result<Option<Preparation>, String> {
        let is = |factor: [f64; 3], offset: [f64; 3]| close(self.factor, factor) && close(self.offset, offset);
        let (mean, deviation) = IMAGENET;
        if self.reversed {
            let caffe = is([1.0; 3], CAFFE.map(|mean| -mean)).then_some(Some(Preparation::Caffe));
            return caffe.ok_or_else(|| self.unknown());
        }
        if is([1.0; 3], [0.0; 3]) {
            return Ok(None);
        }
        if is([1.0 / 255.0; 3], [0.0; 3]) {
            return Ok(Some(Preparation::Rescale));
        }
        let ratio = |at: usize| -mean[at] / deviation[at];
        if is(deviation.map(|deviation| 1.0 / (255.0 * deviation)), [0, 1, 2].map(ratio)) {
            return Ok(Some(Preparation::Imagenet));
        }
        self.featurewise().map(Some).ok_or_else(|| self.unknown())
    }

    /// `(level - mean) / deviation`, which is any growing line.
    fn featurewise(&self) -> Option<Preparation> {
        let deviation = self.factor.map(|factor| (1.0 / factor) as f32);
        let mean = [0, 1, 2].map(|at| (-self.offset[at] / self.factor[at]) as f32);
        let usable = mean.iter().all(|mean| mean.is_finite()) && deviation.iter().all(|d| d.is_finite() && *d > 0.0);
        // -0 is written with its sign.
        usable.then_some(Preparation::Featurewise { mean: mean.map(|mean| mean + 0.0), deviation })
    }

    fn unknown(&self) -> String {
        let order = if self.reversed { "BGR" } else { "RGB" };
        format!("it prepares images as {order} times {:?} plus {:?}, which gradwatch has not", self.factor, self.offset)
    }
}

/// Up to the rounding of 32-bit floats.
fn close(a: [f64; 3], b: [f64; 3]) -> bool {
    a.into_iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * b.abs().max(1e-3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preparation_is_known_from_what_it_does() {
        let mut caffe = LevelChanges::default();
        caffe.reverse();
        caffe.subtract(&CAFFE).unwrap();
        assert_eq!(caffe.preparation(), Ok(Some(Preparation::Caffe)));
        let mut turned = LevelChanges::default();
        turned.subtract(&[123.68, 116.779, 103.939]).unwrap();
        turned.reverse();
        assert_eq!(turned.preparation(), Ok(Some(Preparation::Caffe)));
        let mut torch = LevelChanges::default();
        torch.divide(&[255.0]).unwrap();
        assert_eq!(torch.preparation(), Ok(Some(Preparation::Rescale)));
        torch.subtract(&IMAGENET.0).unwrap();
        torch.divide(&IMAGENET.1).unwrap();
        assert_eq!(torch.preparation(), Ok(Some(Preparation::Imagenet)));
        let mut signed = LevelChanges::default();
        signed.multiply(&[1.0 / 127.5]).unwrap();
        signed.add(&[-1.0]).unwrap();
        let text = signed.preparation().unwrap().unwrap().to_string();
        assert_eq!(text, "featurewise 127.5 127.5 127.5 / 127.5 127.5 127.5");
        assert_eq!(LevelChanges::default().preparation(), Ok(None));
    }

    #[test]
    fn what_no_preparation_does_is_refused() {
        let mut levels = LevelChanges::default();
        assert_eq!([levels.add(&[1.0, 2.0]), levels.add(&[])], [None, None]);
        levels.reverse();
        let expected = "it prepares images as BGR times [1.0, 1.0, 1.0] plus [0.0, 0.0, 0.0], which gradwatch has not";
        assert_eq!(levels.preparation().unwrap_err(), expected);
        for factor in [-1.0, 0.0, f64::NAN] {
            let mut levels = LevelChanges::default();
            levels.multiply(&[factor]).unwrap();
            assert!(levels.preparation().is_err(), "{factor}");
        }
    }
}
