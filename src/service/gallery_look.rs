//! What a look at the gallery and its reports found.

use crate::domain::ScanKey;
use crate::report::{Listed, ReportError};

/// The gallery as it should be, and what is missing behind it.
pub(super) struct GalleryLook {
    /// What it lists.
    pub(super) listed: Listed,
    /// Scans whose reports are not there, or not whole; `None` where nobody looked.
    pub(super) lost: Option<Vec<ScanKey>>,
    /// Why not all reports are listed.
    pub(super) unread: Option<ReportError>,
}
