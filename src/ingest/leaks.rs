//! What is said of pictures that cannot stand where they lie: one sentence with how many, and the first of them.

use crate::domain::{Sample, Split};

/// Files that are named; the others are counted.
const NAMED: usize = 3;

/// Of the samples that a decision puts aside; `None` when it puts none there.
pub fn excluded_message(decided: &[Sample]) -> Option<String> {
    let aside = decided.iter().filter(|sample| sample.split == Some(Split::Excluded));
    let (n, files) = listed(aside.map(|sample| sample.path.as_str()))?;
    Some(format!(
        "{n} left out, on neither side: each looks like, or belongs with, a picture that a folder puts on a side to \
         measure on ({files})"
    ))
}

/// Of files whose picture lies on a side that is measured on as well as elsewhere.
pub fn duplicate_across_message<'a>(files: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let (n, files) = listed(files)?;
    Some(format!("{n} found again on another side of the split; each counts once, on the side to measure on ({files})"))
}

/// Of files directly in a folder that names a side, which the path alone says.
pub fn classless_message<'a>(files: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let (n, files) = listed(files)?;
    Some(format!(
        "{n} left out, directly in a folder that names a side of the split and in none of a class ({files}): move such files \
         into the folders of their classes, or give the folder another name if it is a class"
    ))
}

/// How many there are, in words, and the first ones' names.
fn listed<'a>(files: impl IntoIterator<Item = &'a str>) -> Option<(String, String)> {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable();
    let count = match files.len() {
        0 => return None,
        1 => "1 picture is".to_owned(),
        n => format!("{n} pictures are"),
    };
    let named: Vec<_> = files.iter().take(NAMED).map(|file| format!("`{}`", file.escape_debug())).collect();
    let more = files.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some((count, named.join(", ") + &more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_named_and_the_others_counted() {
        assert_eq!(duplicate_across_message([]), None);
        let told = duplicate_across_message(["train/b.png"]).unwrap();
        assert!(told.starts_with("1 picture is found again") && told.ends_with("(`train/b.png`)"), "{told}");
        let told = duplicate_across_message(["e", "d\n", "c", "b", "a"]).unwrap();
        assert!(told.starts_with("5 pictures are") && told.ends_with("(`a`, `b`, `c` and 2 more)"), "{told}");
    }
}
