//! The names of erased images in texts: file names with or without their folders, and groups.

use std::collections::BTreeSet;

/// What stands in place of a name.
const IN_PLACE: &str = "[removed]";

/// The names, in every form that a text of the program may have them in.
#[derive(Debug)]
pub(super) struct ErasedNames {
    /// The longest first, so that a path goes whole.
    files: Vec<String>,
    /// With the backticks that messages put around them.
    groups: Vec<String>,
}

impl ErasedNames {
    /// Of files (relative to the inbox) and groups.
    pub(super) fn new(files: &BTreeSet<String>, groups: &BTreeSet<String>) -> Self {
        let tails = files.iter().flat_map(|path| tails(path)).flat_map(written);
        let groups = groups.iter().flat_map(|group| written(group)).map(|group| format!("`{group}`"));
        let mut files: Vec<String> = tails.collect::<BTreeSet<_>>().into_iter().collect();
        files.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self { files, groups: groups.collect() }
    }

    /// Whether `text` has one of them.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.files.iter().any(|name| find(text, name, 0).is_some())
            || self.groups.iter().any(|name| text.contains(name.as_str()))
    }

    /// `text` without them.
    pub(super) fn redacted(&self, text: &str) -> String {
        let text = self.files.iter().fold(text.to_owned(), |text, name| replaced(&text, name));
        self.groups.iter().fold(text, |text, name| text.replace(name.as_str(), &format!("`{IN_PLACE}`")))
    }
}

/// A path, and what is left of it without its first folders, down to the file's name.
fn tails(path: &str) -> impl Iterator<Item = &str> {
    let after = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
    std::iter::once(path).chain(after).filter(|tail| !tail.is_empty())
}

/// As it is, and as logs, JSON and pages escape it.
fn written(name: &str) -> [String; 4] {
    let json = serde_json::to_string(name).unwrap_or_default();
    let html = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    [name.to_owned(), name.escape_debug().to_string(), json.trim_matches('"').to_owned(), html]
}

/// Where `name` stands in `text` from `start` on, not as a part of a longer name.
fn find(text: &str, name: &str, start: usize) -> Option<usize> {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let places = text.get(start..)?.match_indices(name).map(|(at, _)| start + at);
    places.into_iter().find(|at| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        !before.ends_with(belongs) && !after.starts_with(|c: char| c.is_alphanumeric())
    })
}

fn replaced(text: &str, name: &str) -> String {
    let (mut left, mut start) = (String::new(), 0);
    while let Some(at) = find(text, name, start) {
        left.push_str(&text[start..at]);
        left.push_str(IN_PLACE);
        start = at + name.len();
    }
    left + &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> ErasedNames {
        let files = ["datasets/d/x/p1 <a>.png", "scans/1.png"].map(str::to_owned).into();
        ErasedNames::new(&files, &["Q7".to_owned()].into())
    }

    #[test]
    fn names_go_in_every_form_and_others_stay() {
        for (text, left) in [
            ("(`x/p1 <a>.png` and 20 more)", "(`[removed]` and 20 more)"),
            ("datasets/d/x/p1 &lt;a&gt;.png", "[removed]"),
            ("21.png, 1.png, scans/1.png and scans/1.png2", "21.png, [removed], [removed] and scans/1.png2"),
            ("in two groups, `Q7` and `Q71`", "in two groups, `[removed]` and `Q71`"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(names().redacted(text), left);
            assert_eq!(names().are_in(text), text != left, "{text}");
            assert!(!names().are_in(left), "{left}");
        }
    }
}
