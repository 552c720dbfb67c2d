//! `results.csv`: one line a report, one score column a class, for spreadsheets and scripts (RFC 4180).

use std::collections::BTreeSet;

use super::gallery::Entry;
use super::record::PAGE;
use crate::domain::ClassName;

const FACTS: [&str; 11] =
    ["scan", "dataset", "predicted", "score", "status", "warnings", "model", "created", "width", "height", "sha256"];

/// The whole table. A score column is named after its class; it is empty where a dataset has no such class.
pub(super) fn table(entries: &[Entry<'_>]) -> String {
    let classes: BTreeSet<&ClassName> = entries.iter().flat_map(|entry| &entry.record.classes).collect();
    let scores = classes.iter().map(|class| format!("score {class}"));
    let head = FACTS.map(str::to_owned).into_iter().chain(scores).chain(["report".to_owned()]);
    let mut text = line(head);
    for Entry { folder, record, .. } in entries {
        let facts = [
            record.scan.clone(),
            record.dataset.to_string(),
            record.predicted.to_string(),
            record.top_score().to_string(),
            record.status.to_string(),
            record.warnings.len().to_string(),
            record.model.to_string(),
            record.created.clone(),
            record.image.width.to_string(),
            record.image.height.to_string(),
            record.hash.to_string(),
        ];
        let scores = classes.iter().map(|class| record.scores.get(*class).map_or(String::new(), f64::to_string));
        text += &line(facts.into_iter().chain(scores).chain([format!("{folder}/{PAGE}")]));
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.map(|text| cell(&text)).collect::<Vec<_>>().join(",") + "\r\n"
}

/// Quoted where needed. A name that a spreadsheet would take for a formula gets an apostrophe before it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        for (text, quoted) in [
            ("plain name.png", "plain name.png"),
            ("a,b", "\"a,b\""),
            ("say \"x\"\n", "\"say \"\"x\"\"\n\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("@cmd", "'@cmd"),
            ("-0.5", "-0.5"),
        ] {
            assert_eq!(cell(text), quoted);
        }
    }
}
