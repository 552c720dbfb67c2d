//! What the model says about one scan, and where in the image it says so.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    ClassMap, ClassName, ContentHash, ContrastMap, DatasetName, ImageFacts, MapFigures, MapMethod, Neighbour, RunId,
};

/// One scan, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// File name of the scan, as the user named it.
    pub name: String,
    /// Identity of the scan.
    pub hash: ContentHash,
    /// Facts from decoding.
    pub image: ImageFacts,
    /// The dataset whose model spoke.
    pub dataset: DatasetName,
    /// The model that spoke.
    pub model: RunId,
    /// Classes in the order of the head's outputs.
    pub classes: Vec<ClassName>,
    /// The head's outputs before its activation, by class.
    pub logits: Vec<f64>,
    /// The head's raw outputs, by class, 0 to 1. Sigmoids need not add up to 1.
    pub scores: Vec<f64>,
    /// Index of the greatest logit; the first of equals.
    pub predicted: usize,
    /// How the scores stand to each other.
    pub status: ExplanationStatus,
    /// Heat maps by class.
    pub maps: Vec<ClassMap>,
    /// How far it is from the images that the model learned from; `None` where that is not known or not asked for.
    pub training_distance: Option<TrainingDistance>,
    /// The training images nearest to it, the nearest first; none where they are not known or not asked for.
    pub neighbours: Vec<Neighbour>,
    /// Where it lies among them, along the two principal axes of their features; `None` where that is not known or not asked for.
    pub feature_position: Option<[f64; 2]>,
    /// Whose maps are shown first.
    pub method: MapMethod,
    /// Of the maps of the predicted class.
    pub figures: MapFigures,
    /// One sentence each; empty when there is nothing to warn of.
    pub warnings: Vec<String>,
}

impl Explanation {
    /// The file name without extension.
    pub fn stem(&self) -> &str {
        super::names::stem(&self.name)
    }

    /// The class that comes next to `class`: of the others, that with the greatest logit, the first of equals.
    pub fn rival(&self, class: usize) -> Option<usize> {
        let others = (0..self.logits.len()).rev().filter(|other| *other != class);
        others.max_by(|a, b| self.logits[*a].total_cmp(&self.logits[*b]))
    }

    /// Why `class` and not its rival, and that rival.
    pub fn contrast(&self, class: usize) -> Option<(usize, ContrastMap)> {
        let rival = self.rival(class)?;
        Some((rival, self.maps.get(class)?.contrast(self.maps.get(rival)?)))
    }
}

/// How far a scan is from the images that a model learned from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrainingDistance {
    /// The mean of those to the nearest three, in standard deviations over all channels; at least 0.
    pub distance: f64,
    /// Beyond it, a scan is unlike them.
    pub limit: f64,
}

impl TrainingDistance {
    /// Whether the scan is unlike them.
    pub fn is_unlike(self) -> bool {
        self.distance > self.limit
    }
}

/// How the scores stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExplanationStatus {
    /// Exactly one class is above 0.5.
    Clear,
    /// Several classes are above 0.5. A softmax has at most one there, so it is never ambiguous.
    Ambiguous,
    /// No class is above 0.5.
    Neither,
    /// The scan shows nothing, so the scores mean nothing.
    Blank,
}

impl ExplanationStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Clear, Self::Ambiguous, Self::Neither, Self::Blank];

    /// How far the highest of these scores (0 to 1) is above the next; the score itself if it is the only one.
    pub fn margin(scores: impl IntoIterator<Item = f64>) -> f64 {
        let (first, second) = scores.into_iter().fold((0.0_f64, 0.0_f64), |(first, second), score| {
            if score > first { (score, first) } else { (first, second.max(score)) }
        });
        first - second
    }

    /// Of a scan with content, when so many classes are above 0.5.
    pub fn of(n_above_half: usize) -> Self {
        match n_above_half {
            0 => Self::Neither,
            1 => Self::Clear,
            _ => Self::Ambiguous,
        }
    }
}

impl fmt::Display for ExplanationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "clear",
            Self::Ambiguous => "ambiguous",
            Self::Neither => "neither",
            Self::Blank => "blank",
        })
    }
}

/// What each place of pool5, the last pooling layer, adds to the logit of one class; for a head of several layers, to first
/// order.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Rows and columns (7 at 224 pixels).
    pub side: usize,
    /// Row-major, signed and unscaled: for a head of one linear layer they sum to the logit less the bias.
    pub cells: Vec<f32>,
}

/// A validation image with a wrong prediction, to be shown; `I` is the type of an image.
#[derive(Debug, Clone)]
pub struct Misclassified<I> {
    /// Which of the validation images it is.
    pub at: usize,
    /// 224x224, as the network receives it; or a sentence why it cannot be shown.
    pub image: Result<I, String>,
    /// Evidence for the predicted class, and for the true one.
    pub evidence: [Evidence; 2],
}

#[cfg(test)]
mod tests {
    use super::ExplanationStatus;

    #[test]
    fn the_margin_is_over_the_next_highest_score() {
        for (scores, margin) in
            [(&[0.25, 0.75, 0.5][..], 0.25), (&[0.75, 0.25], 0.5), (&[0.5, 0.5], 0.0), (&[0.75], 0.75)]
        {
            let found = ExplanationStatus::margin(scores.iter().copied());
            assert!((found - margin).abs() < 1e-12, "{scores:?}: {found}");
        }
    }
}
