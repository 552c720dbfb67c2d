//! The page of a run without some of its misclassified images, as an erasure leaves it.

use std::collections::BTreeSet;

use crate::domain::ContentHash;

const BEGIN: &str = "<li";
const END: &str = "</li>";
const LIST: &str = "<ul class=\"mistakes\">";
const REMOVED: &str = "<li><p class=\"muted small\">This image was removed on request.</p></li>";

/// `page` with a sentence in place of each misclassified image that is one of `images` or that `is_named` recognises by the
/// text of its entry. A page that shows none of them comes back as it is.
pub fn without_images(page: &str, images: &BTreeSet<ContentHash>, is_named: &dyn Fn(&str) -> bool) -> String {
    let Some((before, list)) = page.split_once(LIST) else { return page.to_owned() };
    let (list, after) = list.split_once("</ul>").unwrap_or((list, ""));
    let entries = list.split_inclusive(END).map(|entry| {
        let is_removed =
            entry.starts_with(BEGIN) && (hash_of(entry).is_some_and(|hash| images.contains(&hash)) || is_named(entry));
        if is_removed { REMOVED } else { entry }
    });
    let entries: String = entries.collect();
    format!("{before}{LIST}{entries}</ul>{after}")
}

/// Pages of older versions name their images only by their files.
fn hash_of(entry: &str) -> Option<ContentHash> {
    let (hash, _) = entry.strip_prefix("<li data-sha256=\"")?.split_once('"')?;
    hash.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_goes_by_its_hash_or_by_its_name_and_the_others_stay() {
        let (one, two) = (ContentHash::of(b"1"), ContentHash::of(b"2"));
        let page = format!(
            "<p>a.png</p><ul class=\"mistakes\"><li data-sha256=\"{one}\"><p>old.png</p></li><li><p>a.png</p></li>\
             <li data-sha256=\"{two}\"><p>b.png</p></li></ul><ul><li>a.png</li></ul>"
        );
        let left = without_images(&page, &[one].into(), &|text| text.contains("a.png"));
        assert_eq!(left.matches("removed on request").count(), 2, "{left}");
        assert!(!left.contains("old.png") && left.contains("b.png") && left.ends_with("<li>a.png</li></ul>"), "{left}");
        assert_eq!(without_images(&page, &BTreeSet::new(), &|_| false), page);
        assert_eq!(without_images("no list", &[one].into(), &|_| true), "no list");
    }
}
