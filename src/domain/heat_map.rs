//! Heat maps of one class on the grid of `block5_conv3`, by method.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a heat map is computed from activations and the gradient of a logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum MapMethod {
    /// Selvaraju et al. 2017: channels, each weighed by the mean of its gradient.
    #[default]
    #[serde(rename = "Grad-CAM")]
    GradCam,
    /// Draelos & Carin 2020: gradient times activation, place by place.
    #[serde(rename = "HiResCAM")]
    HiresCam,
    /// Chattopadhyay et al. 2018: channels, each weighed by its positive gradients and their higher powers.
    #[serde(rename = "Grad-CAM++")]
    GradCamPlusPlus,
    /// Jiang et al. 2021: positive gradient times activation, place by place.
    #[serde(rename = "LayerCAM")]
    LayerCam,
}

impl MapMethod {
    /// Each once.
    pub const ALL: [Self; 4] = [Self::GradCam, Self::HiresCam, Self::GradCamPlusPlus, Self::LayerCam];

    /// Its name on the command line.
    pub fn argument(self) -> &'static str {
        match self {
            Self::GradCam => "grad-cam",
            Self::HiresCam => "hires-cam",
            Self::GradCamPlusPlus => "grad-cam-plus-plus",
            Self::LayerCam => "layer-cam",
        }
    }
}

impl fmt::Display for MapMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GradCam => "Grad-CAM",
            Self::HiresCam => "HiResCAM",
            Self::GradCamPlusPlus => "Grad-CAM++",
            Self::LayerCam => "LayerCAM",
        })
    }
}

/// Heat maps for one class, each row-major and unscaled: what speaks for the class is positive.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMap {
    /// Rows and columns of the grid (14 at 224 pixels).
    pub side: usize,
    /// Grad-CAM before rectification, signed.
    pub grad_cam: Vec<f32>,
    /// `HiResCAM`, signed: for a head of one linear layer, as every trained one is, it sums to the logit less the bias.
    pub hires_cam: Vec<f32>,
    /// Grad-CAM++, at least 0.
    pub grad_cam_plus_plus: Vec<f32>,
    /// `LayerCAM`, at least 0.
    pub layer_cam: Vec<f32>,
}

impl ClassMap {
    /// The map of `method`.
    pub fn cells(&self, method: MapMethod) -> &[f32] {
        match method {
            MapMethod::GradCam => &self.grad_cam,
            MapMethod::HiresCam => &self.hires_cam,
            MapMethod::GradCamPlusPlus => &self.grad_cam_plus_plus,
            MapMethod::LayerCam => &self.layer_cam,
        }
    }

    /// The maximum of the map; 0 when no region supports the class.
    pub fn peak(&self, method: MapMethod) -> f32 {
        peak(self.cells(method))
    }

    /// The map without its negative cells, divided by its maximum; all 0 when no region supports the class.
    pub fn rectified(&self, method: MapMethod) -> Vec<f32> {
        rectified(self.cells(method))
    }

    /// Rows and columns of the map of `method` as it is drawn: `HiResCAM` by the windows of pool5, see [`window_sums`].
    pub fn grid(&self, method: MapMethod) -> usize {
        if method == MapMethod::HiresCam { self.side / 2 } else { self.side }
    }

    /// The maps of the difference of two logits, of this class and of `other`: the gradient of a difference is the
    /// difference of the gradients, and Grad-CAM before rectification and `HiResCAM` are both linear in it.
    pub fn contrast(&self, other: &Self) -> ContrastMap {
        let less = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).clamp(f32::MIN, f32::MAX)).collect();
        ContrastMap {
            grad_cam: less(&self.grad_cam, &other.grad_cam),
            hires_cam: less(&self.hires_cam, &other.hires_cam),
        }
    }
}

/// Why one class and not the other: maps of the difference of their logits, row-major, signed and unscaled, on the grid of
/// the [`ClassMap`] that they are of.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastMap {
    /// Grad-CAM before rectification.
    pub grad_cam: Vec<f32>,
    /// `HiResCAM`.
    pub hires_cam: Vec<f32>,
}

/// The greatest of these cells; 0 where none is positive.
fn peak(cells: &[f32]) -> f32 {
    cells.iter().copied().fold(0.0, f32::max)
}

/// These cells with the greatest as 1 and what is negative as 0; all 0 where none is positive.
pub fn rectified(cells: &[f32]) -> Vec<f32> {
    let peak = peak(cells);
    cells.iter().map(|cell| if peak > 0.0 { cell.max(0.0) / peak } else { 0.0 }).collect()
}

/// The sums over the 2x2 windows of pool5 of a map with `side` rows and columns, row-major, `side / 2` a row. The maximum
/// pooling lets one of the four places through, so of `HiResCAM` a sum is a cell's own term of the logit.
pub fn window_sums(cells: &[f32], side: usize) -> Vec<f32> {
    let n = side / 2;
    let sum = |i: usize| {
        let first = 2 * (i / n) * side + 2 * (i % n);
        let places = [first, first + 1, first + side, first + side + 1];
        places.iter().filter_map(|place| cells.get(*place)).sum::<f32>()
    };
    (0..n * n).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(cells: &[f32]) -> ClassMap {
        let cells = cells.to_vec();
        ClassMap {
            side: 2,
            grad_cam: cells.clone(),
            hires_cam: cells.iter().map(|cell| cell * 2.0).collect(),
            grad_cam_plus_plus: rectified(&cells),
            layer_cam: cells,
        }
    }

    #[test]
    fn what_is_positive_is_scaled_to_its_peak_and_the_rest_is_nothing() {
        let some = map(&[4.0, -2.0, 1.0, 0.0]);
        assert_eq!(
            (some.rectified(MapMethod::GradCam), some.peak(MapMethod::HiresCam)),
            (vec![1.0, 0.0, 0.25, 0.0], 8.0)
        );
        let none = map(&[-1.0, -2.0, 0.0, -3.0]);
        assert_eq!((none.rectified(MapMethod::GradCam), none.peak(MapMethod::GradCam)), (vec![0.0; 4], 0.0));
        let tiny = map(&[f32::from_bits(1), 0.0, -1.0, f32::MAX]);
        assert!(tiny.rectified(MapMethod::GradCam).iter().all(|cell| cell.is_finite()));
    }

    #[test]
    fn four_places_make_one_window_and_an_odd_last_row_none() {
        let mut cells = vec![0.0; 16];
        (cells[1], cells[14], cells[8]) = (4.0, 2.0, -3.0);
        assert_eq!(window_sums(&cells, 4), [4.0, 0.0, -3.0, 2.0]);
        let mut cells = vec![0.0; 25];
        (cells[3], cells[10], cells[24]) = (4.0, 2.0, 9.0);
        assert_eq!(window_sums(&cells, 5), [0.0, 4.0, 2.0, 0.0]);
        assert!(window_sums(&[1.0], 1).is_empty());
    }

    #[test]
    fn a_contrast_is_the_difference_of_the_maps() {
        let contrast = map(&[4.0, 1.0, 0.0, 0.0]).contrast(&map(&[1.0, 1.0, 2.0, 0.0]));
        assert_eq!(contrast.grad_cam, [3.0, 0.0, -2.0, 0.0]);
        assert_eq!(contrast.hires_cam, [6.0, 0.0, -4.0, 0.0]);
    }

    #[test]
    fn a_record_names_a_method_as_people_do() {
        for method in MapMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.to_string());
        }
    }
}
