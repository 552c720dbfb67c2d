//! When the gallery is written: after the last scan that can be explained, and now and then while many are.

/// It is written after this many reports while more wait, or after an eighth of those it lists, so that all writing together
/// stays in proportion to the reports.
const REPORTS_A_GALLERY: usize = 50;

/// What is known of the gallery.
#[derive(Debug, Default)]
pub(super) struct GallerySchedule {
    /// Reports written since it was.
    n_unlisted: usize,
    n_listed: usize,
    /// It was looked at in this process: an earlier one may have been stopped before it wrote it.
    is_known: bool,
}

impl GallerySchedule {
    /// One more report.
    pub(super) fn add(&mut self) {
        self.n_unlisted += 1;
    }

    /// Whether it is to be written now, or looked at; `more`: whether another scan can be explained.
    pub(super) fn is_due(&self, more: bool) -> bool {
        let enough = REPORTS_A_GALLERY.max(self.n_listed / 8);
        if more { self.n_unlisted >= enough } else { self.n_unlisted > 0 || !self.is_known }
    }

    /// Whether it is known to lack a report.
    pub(super) fn lacks(&self) -> bool {
        self.n_unlisted > 0
    }

    /// It lists all reports; so many, or as many as before.
    pub(super) fn written(&mut self, n_listed: Option<usize>) {
        *self = Self { n_unlisted: 0, n_listed: n_listed.unwrap_or(self.n_listed), is_known: true };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_at_once_and_written_when_the_last_report_is_there() {
        let mut listing = GallerySchedule::default();
        assert!(listing.is_due(false) && !listing.lacks() && !listing.is_due(true));
        listing.written(None);
        assert!(!listing.is_due(false));
        listing.add();
        assert!(listing.is_due(false) && listing.lacks() && !listing.is_due(true));
    }

    #[test]
    fn many_reports_are_listed_in_ever_larger_steps() {
        let (mut listing, mut n_written) = (GallerySchedule::default(), 0);
        for n_reports in 1..=100_000 {
            listing.add();
            if listing.is_due(true) {
                listing.written(Some(n_reports));
                n_written += 1;
            }
        }
        assert!((50..80).contains(&n_written), "{n_written}");
    }
}
