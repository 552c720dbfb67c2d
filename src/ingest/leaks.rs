//! Messages on images whose folders contradict the split: one sentence with their number and the first names.

use crate::content;
use crate::domain::{Sample, Split};
use crate::privacy::shown;

/// Of the samples that a decision excludes; `None` when it excludes none.
pub fn excluded_message(decided: &[Sample]) -> Option<String> {
    let excluded = decided.iter().filter(|sample| sample.split == Some(Split::Excluded));
    let (n, files) = listed(excluded.map(|sample| sample.path.as_str()))?;
    Some(format!(
        "{n} excluded from the split, as near-duplicates or group members of images in a validation or test folder \
         ({files})"
    ))
}

/// Of files whose image is also on the validation or test side.
pub fn duplicate_across_message<'a>(files: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let (n, files) = listed(files)?;
    Some(format!("{n} on several sides of the split; each counts once, for validation or test ({files})"))
}

/// Of files directly in a folder that names a side, which the path alone says.
pub fn classless_message<'a>(files: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let (n, files) = listed(files)?;
    Some(format!(
        "{n} excluded: directly in a folder that names a side of the split, not in a class folder ({files}); move such \
         files into class folders, or rename the folder if it is a class"
    ))
}

/// How many there are, in words, and the first ones' names.
pub(super) fn listed<'a>(files: impl IntoIterator<Item = &'a str>) -> Option<(String, String)> {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable();
    let count = match files.len() {
        0 => return None,
        1 => "1 image is".to_owned(),
        n => format!("{n} images are"),
    };
    Some((count, names(&files)))
}

/// The first of them in backticks, and how many more there are; relative to the inbox or the folder in use.
fn names(files: &[&str]) -> String {
    content::names(files.iter().map(|file| shown(file).escape_debug().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_named_and_the_others_counted() {
        assert_eq!(duplicate_across_message([]), None);
        let message = duplicate_across_message(["train/b.png"]).unwrap();
        assert!(
            message.starts_with("1 image is on several sides") && message.ends_with("(`train/b.png`)"),
            "{message}"
        );
        let message = duplicate_across_message(["e", "d\n", "c.png", "b.png", "a.png"]).unwrap();
        assert!(
            message.starts_with("5 images are") && message.ends_with("(`a.png`, `b.png`, `c.png` and 2 more)"),
            "{message}"
        );
    }
}
