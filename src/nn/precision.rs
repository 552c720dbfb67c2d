//! The arithmetic that the network runs in.

use std::arch::is_x86_feature_detected;

use tch::Kind;

use super::NnError;
use crate::config;

/// Of products and what is stored between layers; sums are 32-bit floats in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// 32-bit floats.
    F32,
    /// The upper half of 32-bit floats: the same range, 8 significant bits.
    Bf16,
}

impl Precision {
    /// What is fast on the processor, unless something is asked for.
    pub(super) fn on_processor(wanted: config::Precision) -> Result<Self, NnError> {
        match wanted {
            config::Precision::Bf16 if !is_x86_feature_detected!("avx512bw") => Err(NnError::NoBf16),
            config::Precision::Bf16 => Ok(Self::Bf16),
            // Filtering in 32 bits saves more than halving them does.
            config::Precision::Auto | config::Precision::F32 => Ok(Self::F32),
        }
    }

    /// What is fast on a GPU, unless something is asked for.
    pub(super) fn on_gpu(wanted: config::Precision) -> Self {
        match wanted {
            config::Precision::F32 => Self::F32,
            config::Precision::Bf16 | config::Precision::Auto => Self::Bf16,
        }
    }

    /// The word in `compute.precision` and in fingerprints.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::config::Preparation;
    use crate::domain::{Activation, ClassName, StopFlag};
    use crate::imaging::{Phantom, PhantomClass, Rgb8};
    use crate::nn::architecture::VGG16;
    use crate::nn::builtin::BuiltIn;
    use crate::nn::fit::{ChannelStatistics, FitSettings, HeadFit};
    use crate::nn::network::Network;
    use crate::nn::{Engine, Head};

    const CLASSES: [PhantomClass; 2] = [PhantomClass::Plain, PhantomClass::Patchy];

    fn films(seeds: std::ops::Range<u64>) -> Vec<Rgb8> {
        let film = |seed| CLASSES.map(|class| Engine::input(&Phantom { class, seed }.film().picture));
        seeds.flat_map(film).collect()
    }

    /// A layer that tells the films' classes, learned from 32-bit features.
    fn fitted(rows: &[Vec<f32>]) -> Head {
        let mut statistics = ChannelStatistics::default();
        for row in rows {
            statistics.add(row);
        }
        let classes = CLASSES.map(|class| ClassName::new(class.to_string()).unwrap()).to_vec();
        let settings =
            FitSettings { activation: Activation::Sigmoid, class_weights: vec![1.0; 2], learning_rate: 0.001, seed: 1 };
        let mut fit = HeadFit::new(classes, statistics.scale(), settings);
        let labels: Vec<usize> = (0..rows.len()).map(|at| at % 2).collect();
        for _ in 0..8 {
            fit.step(&mut rows.concat(), &labels);
        }
        fit.head().unwrap()
    }

    #[test]
    fn probabilities_of_generated_films_in_bf16_are_those_in_f32_within_a_hundredth() {
        let dir = tempfile::tempdir().unwrap();
        let quick = BuiltIn { plan: &VGG16, seed: 1, n_pictures: 1 };
        let weights = quick.load_or_make(dir.path(), &StopFlag::default()).unwrap();
        let features = |precision, films: &[Rgb8]| {
            let network = Network::new(&VGG16, &weights.layers, Preparation::Imagenet, Device::Cpu, precision).unwrap();
            films.iter().map(|film| network.features(std::slice::from_ref(film)).unwrap().remove(0)).collect::<Vec<_>>()
        };
        let head = fitted(&features(Precision::F32, &films(0..3)));
        let [exact, rounded] = [Precision::F32, Precision::Bf16].map(|precision| features(precision, &films(3..5)));
        for (exact, rounded) in exact.iter().zip(&rounded) {
            let scores = |row: &[f32]| Activation::Sigmoid.scores(&head.logits(row));
            for (exact, rounded) in scores(exact).into_iter().zip(scores(rounded)) {
                assert!((exact - rounded).abs() < 0.01, "{exact} and {rounded}");
            }
        }
    }
}
