//! `results.csv`: one line a report, one score column a class, for spreadsheets and scripts (RFC 4180).

use std::collections::BTreeSet;

use super::error::ReportError;
use super::gallery_entry::Entry;
use super::record::PAGE;
use crate::domain::ClassName;

const FACTS: [&str; 11] =
    ["scan", "dataset", "predicted", "score", "status", "warnings", "model", "created", "width", "height", "sha256"];

/// The whole table. A score column is named after its class; it is empty where a dataset has no such class.
pub(super) fn table(entries: &[Entry<'_>]) -> Result<Vec<u8>, ReportError> {
    let classes: BTreeSet<&ClassName> = entries.iter().flat_map(|entry| &entry.record.classes).collect();
    let scores = classes.iter().map(|class| format!("score {class}"));
    let head = FACTS.map(str::to_owned).into_iter().chain(scores).chain(["class_removed", "report"].map(str::to_owned));
    let rows = entries.iter().map(|entry| row(entry, &classes));
    written(std::iter::once(head.collect()).chain(rows))
}

fn row(Entry { folder, record, is_obsolete, .. }: &Entry<'_>, classes: &BTreeSet<&ClassName>) -> Vec<String> {
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
    facts.into_iter().chain(scores).chain([is_obsolete.to_string(), format!("{folder}/{PAGE}")]).collect()
}

fn written(rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(not_a_formula))?;
    }
    writer.into_inner().map_err(|error| ReportError::Table(error.into_error().into()))
}

/// A name that a spreadsheet would take for a formula gets an apostrophe before it.
fn not_a_formula(text: String) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::written;

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
            let row = vec![text.to_owned(), String::new()];
            assert_eq!(written([row].into_iter()).unwrap(), format!("{quoted},\r\n").into_bytes());
        }
    }
}
