//! The section of a run's page on what one gets right without a look at what the pictures show.

use maud::{Markup, html};

use super::document::visible;
use crate::domain::{ProportionCorrect, ShortcutAudit};

/// The model beside those who do not see the content, and, where they come close to it, what that means.
pub(super) fn section(audit: &ShortcutAudit) -> Markup {
    let rows = [
        ("The model", Some(audit.model)),
        ("Who knows nothing but format, size, proportions, channels and bits", Some(audit.metadata.recognised)),
        ("Who sees nothing but the outer sixteenth of each side", audit.border.map(|border| border.recognised)),
        ("Who gives one answer for all images, the best there is", Some(audit.majority)),
    ];
    html! {
        section.card.warnings[audit.warning().is_some()] aria-labelledby="shortcuts" {
            h2 #shortcuts { "Could it do without the pictures?" }
            (meaning(audit))
            table.measures {
                thead { tr { th scope="col" { "Of " (audit.n) " validation images" } th scope="col" { "Right" } th scope="col" { "Accuracy" } th scope="col" { "95 % interval" } } }
                tbody { @for (who, recognised) in rows { tr { th scope="row" { (who) } (told(recognised)) } } }
            }
            @if audit.border.is_none() {
                p.muted.small {
                    "The border of some images is not known: they were taken in by a version that did not keep it. Touch "
                    "their files, and they are read again."
                }
            }
            p.small {
                "All learned from the same training images, without copies. Finding nothing here is no proof: there are "
                "other shortcuts, such as marks inside the picture or the scanner's noise."
            }
        }
    }
}

fn told(recognised: Option<ProportionCorrect>) -> Markup {
    html! {
        @match recognised {
            Some(ProportionCorrect { right, accuracy }) => {
                td { (right) }
                td { (format!("{:.3}", accuracy.value)) }
                td { (format!("{:.3} to {:.3}", accuracy.interval.low, accuracy.interval.high)) }
            }
            None => { td { "not measured" } td {} td {} }
        }
    }
}

fn meaning(audit: &ShortcutAudit) -> Markup {
    let close =
        |who: &str, right: u64| html! { "Who knows nothing but " (who) " gets " (right) " of " (audit.n) " right. " };
    let asked: Vec<String> = audit.first_questions.iter().map(|question| visible(question)).collect();
    let border = audit.border.filter(|border| border.comes_close);
    html! {
        @if audit.warning().is_some() {
            p {
                @if audit.metadata.comes_close {
                    (close("the file's format and size", audit.metadata.recognised.right))
                    @if !asked.is_empty() { "The first thing to ask is: " (asked.join("; ")) ". " }
                }
                @if let Some(border) = border {
                    (close("the outermost border", border.recognised.right))
                }
                strong { "So the model's accuracy may not be about what the pictures show." }
            }
            p {
                "Take all classes from one source; where that cannot be, bring all files to one format and size, crop the "
                "borders, train again, and look here once more. The network does not see format and size as such, but "
                "their traces: compression, sharpness, squeezed proportions. "
                @if border.is_some() {
                    "Where the classes truly differ up to the edge of the picture, as textures do, a close border is no fault."
                }
            }
        } @else {
            p {
                "Nobody who does not see what the pictures show comes close to the model: either they do no better than one "
                "answer for all, or the model is ahead by more than 5 points and more than chance."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ShortcutAudit;

    #[test]
    fn a_close_rival_is_told_with_what_it_means_and_a_distant_one_is_not() {
        let close = ShortcutAudit::example();
        let page = section(&close).into_string();
        assert!(
            page.contains("the file's format and size gets 17 of 20 right.") && page.contains("format jpeg"),
            "{page}"
        );
        assert!(page.contains("card warnings") && page.contains("may not be about what the pictures show"), "{page}");
        assert!(!page.contains("as textures do"), "the border is far away: {page}");

        let mut distant = close.clone();
        distant.metadata.comes_close = false;
        distant.border = None;
        let page = section(&distant).into_string();
        assert!(!page.contains("warnings") && page.contains("comes close to the model"), "{page}");
        assert!(page.contains("not measured") && page.contains("Touch their files"), "{page}");
    }

    #[test]
    fn what_a_file_said_of_itself_stays_text() {
        let mut audit = ShortcutAudit::example();
        audit.first_questions = ["format <script>".to_owned()].into();
        assert!(section(&audit).into_string().contains("format &lt;script&gt;"));
    }
}
