//! What people are told of a model beside those who do not see what the pictures show.

use crate::domain::{ProportionCorrect, ShortcutAudit};

/// All of them with their intervals, line by line; the last line is the warning, if there is one.
pub(super) fn table(audit: &ShortcutAudit) -> String {
    let mut lines = vec![format!("Who gets how much of these {} images right, with 95 % intervals:", audit.n)];
    for (who, recognised) in rows(audit) {
        lines.push(format!("  {who:<34}{}", recognised.map_or_else(|| "not measured".to_owned(), told)));
    }
    lines.extend(audit.warning().map(|warning| format!("Beware of a shortcut: {warning}.")));
    lines.join("\n") + "\n"
}

/// The same in a few words, without the model.
pub(super) fn summary(audit: &ShortcutAudit) -> String {
    let known = rows(audit).into_iter().skip(1).filter_map(|(who, recognised)| Some((who, recognised?)));
    known
        .map(|(who, recognised)| format!("{who} {:.1} %", 100.0 * recognised.accuracy.value))
        .collect::<Vec<_>>()
        .join(", ")
}

fn rows(audit: &ShortcutAudit) -> [(&'static str, Option<ProportionCorrect>); 4] {
    [
        ("the model", Some(audit.model)),
        ("format and size alone", Some(audit.metadata.recognised)),
        ("outermost border alone", audit.border.map(|border| border.recognised)),
        ("one answer for all", Some(audit.majority)),
    ]
}

fn told(ProportionCorrect { accuracy, .. }: ProportionCorrect) -> String {
    format!("{:.3}  ({:.3} to {:.3})", accuracy.value, accuracy.interval.low, accuracy.interval.high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_is_told_and_the_warning_comes_last() {
        let audit = ShortcutAudit::example();
        let expected = "\
Who gets how much of these 20 images right, with 95 % intervals:
  the model                         0.900  (0.699 to 0.972)
  format and size alone             0.850  (0.640 to 0.948)
  outermost border alone            0.550  (0.342 to 0.742)
  one answer for all                0.500  (0.299 to 0.701)
";
        let table = table(&audit);
        let (figures, warning) = table.split_at(expected.len());
        assert_eq!(figures, expected);
        assert!(warning.starts_with("Beware of a shortcut: the model classifies 18 of 20"), "{warning}");
        assert_eq!(
            summary(&audit),
            "format and size alone 85.0 %, outermost border alone 55.0 %, one answer for all 50.0 %"
        );
        let without = ShortcutAudit { border: None, ..audit };
        assert!(super::table(&without).contains("outermost border alone            not measured\n"));
    }
}
