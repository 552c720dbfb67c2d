//! What a run learned from, kept beside its model: a later comparison on images that it knows would flatter it.

use std::collections::BTreeSet;
use std::path::Path;

use super::TrainError;
use crate::disk;
use crate::domain::{ContentHash, LabelledImage, Split};

const FILE: &str = "learned.txt";

/// Writes the contents of the originals into the run's folder, one a line, sorted; one that is not learned from with its side.
pub(super) fn write(run_dir: &Path, samples: &[LabelledImage]) -> Result<(), TrainError> {
    let line = |image: &LabelledImage| match image.split {
        Some(Split::Train) => format!("{}\n", image.hash),
        Some(side) => format!("{} {side}\n", image.hash),
        None => format!("{} undecided\n", image.hash),
    };
    let lines: BTreeSet<String> = samples.iter().map(line).collect();
    Ok(disk::write_atomic(&run_dir.join(FILE), lines.into_iter().collect::<String>().as_bytes())?)
}

/// The originals that the run in `run_dir` learned from; none of a run that did not say, as one of an older version.
pub fn trained_on(run_dir: &Path) -> BTreeSet<ContentHash> {
    lines(run_dir).lines().filter_map(|line| line.parse().ok()).collect()
}

/// The originals on all sides of the run in `run_dir`; `None` of a run that did not say, as one of an older version.
pub(super) fn images(run_dir: &Path) -> Option<BTreeSet<ContentHash>> {
    let lines = lines(run_dir);
    // An older version wrote training originals alone; every training has others too.
    let has_sides = lines.lines().any(|line| line.contains(' '));
    let hash = |line: &str| line.split(' ').next()?.parse().ok();
    has_sides.then(|| lines.lines().filter_map(hash).collect())
}

fn lines(run_dir: &Path) -> String {
    std::fs::read_to_string(run_dir.join(FILE)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_which_originals_it_had_and_learned_from() {
        let image = |number: u8, split| LabelledImage::example("a", &format!("a/{number}.png"), Some(split));
        let dir = tempfile::tempdir().unwrap();
        assert!(trained_on(dir.path()).is_empty(), "an older run did not say");
        let samples = [image(1, Split::Train), image(2, Split::Validation), image(3, Split::Train)];
        write(dir.path(), &samples).unwrap();
        assert_eq!(trained_on(dir.path()), BTreeSet::from([samples[0].hash, samples[2].hash]));
        assert_eq!(images(dir.path()), Some(samples.iter().map(|image| image.hash).collect()));
        write(dir.path(), &samples[..1]).unwrap();
        assert_eq!(images(dir.path()), None, "as an older run");
    }
}
