//! Message on labelled images that show nothing.

use super::leaks::listed;
use crate::domain::Sample;

/// Of the samples among `samples` that are black, white or of one level; `None` when there are none.
pub(super) fn blank_message<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Option<String> {
    let blank = samples.into_iter().filter(|sample| sample.image.blank);
    let (n, files) = listed(blank.map(|sample| sample.path.as_str()))?;
    Some(format!("{n} black, white or of one level ({files}); nothing can be learned from that, so remove such files"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClassName, ContentHash, DatasetName, ImageFacts};

    fn sample(path: &str, blank: bool) -> Sample {
        Sample {
            dataset: DatasetName::new("d").unwrap(),
            class: ClassName::new("c").unwrap(),
            hash: ContentHash::of(path.as_bytes()),
            path: path.to_owned(),
            group: None,
            side: None,
            split: None,
            image: ImageFacts { width: 9, height: 9, format: "png".into(), colour: "grey8".into(), part: None, blank },
            perceptual_hash: None,
            border: None,
        }
    }

    #[test]
    fn blank_images_are_named_and_others_are_not() {
        let samples = ["a.png", "b.png", "c.png"].map(|path| sample(path, path != "b.png"));
        let message = blank_message(&samples).unwrap();
        assert!(message.starts_with("2 images are black, white or of one level (`a.png`, `c.png`);"), "{message}");
        assert_eq!(blank_message(&samples[1..2]), None);
    }
}
