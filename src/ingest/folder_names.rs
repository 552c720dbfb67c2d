//! Folder names that are probably not what the user meant: a class that is written in two ways, a side that is not known.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use crate::domain::{ClassName, Split};

/// Hints on the classes of one dataset, one sentence each.
pub(super) fn hints<'a>(classes: impl IntoIterator<Item = &'a ClassName>) -> Vec<String> {
    let classes: BTreeSet<&ClassName> = classes.into_iter().collect();
    let mut alike: BTreeMap<String, Vec<&ClassName>> = BTreeMap::new();
    for class in &classes {
        alike.entry(folded(class.as_str())).or_default().push(class);
    }
    let twins = alike.into_values().filter(|alike| alike.len() > 1).map(|alike| {
        let named: Vec<_> = alike.iter().map(|class| format!("`{}`", class.as_str().escape_debug())).collect();
        let named = named.join(" and ");
        format!(
            "the classes {named} differ only in case, blanks or Unicode form and are learned as different classes; if they are one \
             class, move their images into one folder"
        )
    });
    twins.chain(classes.iter().filter_map(|class| side_hint(class.as_str()))).collect()
}

/// Without what people and programs write in several ways.
fn folded(name: &str) -> String {
    let letters = name.nfkc().flat_map(char::to_lowercase);
    letters.filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{200b}' | '\u{feff}')).collect()
}

/// A class whose name looks like a side of the split.
fn side_hint(name: &str) -> Option<String> {
    const STARTS: [(&str, &str); 6] = [
        ("train", "train"),
        ("val", "val"),
        ("test", "test"),
        ("holdout", "test"),
        ("evaluation", "test"),
        ("dev", "val"),
    ];
    const ENDS: [&str; 10] = ["", "ing", "id", "idation", "set", "data", "images", "split", "x", "y"];
    let folded = folded(name);
    let side = STARTS.iter().find_map(|(start, side)| {
        let end = folded.strip_prefix(start)?.trim_end_matches(|c: char| c.is_ascii_digit());
        ENDS.contains(&end).then_some(*side)
    });
    side.filter(|_| Split::named(name).is_none()).map(|side| {
        format!(
            "the folder `{}` counts as a class, but its name looks like a side of the split; if it is one, rename it to `{side}`, \
             with the class folders in it",
            name.escape_debug()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints_on(classes: &[&str]) -> Vec<String> {
        let classes: Vec<_> = classes.iter().map(|class| ClassName::new(*class).unwrap()).collect();
        hints(&classes)
    }

    #[test]
    fn names_that_differ_in_writing_alone_are_named_both() {
        for (one, other) in [
            ("Normal", "normal"),
            ("covid 19", "covid19"),
            ("covid-19", "covid_19"),
            ("\u{c5}dem", "A\u{30a}dem"),
            ("normal", "\u{ff4e}ormal"),
            ("normal", "normal\u{a0}"),
        ] {
            let found = hints_on(&[one, other, "pneumonia"]);
            assert_eq!(found.len(), 1, "{one:?} {other:?}: {found:?}");
            assert!(found[0].contains(&format!("`{}`", one.escape_debug())), "{found:?}");
        }
        assert!(hints_on(&["normal", "pneumonia", "covid 19", "covid 18"]).is_empty());
    }

    #[test]
    fn a_class_that_looks_like_a_side_is_hinted_at() {
        for (name, side) in
            [("train_set", "train"), ("TestData", "test"), ("val images", "val"), ("dev", "val"), ("train1", "train")]
        {
            let found = hints_on(&[name, "normal"]);
            assert!(found.len() == 1 && found[0].contains(&format!("rename it to `{side}`")), "{name}: {found:?}");
        }
        assert!(hints_on(&["trained", "valve disease", "testis", "developed", "train"]).is_empty());
    }
}
