//! When the gallery is written: after the last scan that can be explained, and now and then while many are; and with it, or alone,
//! the pages of datasets that changed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::domain::{CurrentClasses, DatasetName, LedgerEvent};
use crate::report::Listed;

/// It is written after this many reports while more wait, or after an eighth of those it lists, so that all writing together
/// stays in proportion to the reports.
const REPORTS_A_GALLERY: usize = 50;
/// Between two writings of the pages of datasets, at least.
const PAUSE: Duration = Duration::from_secs(10);

/// What is known of the gallery.
#[derive(Debug, Default)]
pub(super) struct GallerySchedule {
    /// Reports written since it was.
    n_unlisted: usize,
    /// One of them is of a scan that had none.
    lacks_new: bool,
    n_listed: usize,
    /// It was looked at in this process: an earlier one may have been stopped before it wrote it.
    is_known: bool,
    /// The classes that datasets had when it was written.
    classes: CurrentClasses,
    /// Reports in it of a class that its dataset no longer has.
    n_obsolete: usize,
    /// Reports that are lost for good.
    n_gone: usize,
    /// Datasets whose pages are to be written.
    changed: BTreeSet<DatasetName>,
    /// Those whose pages are being written.
    in_hand: BTreeSet<DatasetName>,
    /// A page could not be written, maybe of a dataset that did not change.
    have_pages_failed: bool,
    /// Before that none is written again.
    next_pages: Option<Instant>,
}

impl GallerySchedule {
    /// One more report; `is_new`: of a scan that had none.
    pub(super) fn add(&mut self, is_new: bool) {
        self.n_unlisted += 1;
        self.lacks_new |= is_new;
    }

    /// Whether it is to be written now, or looked at; `more`: whether another scan can be explained, or files are still read;
    /// `current`: the classes that datasets have now.
    pub(super) fn is_due(&self, more: bool, current: &CurrentClasses) -> bool {
        let enough = REPORTS_A_GALLERY.max(self.n_listed / 8);
        if more { self.n_unlisted >= enough } else { self.lacks() || self.is_reclassed(current) || !self.is_known }
    }

    /// Whether it is known to lack a report.
    fn lacks(&self) -> bool {
        self.n_unlisted > 0
    }

    /// Whether it may lack a report of a scan that had none before.
    pub(super) fn lacks_new(&self) -> bool {
        self.lacks_new || !self.is_known
    }

    /// Whether it is known to lack reports and to be right otherwise.
    pub(super) fn lacks_only(&self) -> bool {
        self.lacks() && self.is_known
    }

    /// Whether datasets have other classes than when it was written.
    fn is_reclassed(&self, current: &CurrentClasses) -> bool {
        self.classes != *current
    }

    /// It is as it should be, with these classes.
    pub(super) fn written(&mut self, listed: &Listed, classes: CurrentClasses) {
        (self.n_unlisted, self.n_listed, self.n_obsolete) = (0, listed.n_reports, listed.n_obsolete);
        (self.is_known, self.lacks_new, self.classes) = (true, false, classes);
    }

    /// These events were recorded: the pages of their datasets say something else now.
    pub(super) fn note(&mut self, events: &[LedgerEvent]) {
        self.changed.extend(events.iter().filter_map(LedgerEvent::dataset));
    }

    /// When pages of datasets are to be written; `None` where none changed or failed.
    pub(super) fn pages_due(&self, now: Instant) -> Option<Instant> {
        let are_current = self.changed.is_empty() && self.in_hand.is_empty() && !self.have_pages_failed;
        (!are_current).then(|| self.next_pages.unwrap_or(now))
    }

    /// The datasets whose pages are written from now on, again those of a writing that failed. With a gallery they do not wait
    /// for the pause: it leads to them.
    pub(super) fn take_changed(&mut self) -> BTreeSet<DatasetName> {
        self.in_hand.append(&mut self.changed);
        self.in_hand.clone()
    }

    /// The pages of those that were taken, if any, are written; `pauses`: others follow after a pause.
    pub(super) fn pages_written(&mut self, now: Instant, pauses: bool) {
        self.have_pages_failed = false;
        if !std::mem::take(&mut self.in_hand).is_empty() {
            self.next_pages = pauses.then(|| now + PAUSE);
        }
    }

    /// Not all pages could be written: they are due again.
    pub(super) fn pages_failed(&mut self) {
        self.have_pages_failed = true;
    }

    /// Others, or what it links to, may have changed.
    pub(super) fn look_again(&mut self) {
        self.is_known = false;
    }

    /// Reports that were lost with their scans, as of the last look.
    pub(super) fn n_gone(&self) -> usize {
        self.n_gone
    }

    pub(super) fn set_gone(&mut self, n_gone: usize) {
        self.n_gone = n_gone;
    }

    /// Reports of a class that its dataset no longer has.
    pub(super) fn n_obsolete(&self) -> usize {
        self.n_obsolete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClassName, DatasetName};

    const NOTHING: Listed = Listed { n_reports: 0, n_obsolete: 0, unreadable: Vec::new() };

    #[test]
    fn it_is_looked_at_once_and_written_when_the_last_report_is_there() {
        let (mut listing, classes) = (GallerySchedule::default(), CurrentClasses::new());
        assert!(listing.is_due(false, &classes) && !listing.lacks_only() && !listing.is_due(true, &classes));
        listing.written(&NOTHING, classes.clone());
        assert!(!listing.is_due(false, &classes));
        listing.add(true);
        assert!(listing.is_due(false, &classes) && listing.lacks_only() && !listing.is_due(true, &classes));
        listing.look_again();
        assert!(listing.is_due(false, &classes) && !listing.lacks_only(), "others may have changed it");
    }

    #[test]
    fn a_report_of_a_new_scan_waits_for_no_scan_that_is_explained_again() {
        let mut listing = GallerySchedule::default();
        assert!(listing.lacks_new(), "it was not looked at");
        listing.written(&NOTHING, CurrentClasses::new());
        listing.add(false);
        assert!(listing.lacks() && !listing.lacks_new());
        listing.add(true);
        listing.add(false);
        assert!(listing.lacks_new());
        listing.written(&NOTHING, CurrentClasses::new());
        assert!(!listing.lacks_new());
    }

    #[test]
    fn it_is_written_again_when_the_classes_of_a_dataset_changed() {
        let classes = |names: &[&str]| -> CurrentClasses {
            let classes = names.iter().map(|name| ClassName::new(*name).unwrap()).collect();
            [(DatasetName::new("d").unwrap(), classes)].into()
        };
        let mut listing = GallerySchedule::default();
        listing.written(&NOTHING, classes(&["a", "b"]));
        assert!(!listing.is_due(false, &classes(&["a", "b"])));
        assert!(listing.is_due(false, &classes(&["a", "c"])) && !listing.lacks());
        assert!(!listing.is_due(true, &classes(&["a", "c"])), "more may change");
        listing.written(&Listed { n_reports: 9, n_obsolete: 4, unreadable: Vec::new() }, classes(&["a", "c"]));
        assert!(!listing.is_due(false, &classes(&["a", "c"])) && listing.n_obsolete() == 4);
    }

    #[test]
    fn pages_of_changed_datasets_are_written_after_a_pause_and_again_when_that_failed() {
        let (mut listing, now) = (GallerySchedule::default(), Instant::now());
        let gone = |path: &str| [LedgerEvent::FileGone { path: path.to_owned() }];
        listing.note(&gone("scans/d/a.png"));
        assert_eq!(listing.pages_due(now), None);
        listing.note(&gone("datasets/d/c/a.png"));
        assert_eq!(listing.pages_due(now), Some(now));
        let d = BTreeSet::from([DatasetName::new("d").unwrap()]);
        assert_eq!(listing.take_changed(), d);
        assert_eq!((listing.pages_due(now), listing.take_changed()), (Some(now), d.clone()), "it failed");
        listing.pages_written(now, true);
        assert_eq!(listing.pages_due(now), None);
        listing.note(&gone("datasets/d/c/a.png"));
        assert_eq!(listing.pages_due(now), Some(now + PAUSE));
        assert_eq!(listing.take_changed(), d, "with a gallery that is written in between");
    }

    #[test]
    fn pages_that_could_not_be_written_are_due_again_though_nothing_changed() {
        let (mut listing, now) = (GallerySchedule::default(), Instant::now());
        listing.pages_failed();
        assert_eq!((listing.pages_due(now), listing.take_changed()), (Some(now), BTreeSet::new()));
        listing.pages_written(now, true);
        assert_eq!(listing.pages_due(now), None);
    }

    #[test]
    fn many_reports_are_listed_in_ever_larger_steps() {
        let (mut listing, mut n_written) = (GallerySchedule::default(), 0);
        for n_reports in 1..=100_000 {
            listing.add(true);
            if listing.is_due(true, &CurrentClasses::new()) {
                let listed = Listed { n_reports, n_obsolete: 0, unreadable: Vec::new() };
                listing.written(&listed, CurrentClasses::new());
                n_written += 1;
            }
        }
        assert!((50..80).contains(&n_written), "{n_written}");
    }
}
