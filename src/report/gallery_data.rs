//! The reports of a page of the gallery as data: a script that gives them to the one that searches, filters and sorts. A page
//! that is opened as a file may load nothing else.

use std::collections::HashMap;

use serde::Serialize;

use super::format::{address, day, visible};
use super::gallery_links::GalleryLinks;
use super::gallery_row::GalleryRow;

/// What the script of the first page calls its receiver.
const RECEIVER: &str = "gradwatchReports";

/// The reports of one page.
#[derive(Serialize)]
struct PageData<'a> {
    file: &'a str,
    /// On the first page: how many pages of older reports there are, and how many reports on all.
    #[serde(flatten)]
    whole: Option<WholeGallery>,
    /// Names, with the addresses of their pages.
    datasets: Vec<(String, Option<String>)>,
    models: Vec<(String, Option<String>)>,
    classes: Vec<String>,
    warnings: Vec<String>,
    /// Newest first.
    rows: Vec<RowData>,
}

/// Where the rest of the reports is.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct WholeGallery {
    /// Pages of older reports.
    pub(super) older: usize,
    /// Reports on all pages.
    pub(super) total: usize,
}

/// Address of the folder, scan, places of dataset, model and class, score, status, places of the warnings, whether the class was
/// removed, time, whether it is unlike the training images.
type RowData = (String, String, usize, usize, usize, f64, String, Vec<usize>, bool, String, bool);

/// Values by their places, each once.
struct IndexedValues<'a, K, V> {
    places: HashMap<&'a K, usize>,
    values: Vec<V>,
}

impl<'a, K: std::hash::Hash + Eq, V> IndexedValues<'a, K, V> {
    fn new() -> Self {
        Self { places: HashMap::new(), values: Vec::new() }
    }

    fn of(&mut self, key: &'a K, value: impl FnOnce() -> V) -> usize {
        let values = &mut self.values;
        *self.places.entry(key).or_insert_with(|| {
            values.push(value());
            values.len() - 1
        })
    }
}

/// The script beside the page whose data file is called `file` without its ending; `rows`: newest first.
pub(super) fn script<'a>(
    file: &str,
    rows: impl Iterator<Item = &'a GalleryRow>,
    whole: Option<WholeGallery>,
    links: &GalleryLinks,
) -> String {
    let (mut datasets, mut models) = (IndexedValues::new(), IndexedValues::new());
    let (mut classes, mut warnings) = (IndexedValues::new(), IndexedValues::new());
    let rows = rows.map(|row| {
        (
            address(&row.folder),
            visible(&row.scan),
            datasets.of(&*row.dataset, || (visible(row.dataset.as_str()), links.dataset_page(row))),
            models.of(&*row.model, || (visible(row.model.as_str()), links.model_page(row))),
            classes.of(&*row.predicted, || visible(row.predicted.as_str())),
            row.score,
            row.status.to_string(),
            row.warnings.iter().map(|warning| warnings.of(&**warning, || visible(warning))).collect(),
            row.is_obsolete,
            day(&row.created),
            row.is_unlike == Some(true),
        )
    });
    let rows = rows.collect();
    let (datasets, models, classes, warnings) = (datasets.values, models.values, classes.values, warnings.values);
    let data = PageData { file, whole, datasets, models, classes, warnings, rows };
    format!("{RECEIVER}({});\n", as_script(&serde_json::to_string(&data).unwrap_or_default()))
}

/// JSON that is also a script, wherever it stands: what would end a script element or a line stands inside texts alone, and is
/// escaped there.
fn as_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::as_script;

    #[test]
    fn a_text_ends_neither_script_nor_line() {
        let json = serde_json::to_string("</script>\u{2028}\u{2029}\"\\").unwrap();
        let script = as_script(&json);
        assert!(!script.contains(['<', '\u{2028}', '\u{2029}']), "{script}");
        assert_eq!(serde_json::from_str::<String>(&script).unwrap(), "</script>\u{2028}\u{2029}\"\\");
    }
}
