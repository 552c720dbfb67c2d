//! Message on labelled images that may show who the patient is.

use super::leaks::listed;
use crate::domain::Sample;

/// Of the DICOM images among `samples` that show text, or say so; `None` when there are none.
pub(super) fn text_message<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Option<String> {
    let texts = samples.into_iter().filter(|sample| sample.image.text);
    let (n, files) = listed(texts.map(|sample| sample.path.as_str()))?;
    Some(format!(
        "{n} marked or looking as if text is burned into the pixels ({files}), which may show the patient's name: the \
         program cannot remove it, and copies and pages show it; export such images without text"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ImageFacts;

    #[test]
    fn images_with_text_are_named_and_others_are_not() {
        let samples = ["a", "b"].map(|content| {
            let sample = Sample::example(content, "c");
            Sample { image: ImageFacts { text: content == "a", ..sample.image.clone() }, ..sample }
        });
        let message = text_message(&samples).unwrap();
        assert!(message.starts_with("1 image is marked or") && message.contains("`datasets/d/c/a.png`"), "{message}");
        assert_eq!(text_message(&samples[1..]), None);
    }
}
