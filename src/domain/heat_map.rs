//! Heat maps of one class on the grid of `block5_conv3`, by method.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::drawn_map::DrawnMap;

/// How a heat map is computed from activations and the gradient of a logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum MapMethod {
    /// Selvaraju et al. 2017: channels, each weighted by the mean of its gradient.
    #[default]
    #[serde(rename = "Grad-CAM")]
    GradCam,
    /// Draelos & Carin 2020: gradient times activation, place by place.
    #[serde(rename = "HiResCAM")]
    HiresCam,
    /// Chattopadhyay et al. 2018: channels, each weighted by its positive gradients and their higher powers.
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
    /// `HiResCAM`, signed: for a head of one linear layer, as every trained one is, it sums to the logit minus the bias.
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

    /// The map of `method` as it is drawn, signed and unscaled.
    pub fn drawn(&self, method: MapMethod) -> DrawnMap {
        match method {
            MapMethod::HiresCam => DrawnMap::on_pool5(&self.hires_cam, self.side),
            method => DrawnMap { side: self.side, cells: self.cells(method).to_vec() },
        }
    }

    /// The maps of the difference of two logits, of this class and of `other`: the gradient of a difference is the
    /// difference of the gradients, and Grad-CAM before rectification and `HiResCAM` are both linear in it.
    pub fn contrast(&self, other: &Self) -> ContrastMap {
        let less = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).clamp(f32::MIN, f32::MAX)).collect();
        ContrastMap {
            side: self.side,
            grad_cam: less(&self.grad_cam, &other.grad_cam),
            hires_cam: less(&self.hires_cam, &other.hires_cam),
        }
    }
}

/// Why one class and not the other: maps of the difference of their logits, row-major, signed and unscaled, on the grid of
/// the [`ClassMap`] that they are of.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastMap {
    /// Rows and columns of the grid.
    pub side: usize,
    /// Grad-CAM before rectification.
    pub grad_cam: Vec<f32>,
    /// `HiResCAM`.
    pub hires_cam: Vec<f32>,
}

impl ContrastMap {
    /// `HiResCAM` as it is drawn, signed and unscaled.
    pub fn drawn(&self) -> DrawnMap {
        DrawnMap::on_pool5(&self.hires_cam, self.side)
    }
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
            grad_cam_plus_plus: cells.clone(),
            layer_cam: cells,
        }
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
