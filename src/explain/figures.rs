//! The figures of the maps of the predicted class.

use crate::domain::{ClassMap, Explanation, MapFigure, MapFigures, MapMethod, rectified, window_sums};
use crate::head::Head;

/// The part of the image's width and height, on each side, that is not its central area.
const BORDER: f64 = 1.0 / 7.0;

/// `explanation` is complete but for its figures and warnings, and of `head`.
pub(super) fn of(explanation: &Explanation, head: &Head) -> MapFigures {
    let class = explanation.predicted;
    let Some(map) = explanation.maps.get(class) else { return MapFigures::default() };
    let bias = head.linear().and_then(|linear| linear.bias.get(class).copied());
    let residual = bias.map(|bias| sum(&map.hires_cam) - (explanation.logits[class] - f64::from(bias)));
    let figure = |method| {
        let drawn = map.drawn(method);
        MapFigure {
            peak: drawn.peak(),
            outside_centre: outside_centre(&drawn.rectified(), drawn.side),
            completeness_residual: residual.filter(|_| method == MapMethod::HiresCam),
            perturbation: None,
        }
    };
    let maps = MapMethod::ALL.into_iter().map(|method| (method, figure(method))).collect();
    MapFigures { agreement: agreement(map), maps }
}

fn sum(cells: &[f32]) -> f64 {
    cells.iter().map(|cell| f64::from(*cell)).sum()
}

/// `heat` is at least 0.
fn outside_centre(heat: &[f32], side: usize) -> Option<f64> {
    let is_central = |at: usize| (BORDER..1.0 - BORDER).contains(&((at as f64 + 0.5) / side as f64));
    let is_outside = |cell: usize| !is_central(cell / side) || !is_central(cell % side);
    let outside = heat.iter().enumerate().filter(|(cell, _)| is_outside(*cell)).map(|(_, heat)| f64::from(*heat));
    let total = sum(heat);
    (total > 0.0).then(|| outside.sum::<f64>() / total)
}

/// Of the maps as they are drawn: Grad-CAM has no negative cells there, `HiResCAM` no negative windows.
fn agreement(map: &ClassMap) -> Option<f64> {
    let first = window_sums(&map.drawn(MapMethod::GradCam).rectified(), map.side);
    let second = rectified(&window_sums(map.cells(MapMethod::HiresCam), map.side));
    let (of_first, of_second) = (sum(&first), sum(&second));
    let common = || first.iter().zip(&second).map(|(a, b)| (f64::from(*a) / of_first).min(f64::from(*b) / of_second));
    (of_first > 0.0 && of_second > 0.0).then(|| common().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(grad_cam: Vec<f32>, hires_cam: Vec<f32>) -> ClassMap {
        let (grad_cam_plus_plus, layer_cam) = (grad_cam.clone(), hires_cam.clone());
        ClassMap { side: 14, grad_cam, hires_cam, grad_cam_plus_plus, layer_cam }
    }

    fn at(cells: &[usize]) -> Vec<f32> {
        (0..196).map(|cell| if cells.contains(&cell) { 2.0 } else { 0.0 }).collect()
    }

    #[test]
    fn two_cells_of_fourteen_on_each_side_are_outside() {
        for (cells, share) in [(vec![0], Some(1.0)), (vec![2 * 14 + 2], Some(0.0)), (vec![27, 7 * 14 + 7], Some(0.5))] {
            assert_eq!(outside_centre(&at(&cells), 14), share, "{cells:?}");
        }
        assert_eq!(outside_centre(&[0.0; 196], 14), None);
        let even = outside_centre(&[1.0; 196], 14).unwrap();
        assert!((even - 96.0 / 196.0).abs() < 1e-12, "{even}");
    }

    #[test]
    fn negative_cells_of_grad_cam_take_no_heat_from_their_window() {
        let among_negative: Vec<f32> = at(&[0]).iter().map(|cell| cell - 1.0).collect();
        assert_eq!(agreement(&map(among_negative, at(&[100]))), Some(0.0));
    }

    #[test]
    fn maps_agree_as_far_as_their_heat_is_in_the_same_windows() {
        for (first, second, common) in [
            (vec![0], vec![1], Some(1.0)),
            (vec![0], vec![0, 100], Some(0.5)),
            (vec![0], vec![100], Some(0.0)),
            (vec![], vec![100], None),
        ] {
            assert_eq!(agreement(&map(at(&first), at(&second))), common, "{first:?} {second:?}");
        }
    }
}
