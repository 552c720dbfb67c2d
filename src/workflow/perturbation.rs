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
    let ranks = ranks(&map.cells);
    let n_at = |step: usize| (ranks.len() * step + N_STEPS / 2) / N_STEPS;
    let covered =
        |is: &dyn Fn(usize) -> bool| input.covered(&ranks.iter().map(|rank| is(*rank)).collect::<Vec<_>>(), map.side);
    let deleted = (1..N_STEPS).map(|step| covered(&|rank| rank < n_at(step)));
    let inserted = (1..N_STEPS).map(|step| covered(&|rank| rank >= n_at(step)));
    let images = deleted.chain(inserted).chain([covered(&|_| true)]).collect();
    let score = |logits: &[f64]| head.activation().scores(logits)[class];
    let scores: Vec<f64> = engine.activations(images)?.iter().map(|image| score(&head.logits(&image.pool5))).collect();
    let Some((deleted, inserted)) = scores.split_at_checked(N_STEPS - 1) else { return Ok(None) };
    let Some((nothing, inserted)) = inserted.split_last() else { return Ok(None) };
    let whole = score(&explanation.logits);
    Ok(Some(Perturbation {
        deletion_auc: area(whole, deleted, *nothing),
        insertion_auc: area(*nothing, inserted, whole),
    }))
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
    fn the_area_is_that_of_trapezoids() {
        assert!((area(1.0, &[0.5], 0.0) - 0.5).abs() < 1e-12);
        assert!((area(0.8, &[0.8; 9], 0.8) - 0.8).abs() < 1e-12);
    }
}
