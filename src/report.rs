//! An explanation on disk: pictures, a record for scripts, one self-contained page, and the gallery of all of them.
//!
//! It says what it is given; it knows nothing of networks, queues or where a scan came from.

mod contact_sheet;
mod counts;
mod csv;
mod document;
mod error;
mod gallery;
mod gallery_blocks;
mod gallery_page;
mod page;
mod pictures;
mod plots;
mod provenance;
mod quality;
mod record;
mod run;
mod run_page;
mod shortcuts;
mod tensorboard;
mod viewer;

pub use contact_sheet::{SheetHead, contact_sheet, shows};
pub use error::ReportError;
pub use gallery::{Gallery, Listed, is_current as gallery_is_current};
pub use record::ReportRecord;
pub use run::{Mistake, RunReport, write_run};

use std::path::Path;
use std::time::SystemTime;

use crate::disk::write_atomic;
use crate::domain::{Explanation, ModelRecord};
use crate::imaging::Picture;
use pictures::Pictures;

/// Writes one scan's report into `folder`: `heatmap.png` and `overlay.png` at the scan's own size, `thumb.jpg`,
/// `report.json`, and `report.html` last, so that a page that is there is complete. `made`: the time it shall carry.
///
/// # Errors
/// [`ReportError`]; what was there before is then still whole, file by file.
pub fn write(
    folder: &Path,
    explanation: &Explanation,
    model: &ModelRecord,
    picture: &Picture,
    made: SystemTime,
) -> Result<(), ReportError> {
    let record = ReportRecord::new(explanation, model, made)?;
    let pictures = Pictures::draw(explanation, picture)?;
    let html = page::render(&record, model, &pictures);
    write_atomic(&folder.join("heatmap.png"), &pictures.heatmap_png)?;
    write_atomic(&folder.join("overlay.png"), &pictures.overlay_png)?;
    write_atomic(&folder.join(record::THUMB), &pictures.thumb_jpeg)?;
    write_atomic(&folder.join(record::FILE), record.to_json()?.as_bytes())?;
    write_atomic(&folder.join(record::PAGE), html.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests;
