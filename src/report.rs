//! What people read: a page, images and a record for each scan, the gallery of all of them, the page of a run and of a dataset, and
//! contact sheets.
//!
//! It depends on its input only, not on networks, queues or where a scan came from.

mod badges;
mod contact_sheet;
mod dataset_page;
mod dataset_report;
mod dicom;
mod document;
mod error;
mod feature_page;
mod feature_page_path;
mod folders;
mod format;
mod gallery;
mod gallery_blocks;
mod gallery_data;
mod gallery_links;
mod gallery_page;
mod gallery_row;
mod gallery_rows;
mod gallery_state;
mod json;
mod map_cells;
mod map_table;
mod neighbours;
mod pictures;
mod plots;
mod provenance;
mod quality;
mod raw_maps;
mod record;
mod results_table;
mod run_page;
mod run_report;
mod scan_page;
mod scan_report;
mod set_identity;
mod stored;
mod tensorboard;
mod viewer;

pub use contact_sheet::{SheetHead, contact_sheet, remove_sheet, shows};
pub use dataset_page::{ExampleThumbnails, dataset_page, dataset_pages, remove_dataset_page, write_dataset};
pub use dataset_report::{DatasetReport, FileTotals, PastModel, UnusedFiles};
pub use dicom::{DicomScan, unsent_results};
pub use error::ReportError;
pub use feature_page::{LearnedPositions, write_feature_page};
pub use feature_page_path::remove_feature_page;
pub use gallery::{Gallery, Listed};
pub use neighbours::without_neighbours;
pub use record::ReportRecord;
pub use run_page::without_images;
pub use run_report::RunReport;
pub use scan_report::ScanReport;
pub use stored::{StoredReport, remove_report, stored_reports};

use std::path::Path;
use std::time::SystemTime;

use crate::disk::{self, touch, write_atomic};
use crate::domain::Explanation;
use pictures::Pictures;

/// Writes one scan's report into `folder`: `heatmap.png` and `overlay.png` at the scan's own size, `thumb.jpg`,
/// `report.json`, and `report.html` last, so that a page that is there is complete; the results of a DICOM scan as `dicom`
/// says, unless those of the report that it replaces say the same. `made`: the time it shall carry; with results, that of the same
/// report if it is there already.
///
/// # Errors
/// [`ReportError`]; what was there before is then still whole, file by file.
pub fn write(
    folder: &Path,
    report: &ScanReport<'_>,
    made: SystemTime,
    dicom: Option<&DicomScan<'_>>,
) -> Result<(), ReportError> {
    let ScanReport { explanation, model, picture, .. } = report;
    let named = dicom.filter(|scan| scan.is_named).map(|scan| scan.source.instance().to_owned());
    let has_results = dicom.is_some_and(|scan| scan.results.is_some());
    let record = ReportRecord::new(explanation, model, made)?;
    let record = ReportRecord { sop_instance_uid: named, dicom_results: has_results, ..record };
    let stored = ReportRecord::stored(folder);
    let record = record.in_place_of(stored.as_ref());
    let record = if has_results { record.at_first_time(stored.as_ref()) } else { record };
    let pictures = Pictures::draw(explanation, picture)?;
    let html = scan_page::render(&record, report, &pictures, has_results)?;
    // The disk takes its time to say that it has each.
    let (png, others) = rayon::join(
        || write_atomic(&folder.join("heatmap.png"), &pictures.heatmap_png),
        || {
            write_atomic(&folder.join("overlay.png"), &pictures.overlay_png)?;
            write_atomic(&folder.join(record::THUMB), &pictures.thumb_jpeg)
        },
    );
    png.and(others)?;
    let file = folder.join(record::FILE);
    write_atomic(&file, &record.to_json()?)?;
    // The gallery knows a report by its size and time, which are those of the work and not of the disk.
    touch(&file, made)?;
    // After the record, from which a repetition takes its time.
    let is_repeated = stored.is_some_and(|stored| record.repeats_results_of(&stored) && stored.has_page(folder));
    dicom.filter(|_| !is_repeated).map_or(Ok(()), |scan| scan.write_results(&record, &pictures.overlay))?;
    write_atomic(&folder.join(record::PAGE), html.as_bytes())?;
    Ok(())
}

/// Writes the maps of an explanation as numbers into the report in `folder`, `maps.npy`; `None` removes those of another one.
///
/// # Errors
/// [`ReportError`] of the disk.
pub fn write_raw_maps(folder: &Path, explanation: Option<&Explanation>) -> Result<(), ReportError> {
    let file = folder.join(raw_maps::MAPS);
    match explanation {
        Some(explanation) => Ok(write_atomic(&file, &raw_maps::to_npy(explanation))?),
        None => Ok(disk::remove_file(&file)?),
    }
}

/// Writes the curves for TensorBoard (`train/` and `validation/`) and `report.html` into the run's folder.
///
/// # Errors
/// [`ReportError`]; curves that cannot be written do not keep the page from being written.
pub fn write_run(folder: &Path, report: &RunReport<'_>) -> Result<(), ReportError> {
    let curves = tensorboard::write(folder, report.model, report.history);
    write_atomic(&folder.join(record::PAGE), run_page::render(report)?.as_bytes())?;
    curves
}

#[cfg(test)]
mod tests;
