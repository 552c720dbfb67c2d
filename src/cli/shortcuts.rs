//! The shortcut audit as text: a model compared with baselines that do not see the image content.

use crate::domain::{ProportionCorrect, ShortcutAudit};

/// Accuracy and interval of the model and each baseline, line by line; the last line is the warning, if there is one.
pub(super) fn table(audit: &ShortcutAudit) -> String {
    let mut lines = vec![format!("Shortcut audit: accuracy on the same {} images, with 95 % intervals:", audit.n)];
    for (name, recognised) in rows(audit) {
        lines.push(format!("  {name:<34}{}", recognised.map_or_else(|| "not measured".to_owned(), estimate)));
    }
    lines.extend(audit.warning().map(|warning| format!("Possible shortcut: {warning}.")));
    lines.extend(audit.inconclusive().map(|reason| format!("Inconclusive: {reason}.")));
    lines.join("\n") + "\n"
}

/// The same in a few words, without the model.
pub(super) fn summary(audit: &ShortcutAudit) -> String {
    let known = rows(audit).into_iter().skip(1).filter_map(|(name, recognised)| Some((name, recognised?)));
    known
        .map(|(name, recognised)| format!("{name} {:.1} %", 100.0 * recognised.accuracy.value))
        .collect::<Vec<_>>()
        .join(", ")
}

fn rows(audit: &ShortcutAudit) -> [(&'static str, Option<ProportionCorrect>); 4] {
    [
        ("model", Some(audit.model)),
        ("metadata baseline", Some(audit.metadata.recognised)),
        ("border baseline", audit.border.map(|border| border.recognised)),
        ("majority baseline", Some(audit.majority)),
    ]
}

fn estimate(ProportionCorrect { accuracy, .. }: ProportionCorrect) -> String {
    format!("{:.3}  ({:.3} to {:.3})", accuracy.value, accuracy.interval.low, accuracy.interval.high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_baseline_has_a_row_and_the_warning_comes_last() {
        let audit = ShortcutAudit::example();
        let expected = "\
Shortcut audit: accuracy on the same 20 images, with 95 % intervals:
  model                             0.900  (0.699 to 0.972)
  metadata baseline                 0.850  (0.640 to 0.948)
  border baseline                   0.550  (0.342 to 0.742)
  majority baseline                 0.500  (0.299 to 0.701)
";
        let table = table(&audit);
        let (figures, warning) = table.split_at(expected.len());
        assert_eq!(figures, expected);
        assert!(warning.starts_with("Possible shortcut: the model classifies 18 of 20"), "{warning}");
        assert_eq!(summary(&audit), "metadata baseline 85.0 %, border baseline 55.0 %, majority baseline 50.0 %");
        let without = ShortcutAudit { border: None, ..audit };
        assert!(super::table(&without).contains("border baseline                   not measured\n"));
    }
}
