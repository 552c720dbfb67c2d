//! The identifiers of results. They follow from the scan, the model and the installation's key, so that work that is
//! repeated writes the same objects again, and another model writes others.

use crate::privacy::SiteKey;
use crate::report::record::ReportRecord;

/// UIDs of two objects, each in a series of its own.
pub(super) struct ResultNames {
    pub(super) capture: String,
    pub(super) capture_series: String,
    pub(super) report: String,
    pub(super) report_series: String,
}

impl ResultNames {
    pub(super) fn new(key: &SiteKey, record: &ReportRecord) -> Self {
        let part = record.image.part.as_deref().unwrap_or_default();
        let about = format!("{}\n{}\n{}\n{part}", record.hash, record.dataset, record.model);
        let uid = |kind: &str| uid(&key.mac("uid", format!("{kind}\n{about}").as_bytes()));
        Self {
            capture: uid("capture"),
            capture_series: uid("capture series"),
            report: uid("report"),
            report_series: uid("report series"),
        }
    }
}

/// 128 bits below the root for random numbers (PS3.5, B.2).
fn uid(random: &[u8; 32]) -> String {
    let number = random.first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
    format!("2.25.{number}")
}
