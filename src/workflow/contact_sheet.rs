//! The contact sheet of an expansion: looked at by people, so it says how it was made and what it goes beyond.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::augment::{self, ExpandOptions, Expansion};
use crate::disk;
use crate::domain::{Breach, ContentHash, LabelledImage};
use crate::imaging::Mosaic;
use crate::report::{self, ReportError, SheetHead};

/// Of the page and, before each class's name, of its PNG.
pub(super) const NAME: &str = "contact-sheet";

/// Draws `contact-sheet.html` and `contact-sheet-<class>.png` into `folder`, outside the class folders, unless they show
/// these very copies already. Returns the page's path.
///
/// # Errors
/// [`ReportError`] when it could not be written; the copies are there all the same.
pub fn draw_sheet(
    options: &ExpandOptions,
    sources: &[LabelledImage],
    expansion: &Expansion,
    folder: &Path,
) -> Result<Option<PathBuf>, ReportError> {
    let page = page(folder);
    if expansion.copies.is_empty() {
        return Ok(None);
    }
    let shown = identity(options, expansion);
    if report::shows(&page, shown) && has_images(folder) {
        // It is looked at whether it is as old as the copies.
        disk::touch(&page, SystemTime::now())?;
        return Ok(Some(page));
    }
    let sheets =
        augment::sheets(options, sources, expansion).map_err(|failure| ReportError::Unread(failure.sentence()))?;
    let n_sources = sources.len() - expansion.failed.len().min(sources.len());
    let title = format!("{} copies of {n_sources} images", expansion.copies.len());
    report::contact_sheet(folder, NAME, &head(options, title, shown), &sheets).map(Some)
}

/// The page of the copies in `folder`.
pub(super) fn page(folder: &Path) -> PathBuf {
    folder.join(format!("{NAME}.html"))
}

/// Whether each class that has copies in `folder` has its image.
pub(super) fn has_images(folder: &Path) -> bool {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let is_shown = |class: DirEntry| {
        let image = folder.join(format!("{NAME}-{}.png", class.file_name().to_string_lossy()));
        entries(&class.path()).next().is_none() || fs::metadata(image).is_ok_and(|image| image.len() > 0)
    };
    entries(&folder.join("augmented")).all(is_shown)
}

/// Of the copies and the recipe that made them.
fn identity(options: &ExpandOptions, expansion: &Expansion) -> ContentHash {
    let made = serde_json::to_vec(&(&options.recipe, options.preset)).unwrap_or_default();
    let copies = expansion.copies.iter().map(|copy| copy.hash.as_bytes().as_slice());
    ContentHash::of_parts(std::iter::once(made.as_slice()).chain(copies))
}

/// Draws the sheet of one image, `preview-<name>.html` and `preview-<name>-copies.png`, into `folder`.
///
/// # Errors
/// [`ReportError`].
pub fn draw_preview(
    options: &ExpandOptions,
    name: &str,
    mosaic: Mosaic,
    folder: &Path,
) -> Result<PathBuf, ReportError> {
    let title = format!("Augmentation preview of {}", mosaic.title);
    let head = head(options, title, ContentHash::of(name.as_bytes()));
    let part = Mosaic { title: "Copies".into(), ..mosaic };
    report::contact_sheet(folder, &format!("preview-{name}"), &head, &[part])
}

fn head(options: &ExpandOptions, title: String, shown: ContentHash) -> SheetHead {
    let ExpandOptions { seed, size, preset, encoding, ref recipe, .. } = *options;
    let written = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let recipe_in_full = serde_json::to_value(recipe).unwrap_or_default();
    let parts = recipe_in_full.as_object().into_iter().flatten();
    let parts: Vec<_> = parts.map(|(key, value)| format!("{key} = {}", written(value.clone()))).collect();
    let warn = |breach: Breach| {
        format!("Exceeds the preset's limits, as allowed in the recipe: {}. {}.", breach.transform, breach.reason)
    };
    SheetHead {
        title,
        facts: vec![
            ("preset", written(serde_json::to_value(preset).unwrap_or_default())),
            ("recipe", parts.join(", ")),
            ("seed", seed.to_string()),
            ("size", format!("{size} × {size} pixels, {}", encoding.name())),
            ("program", format!("gradwatch {}", env!("CARGO_PKG_VERSION"))),
        ],
        warnings: preset.breaches(recipe).into_iter().map(warn).collect(),
        shown,
    }
}
