//! The identifiers of results. Those of the two objects follow from all that `report.json` says and the installation's key, so
//! that no two contents have the same one; those of the series from the scan, the model and the program.

use crate::privacy::SiteKey;
use crate::report::error::ReportError;
use crate::report::record::ReportRecord;

/// UIDs of two objects, each in a series of its own.
pub(super) struct ResultNames {
    pub(super) capture: String,
    pub(super) capture_series: String,
    pub(super) report: String,
    pub(super) report_series: String,
}

impl ResultNames {
    pub(super) fn new(key: &SiteKey, record: &ReportRecord) -> Result<Self, ReportError> {
        let part = record.image.part.as_deref().unwrap_or_default();
        let made_by = format!("{}\n{}\n{}\n{}\n{part}", record.hash, record.dataset, record.model, record.program);
        let content = record.to_json()?;
        let uid = |kind: &str, about: &[u8]| uid(&key.mac("uid", &[kind.as_bytes(), b"\n", about].concat()));
        Ok(Self {
            capture: uid("capture", &content),
            capture_series: uid("capture series", made_by.as_bytes()),
            report: uid("report", &content),
            report_series: uid("report series", made_by.as_bytes()),
        })
    }
}

/// 128 bits below the root for random numbers (PS3.5, B.2).
fn uid(random: &[u8; 32]) -> String {
    let number = random.first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
    format!("2.25.{number}")
}
