//! What of a dataset is not used: copies, and files that were left out, with reasons and what to do.

use maud::{Markup, html};

use crate::report::dataset_report::{FileTotals, UnusedFiles};
use crate::report::format::{count, visible};

/// Reasons that are listed.
const MOST_REASONS: usize = 20;

pub(super) fn section(files: FileTotals, n_images: usize, left_out: &[UnusedFiles]) -> Markup {
    let n_more = left_out.len().saturating_sub(MOST_REASONS);
    html! {
        section.card aria-labelledby="left-out" {
            h2 #left-out { "Files" }
            dl.facts {
                div { dt { "Files" } dd { (count(files.n)) } }
                div { dt { "different images" } dd { (count(n_images)) } }
                div { dt { "duplicate files" } dd { (count(files.copies)) @if files.copies > 0 { ": the same bytes as another file; each image counts once" } } }
                @if files.repeats > 0 {
                    div { dt { "repeated images" } dd { (count(files.repeats)) ": another file with the same DICOM image number; each image counts once" } }
                }
                div { dt { "Left out" } dd { (count(left_out.iter().map(|reason| reason.n).sum::<u64>())) } }
            }
            @for reason in left_out.iter().take(MOST_REASONS) { (entry(reason)) }
            @if n_more > 0 { p.muted.small { (count(n_more)) " more reasons." } }
        }
    }
}

fn entry(UnusedFiles { code, n, fix, files }: &UnusedFiles) -> Markup {
    let n_more = n.saturating_sub(files.len() as u64);
    html! {
        details open[files.len() <= 3] {
            summary { code { (visible(code)) } ": " (count(*n)) @if *n == 1 { " file" } @else { " files" } }
            p { "To do: " (visible(fix)) "." }
            ul.files {
                @for (name, reason) in files { li { bdi { (visible(name)) } span.muted { " – " (visible(reason)) } } }
                @if n_more > 0 { li.muted { (count(n_more)) " more" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_says_what_to_do_and_names_the_first_files() {
        let files = vec![("a<b>.png".to_owned(), "it is cut off".to_owned())];
        let reason = UnusedFiles { code: "truncated".into(), n: 1200, fix: "copy it again".into(), files };
        let html = section(FileTotals { n: 1203, copies: 2, repeats: 0 }, 1, &[reason]).into_string();
        for said in
            ["truncated", "1,200 files", "To do: copy it again.", "a&lt;b&gt;.png", "1,199 more", "it is cut off"]
        {
            assert!(html.contains(said), "{said}: {html}");
        }
        assert!(!html.contains("repeated"), "{html}");
    }
}
