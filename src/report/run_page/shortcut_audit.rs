//! The section of a run's page that compares the model with baselines which do not see the image content.

use maud::{Markup, html};

use crate::domain::{ClassName, ProportionCorrect, ShortcutAudit};
use crate::report::format::{count, images, interval, proportion, visible};

/// The table of the comparison and what it means: a baseline comes close to the model, none does, or neither can be said.
/// `unmeasured`: classes without a validation image.
pub(super) fn section(audit: &ShortcutAudit, unmeasured: &[&ClassName]) -> Markup {
    html! {
        section.card.warnings[audit.warning().is_some()] aria-labelledby="shortcuts" {
            h2 #shortcuts { "Shortcut audit" }
            (meaning(audit, unmeasured))
            (table(audit))
            @if audit.border.is_none() {
                p.muted.small {
                    "The border baseline needs the border of every image, which older versions did not record. To have it "
                    "recorded, change the files' modification times with touch."
                }
            }
            p.small {
                "The baselines were trained on the same training images as the model, without augmented copies. A clean audit "
                "does not rule out other shortcuts, such as markers inside the image or scanner noise."
            }
        }
    }
}

fn table(audit: &ShortcutAudit) -> Markup {
    let rows = [
        ("Model", Some(audit.model)),
        (
            "Metadata baseline: file format, size, aspect ratio, channels, bit depth, and the device that DICOM names",
            Some(audit.metadata.recognised),
        ),
        ("Border baseline: outer 1/16 of the image on each side", audit.border.map(|border| border.recognised)),
        ("Majority baseline: always the most frequent class", Some(audit.majority)),
    ];
    html! {
        table.measures {
            thead {
                tr {
                    th scope="col" { "Validation set (" (images(audit.n)) ")" }
                    th scope="col" { "Accuracy" }
                    th scope="col" { "95 % CI" }
                }
            }
            tbody { @for (name, recognised) in rows { tr { th scope="row" { (name) } (cells(audit, recognised)) } } }
        }
    }
}

fn cells(audit: &ShortcutAudit, recognised: Option<ProportionCorrect>) -> Markup {
    html! {
        @match recognised {
            Some(ProportionCorrect { right, accuracy }) => {
                td { (proportion((right, audit.n))) }
                td { (interval(accuracy.interval)) }
            }
            None => { td { "not measured" } td {} }
        }
    }
}

fn meaning(audit: &ShortcutAudit, unmeasured: &[&ClassName]) -> Markup {
    let names: Vec<String> = unmeasured.iter().map(|class| visible(class.as_str())).collect();
    let lacking = (!names.is_empty()).then(|| format!("no validation image is of class {}", names.join(" or ")));
    let reasons: Vec<String> = audit.inconclusive().into_iter().chain(lacking).collect();
    html! {
        @if audit.warning().is_some() { (close(audit)) (advice(audit)) }
        @if !reasons.is_empty() { (inconclusive(&reasons)) } @else if audit.warning().is_none() { (none_close()) }
    }
}

fn inconclusive(reasons: &[String]) -> Markup {
    html! {
        p {
            strong { "The audit is inconclusive: " } (reasons.join("; and ")) ". It does not show that the model uses no shortcut."
        }
    }
}

fn close(audit: &ShortcutAudit) -> Markup {
    let correct = |name: &str, right: u64| {
        html! { "The " (name) " baseline classifies " (count(right)) " of " (images(audit.n)) " correctly. " }
    };
    let rules: Vec<String> = audit.first_questions.iter().map(|question| visible(question)).collect();
    html! {
        p {
            "The model classifies " (count(audit.model.right)) " of " (images(audit.n)) " correctly. "
            @if audit.metadata.comes_close {
                (correct("metadata", audit.metadata.recognised.right))
                @if !rules.is_empty() { "Its first rule: " (rules.join("; ")) ". " }
            }
            @if let Some(border) = audit.border.filter(|border| border.comes_close) {
                (correct("border", border.recognised.right))
            }
            strong { "The model's accuracy may therefore not reflect the image content." }
        }
    }
}

fn advice(audit: &ShortcutAudit) -> Markup {
    html! {
        p {
            "Collect all classes from one source. Where that is not possible, convert all files to one format and size, crop "
            "the borders, retrain, and check this audit again. The network does not read format and size themselves, but it "
            "sees their traces: compression artefacts, sharpness, distorted proportions."
            @if audit.border.is_some_and(|border| border.comes_close) {
                " If the classes really differ up to the edge of the image, as textures do, a close border baseline is expected."
            }
        }
    }
}

fn none_close() -> Markup {
    html! {
        p {
            "No baseline comes close to the model: each is either no better than the majority baseline, or behind the model by "
            "more than 5 percentage points and significantly (McNemar's test, p < 0.05)."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_baseline_is_reported_with_what_it_means_and_a_distant_one_is_not() {
        let near = ShortcutAudit::example();
        let page = section(&near, &[]).into_string();
        assert!(
            page.contains("The model classifies 18 of 20 images correctly. The metadata baseline classifies 17 of 20")
        );
        assert!(page.contains("Its first rule: format jpeg.") && page.contains("<td>0.850 (17 of 20)</td>"), "{page}");
        assert!(
            page.contains("card warnings") && page.contains("may therefore not reflect the image content"),
            "{page}"
        );
        assert!(!page.contains("as textures do"), "the border is far away: {page}");

        let mut distant = near.clone();
        distant.metadata.comes_close = false;
        distant.border = None;
        let page = section(&distant, &[]).into_string();
        assert!(!page.contains("warnings") && page.contains("No baseline comes close to the model"), "{page}");
        assert!(page.contains("not measured") && page.contains("with touch"), "{page}");
    }

    #[test]
    fn no_shortcut_is_never_claimed_of_a_model_at_chance_or_a_class_that_was_not_measured() {
        let mut audit = ShortcutAudit::example();
        audit.metadata.comes_close = false;
        let unmeasured = ClassName::new("covid").unwrap();
        let page = section(&audit, &[&unmeasured]).into_string();
        assert!(page.contains("inconclusive: </strong>no validation image is of class covid."), "{page}");
        assert!(!page.contains("No baseline comes close"), "{page}");
        audit.model = audit.majority;
        let page = section(&audit, &[]).into_string();
        assert!(page.contains("not shown to be better than always answering the most frequent class"), "{page}");
        assert!(
            page.contains("(10 and 10 of 20 images correct)") && !page.contains("No baseline comes close"),
            "{page}"
        );
    }

    #[test]
    fn what_a_file_says_of_itself_stays_text() {
        let mut audit = ShortcutAudit::example();
        audit.first_questions = ["format <script>".to_owned()].into();
        assert!(section(&audit, &[]).into_string().contains("format &lt;script&gt;"));
    }
}
