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
    use crate::domain::ImageFacts;

    fn sample(content: &str, blank: bool) -> Sample {
        let sample = Sample::example(content, "c");
        Sample { image: ImageFacts { blank, ..sample.image.clone() }, ..sample }
    }

    #[test]
    fn blank_images_are_named_and_others_are_not() {
        let samples = ["a", "b", "c"].map(|content| sample(content, content != "b"));
        let message = blank_message(&samples).unwrap();
        assert!(
            message
                .starts_with("2 images are black, white or of one level (`datasets/d/c/a.png`, `datasets/d/c/c.png`);"),
            "{message}"
        );
        assert_eq!(blank_message(&samples[1..2]), None);
    }
}
