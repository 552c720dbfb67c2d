//! Deletion and insertion: how the score of the predicted class falls while the hottest cells of the image are covered, and
//! rises while they are uncovered (Petsiuk et al. 2018).

use crate::domain::{Explanation, Perturbation};
use crate::head::Head;
use crate::nn::{Engine, NetworkImage, NnError};

/// Steps of each curve: with the image itself and the one that is all covered, 20 forward passes.
const N_STEPS: usize = 10;

/// Of the map that `explanation` shows first, over the image as the network takes it; `None` of an image without maps.
///
/// # Errors
/// [`NnError`] of the network.
pub(super) fn perturbation(
    (engine, head): (&Engine, &Head),
    input: &NetworkImage,
    explanation: &Explanation,
) -> Result<Option<Perturbation>, NnError> {
    let class = explanation.predicted;
    let Some(map) = explanation.maps.get(class) else { return Ok(None) };
    let map = map.drawn(explanation.method);
    let images = covered(&map.cells).iter().map(|covered| input.covered(covered, map.side)).collect();
    let score = |logits: &[f64]| head.activation().scores(logits)[class];
    let scores: Vec<f64> = engine.activations(images)?.iter().map(|image| score(&head.logits(&image.pool5))).collect();
    Ok(areas(score(&explanation.logits), &scores))
}

/// Which cells are covered in each image of the curves: more and more of the hottest, then fewer and fewer of the others until the
/// coldest are left, and then all.
fn covered(cells: &[f32]) -> Vec<Vec<bool>> {
    let ranks = ranks(cells);
    let n_at = |step: usize| (ranks.len() * step + N_STEPS / 2) / N_STEPS;
    let deleted = (1..N_STEPS).map(|step| ranks.iter().map(|rank| *rank < n_at(step)).collect());
    let inserted = (1..N_STEPS).map(|step| ranks.iter().map(|rank| *rank >= n_at(step)).collect());
    deleted.chain(inserted).chain([vec![true; ranks.len()]]).collect()
}

/// From the score of the image itself and those of the images of [`covered`]; `None` where there are too few.
fn areas(whole: f64, scores: &[f64]) -> Option<Perturbation> {
    let (deleted, inserted) = scores.split_at_checked(N_STEPS - 1)?;
    let (nothing, inserted) = inserted.split_last()?;
    Some(Perturbation { deletion_auc: area(whole, deleted, *nothing), insertion_auc: area(*nothing, inserted, whole) })
}

/// Of each cell its place by falling value, 0 for the hottest; the first of equals comes first.
fn ranks(cells: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(|a, b| cells[*b].total_cmp(&cells[*a]));
    let mut ranks = vec![0; cells.len()];
    order.into_iter().enumerate().for_each(|(rank, cell)| ranks[cell] = rank);
    ranks
}

/// Under a curve of equal steps, by the trapezoidal rule.
fn area(first: f64, between: &[f64], last: f64) -> f64 {
    (f64::midpoint(first, last) + between.iter().sum::<f64>()) / (between.len() + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_cell_is_first_and_of_equals_the_first() {
        assert_eq!(ranks(&[0.0, 3.0, -1.0, 3.0]), [2, 0, 3, 1]);
    }

    #[test]
    fn deletion_covers_the_hottest_cells_first_and_insertion_uncovers_them_first() {
        // Cell 19 is the hottest of 20, so that a step is two cells.
        let covered = covered(&(0_u8..20).map(f32::from).collect::<Vec<_>>());
        let at = |image: usize| (0..20).filter(|cell| covered[image][*cell]).collect::<Vec<_>>();
        assert_eq!(covered.len(), 19);
        assert_eq!((at(0), at(8)), (vec![18, 19], (2..20).collect()));
        assert_eq!((at(9), at(17)), ((0..18).collect(), vec![0, 1]));
        assert_eq!(at(18), (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn of_a_map_that_finds_what_the_score_depends_on_deletion_is_low_and_insertion_high() {
        let areas = |cells: &[f32]| {
            let scores = covered(cells).iter().map(|covered| f64::from(u8::from(!covered[3]))).collect::<Vec<_>>();
            let areas = areas(1.0, &scores).unwrap();
            (areas.deletion_auc, areas.insertion_auc)
        };
        let mut cells = [0.0; 10];
        cells[3] = 1.0;
        let (deletion, insertion) = areas(&cells);
        assert!((deletion - 0.05).abs() < 1e-12 && (insertion - 0.95).abs() < 1e-12, "{deletion} {insertion}");
        cells[3] = -1.0;
        let (deletion, insertion) = areas(&cells);
        assert!((deletion - 0.95).abs() < 1e-12 && (insertion - 0.05).abs() < 1e-12, "{deletion} {insertion}");
    }

    #[test]
    fn the_area_is_that_of_trapezoids() {
        assert!((area(1.0, &[0.5], 0.0) - 0.5).abs() < 1e-12);
        assert!((area(0.8, &[0.8; 9], 0.8) - 0.8).abs() < 1e-12);
    }
}
