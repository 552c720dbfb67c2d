//! In which line of a configuration file each key stands.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// The line, from 1, of each dotted key of `text`, tables included; none of a text that is not TOML.
pub(super) fn key_lines(text: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    if let Ok(table) = DeTable::parse(text) {
        add(&mut lines, table.get_ref(), "", text);
    }
    lines
}

fn add(lines: &mut BTreeMap<String, usize>, table: &DeTable<'_>, prefix: &str, text: &str) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        if let DeValue::Table(inner) = value.get_ref() {
            add(lines, inner, &path, text);
        }
        let before = text.get(..key.span().start).unwrap_or_default();
        lines.insert(path, before.matches('\n').count() + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_the_line_it_stands_in() {
        let text = "log.level = 'info'\n\n[train]\nmax_epochs = 3\n[dataset.'x 1']\naugment = { copies = 2 }\n";
        let lines = key_lines(text);
        for (key, line) in [
            ("log.level", 1),
            ("train", 3),
            ("train.max_epochs", 4),
            ("dataset.x 1", 5),
            ("dataset.x 1.augment.copies", 6),
        ] {
            assert_eq!(lines.get(key), Some(&line), "{key}: {lines:?}");
        }
        assert!(key_lines("a = = 1").is_empty());
    }
}
