//! Which reports stand on which page of the gallery. Pages of older reports stay as they are when new ones come, so that one
//! report more costs one page.

use std::ops::Range;

/// Reports of a page of older ones. The first page has as many to twice as many.
const REPORTS_A_PAGE: usize = 500;

/// The page of the newest reports.
pub(super) const FIRST: &str = "index.html";

/// One page of the gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Beside the reports.
    pub(super) file: String,
    /// Its reports, of all in order of time with the oldest first.
    pub(super) reports: Range<usize>,
    /// The page of newer reports.
    pub(super) newer: Option<String>,
    /// The page of older reports.
    pub(super) older: Option<String>,
}

/// The pages for `n` reports, the newest first; one for none. Pages of older reports are numbered from the oldest on.
pub(super) fn blocks(n: usize) -> Vec<Block> {
    let n_older = (n / REPORTS_A_PAGE).saturating_sub(1);
    let file = |page: usize| if page == 0 { FIRST.to_owned() } else { older_file(n_older + 1 - page) };
    let end = |page: usize| if page == 0 { n } else { (n_older + 1 - page) * REPORTS_A_PAGE };
    let block = |page: usize| Block {
        file: file(page),
        reports: if page == n_older { 0 } else { end(page + 1) }..end(page),
        newer: (page > 0).then(|| file(page - 1)),
        older: (page < n_older).then(|| file(page + 1)),
    };
    (0..=n_older).map(block).collect()
}

/// The page of the `number`th oldest reports, from 1.
pub(super) fn older_file(number: usize) -> String {
    format!("older-{number:04}.html")
}

/// Beside a page: its reports as data, for the script that searches all of them.
pub(super) fn data_file(page: &str) -> String {
    let name = if page == FIRST { "newest" } else { page.trim_end_matches(".html") };
    format!("{name}.js")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_reports_have_one_page_and_older_ones_are_put_on_pages_of_their_own() {
        let pages = |n| -> Vec<_> { blocks(n).into_iter().map(|block| (block.file, block.reports)).collect() };
        for n in [0, 1, 999] {
            assert_eq!(pages(n), [("index.html".to_owned(), 0..n)]);
        }
        let older = |number| format!("older-000{number}.html");
        assert_eq!(pages(1000), [("index.html".to_owned(), 500..1000), (older(1), 0..500)]);
        assert_eq!(pages(1501), [("index.html".to_owned(), 1000..1501), (older(2), 500..1000), (older(1), 0..500)]);
        assert_eq!([data_file("index.html"), data_file("older-0001.html")], ["newest.js", "older-0001.js"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_report_is_on_one_page_and_pages_lead_to_each_other(n in 0_usize..20_000) {
            let blocks = blocks(n);
            let mut next = n;
            for (at, block) in blocks.iter().enumerate() {
                prop_assert_eq!(block.reports.end, next);
                next = block.reports.start;
                prop_assert!(block.reports.len() < 2 * REPORTS_A_PAGE);
                prop_assert_eq!(block.newer.as_ref(), at.checked_sub(1).map(|before| &blocks[before].file));
                prop_assert_eq!(block.older.as_ref(), blocks.get(at + 1).map(|after| &after.file));
            }
            prop_assert_eq!(next, 0);
        }

        #[test]
        fn a_page_of_older_reports_keeps_them_when_new_ones_come(n in 1000_usize..5_000, more in 0_usize..2_000) {
            let later = blocks(n + more);
            for block in blocks(n).iter().skip(1) {
                let same = later.iter().find(|other| other.file == block.file).unwrap();
                prop_assert_eq!(&block.reports, &same.reports);
            }
        }
    }
}
