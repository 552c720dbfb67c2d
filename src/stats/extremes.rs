//! Images that nobody measured, for the bootstrap: of each class one that is answered as well as can be, and one as badly.

use super::predictions::Predictions;

/// Which of a class's two extremes comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Best,
    Worst,
}

/// The predictions, and behind them those of the two extremes of each class.
pub(super) fn with_extremes(predictions: &Predictions, n_classes: usize, first: First) -> Predictions {
    // Surer than any image, and so sure that every output is 0 or 1.
    let largest = predictions.logits.iter().flatten().fold(0.0_f64, |largest, logit| largest.max(logit.abs()));
    let sure = largest + 40.0;
    let mut extended = predictions.clone();
    for class in 0..n_classes {
        let best: Vec<f64> = (0..n_classes).map(|other| if other == class { sure } else { -sure }).collect();
        let worst: Vec<f64> = best.iter().map(|logit| -logit).collect();
        let pair = if first == First::Best { [best, worst] } else { [worst, best] };
        extended.logits.extend(pair);
        extended.labels.extend([class; 2]);
    }
    extended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Activation;

    #[test]
    fn extremes_are_right_and_wrong_beyond_all_images() {
        let logits = vec![vec![300.0, -2.0, 1.0], vec![0.0, 1.0, 2.0]];
        let predictions = Predictions { activation: Activation::Sigmoid, logits, labels: vec![0, 2] };
        let extended = with_extremes(&predictions, 3, First::Best);
        assert_eq!(extended.labels, [0, 2, 0, 0, 1, 1, 2, 2]);
        assert_eq!(extended.right()[2..], [true, false, true, false, true, false]);
        let certain =
            extended.scores(1.0)[2].iter().zip([1.0, 0.0, 0.0]).all(|(score, sure)| (score - sure).abs() < 1e-12);
        assert!(certain, "{:?}", extended.scores(1.0));
        assert!(extended.ranks(0)[2] > 300.0 && extended.ranks(0)[3] < -300.0);
        assert_eq!(with_extremes(&predictions, 3, First::Worst).right()[2..4], [false, true]);
    }
}
