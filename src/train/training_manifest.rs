//! What a run learned from, kept beside its model: a later comparison on images that it knows would flatter it.

use std::collections::BTreeSet;
use std::path::Path;

use super::TrainError;
use crate::disk;
use crate::domain::{ContentHash, LabelledImage, Split};

const FILE: &str = "learned.txt";

/// Writes the contents of the training originals into the run's folder, one a line, sorted.
pub(super) fn write(run_dir: &Path, samples: &[LabelledImage]) -> Result<(), TrainError> {
    let learned = samples.iter().filter(|image| image.split == Some(Split::Train));
    let lines: BTreeSet<String> = learned.map(|image| format!("{}\n", image.hash)).collect();
    Ok(disk::write_atomic(&run_dir.join(FILE), lines.into_iter().collect::<String>().as_bytes())?)
}

/// The originals that the run in `run_dir` learned from; none of a run that did not say, as one of an older version.
pub fn trained_on(run_dir: &Path) -> BTreeSet<ContentHash> {
    let text = std::fs::read_to_string(run_dir.join(FILE)).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_which_originals_it_learned_from() {
        let image = |number: u8, split| LabelledImage::example("a", &format!("a/{number}.png"), Some(split));
        let dir = tempfile::tempdir().unwrap();
        assert!(trained_on(dir.path()).is_empty(), "an older run did not say");
        let samples = [image(1, Split::Train), image(2, Split::Validation), image(3, Split::Train)];
        write(dir.path(), &samples).unwrap();
        assert_eq!(trained_on(dir.path()), BTreeSet::from([samples[0].hash, samples[2].hash]));
    }
}
