//! How well heat maps find what is painted in generated radiographs.

use serde::Serialize;

use super::MapMethod;
use crate::stats::{Estimate, Paired};

/// A difference that is less likely by chance counts.
const SIGNIFICANT: f64 = 0.05;

/// How well heat maps find what is painted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapBenchmark {
    /// Radiographs, each with one to three painted patches.
    pub n_images: u64,
    /// Those that the model classified as patchy.
    pub recognised: Estimate,
    /// Share of the image's area that is painted, on average: the value expected by chance.
    pub painted: f64,
    /// One a method.
    pub methods: Vec<MapScore>,
    /// The pointing game of the two maps of every page, on the same radiographs: first `HiResCAM`, second Grad-CAM.
    pub hires_cam_or_grad_cam: Paired,
}

impl MapBenchmark {
    /// Which of the two maps of a page to rely on, and why.
    pub fn advice(&self) -> String {
        let Paired { only_first: hires, only_second: grad, p_value: p } = self.hires_cam_or_grad_cam;
        let counts = format!(
            "HiResCAM alone points to a patch in {hires} of the radiographs, Grad-CAM alone in {grad} (exact McNemar test, {})",
            if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") }
        );
        let reason = match (p < SIGNIFICANT, hires > grad) {
            (false, _) => "neither is shown to be the better one",
            (true, true) => {
                "rely on HiResCAM for this model. It shows what each region adds to the score; Grad-CAM weights whole channels, \
                 and so also highlights regions that add nothing"
            }
            (true, false) => "rely on Grad-CAM for this model",
        };
        format!("{counts}: {reason}.")
    }
}

/// How well the maps of one method find what is painted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapScore {
    /// Which.
    pub method: MapMethod,
    /// The pointing game: maps whose hottest cell has its centre in a patch.
    pub pointing: Estimate,
    /// Share of the heat that lies in patches, on average; each cell's heat is spread evenly over its area. 0 for a map
    /// without heat.
    pub inside: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(hires_cam_alone: usize, grad_cam_alone: usize) -> String {
        let recognised = Estimate::proportion((9, 10)).unwrap();
        let alone = |of: bool| [vec![of; hires_cam_alone], vec![!of; grad_cam_alone]].concat();
        let hires_cam_or_grad_cam = Paired::of(&alone(true), &alone(false));
        MapBenchmark { n_images: 100, recognised, painted: 0.1, methods: Vec::new(), hires_cam_or_grad_cam }.advice()
    }

    #[test]
    fn a_map_is_preferred_only_beyond_chance() {
        assert!(advice(30, 2).contains("p < 0.001): rely on HiResCAM"), "{}", advice(30, 2));
        assert!(advice(1, 9).contains("p = 0.021): rely on Grad-CAM"), "{}", advice(1, 9));
        for (hires, grad) in [(5, 1), (0, 0), (1, 5)] {
            assert!(advice(hires, grad).contains("neither is shown to be the better one"), "{hires} {grad}");
        }
    }
}
