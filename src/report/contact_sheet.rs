//! Originals beside their copies: one page, and one PNG for each of its parts.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::document::{Images, PROGRAM, document, footer};
use super::error::ReportError;
use super::format::visible;
use crate::disk::{remove_file, write_atomic};
use crate::domain::ContentHash;
use crate::imaging::{Mosaic, Tile, encode_jpeg, encode_tagged_png, read_tag};

/// Marks images and pages as ours: others of the same names are left alone.
const TAG: &str = "contact sheet";
const MARK: &str = "<!-- contact sheet by gradwatch, of ";

/// Pixels a side of a tile, on the page and in the PNG, at most.
const TILE_SIDE: u32 = 192;
const QUALITY: u8 = 85;

/// Title, settings and warnings of a page, above its images.
#[derive(Debug, Clone)]
pub struct SheetHead {
    /// One line.
    pub title: String,
    /// Names and values: preset, seed, ...
    pub facts: Vec<(&'static str, String)>,
    /// What to beware of.
    pub warnings: Vec<String>,
    /// Identity of all that is shown, by which [`shows`] knows a page.
    pub shown: ContentHash,
}

/// Whether `page` is a contact sheet of exactly this.
pub fn shows(page: &Path, shown: ContentHash) -> bool {
    std::fs::read_to_string(page).is_ok_and(|text| text.contains(&format!("{MARK}{shown} -->")))
}

/// Writes `<name>.html` and `<name>-<title>.png` for each of `parts` into `folder`, and removes sheets of parts that are
/// no longer there. Returns the page's path.
///
/// # Errors
/// [`ReportError`]; what was there before is then still whole, file by file.
pub fn contact_sheet(folder: &Path, name: &str, head: &SheetHead, parts: &[Mosaic]) -> Result<PathBuf, ReportError> {
    let mut written = HashSet::new();
    for part in parts {
        let Some(sheet) = part.drawn(TILE_SIDE) else { continue };
        let path = folder.join(format!("{name}-{}.png", part.title));
        refuse_foreign(&path)?;
        write_atomic(&path, &encode_tagged_png(&sheet, TAG)?)?;
        written.insert(path);
    }
    remove_others(folder, name, &written)?;
    let page = folder.join(format!("{name}.html"));
    refuse_foreign(&page)?;
    let text = format!("{}\n{MARK}{} -->\n", render(head, parts)?, head.shown);
    write_atomic(&page, text.as_bytes())?;
    Ok(page)
}

/// Removes the sheet `<name>.html` with its images from `folder`; files of others stay.
///
/// # Errors
/// [`ReportError`].
pub fn remove_sheet(folder: &Path, name: &str) -> Result<(), ReportError> {
    remove_others(folder, name, &HashSet::new())?;
    let page = folder.join(format!("{name}.html"));
    if is_ours(&page) {
        remove_file(&page)?;
    }
    Ok(())
}

fn refuse_foreign(path: &Path) -> Result<(), ReportError> {
    if !path.exists() || is_ours(path) {
        return Ok(());
    }
    Err(ReportError::InTheWay { path: path.to_owned() })
}

fn is_ours(path: &Path) -> bool {
    let Ok(bytes) = std::fs::read(path) else { return false };
    read_tag(&bytes) == Some(TAG) || bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes())
}

/// Sheets of classes that are gone.
fn remove_others(folder: &Path, name: &str, written: &HashSet<PathBuf>) -> Result<(), ReportError> {
    let listed = |source| ReportError::List { path: folder.to_owned(), source };
    for entry in folder.read_dir().map_err(listed)?.filter_map(Result::ok) {
        let file = entry.file_name();
        let part = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(".png"));
        if part.is_some() && !written.contains(&entry.path()) && is_ours(&entry.path()) {
            remove_file(&entry.path())?;
        }
    }
    Ok(())
}

fn render(head: &SheetHead, parts: &[Mosaic]) -> Result<String, ReportError> {
    let sections: Vec<Markup> = parts.iter().map(section).collect::<Result<_, _>>()?;
    let body = html! {
        main.wide {
            div.heading {
                h1 { (visible(&head.title)) }
                p.muted { "Each row starts with an original image, scaled to the size of the copies, followed by augmented copies of it. Check \
                    that every copy still shows what its label says; if one does not, change the recipe before training." }
            }
            @if !head.warnings.is_empty() {
                section.card.warnings aria-labelledby="warnings" { h2 #warnings { "Warnings" } ul { @for warning in &head.warnings { li { (visible(warning)) } } } }
            }
            @for section in &sections { (section) }
            section.card {
                h2 { "Augmentation settings" }
                dl.facts { @for (name, value) in &head.facts { div { dt { (name) } dd { (visible(value)) } } } }
            }
        }
        (footer(PROGRAM))
    };
    Ok(document(&head.title, Images::Embedded, "", &body))
}

fn section(part: &Mosaic) -> Result<Markup, ReportError> {
    let rows: Vec<Vec<Markup>> =
        part.rows.iter().map(|row| row.iter().map(figure).collect::<Result<_, _>>()).collect::<Result<_, _>>()?;
    Ok(html! {
        section.card {
            h2 { bdi { (visible(&part.title)) } }
            @for row in &rows { div.tiles { @for tile in row { (tile) } } }
        }
    })
}

fn figure(tile: &Tile) -> Result<Markup, ReportError> {
    let side = TILE_SIDE.min(tile.picture.width());
    let jpeg = encode_jpeg(&tile.picture.resized(side, side), QUALITY)?;
    let address = format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
    Ok(html! {
        figure {
            img src=(address) alt="" width=(side) height=(side);
            figcaption { (visible(&tile.caption)) }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::imaging::{Picture, Pixels};

    fn part(title: &str) -> Mosaic {
        let captioned = |caption: &str| Tile {
            picture: Picture::new(8, 8, 1, Pixels::U8((0..64).collect())).unwrap(),
            caption: caption.into(),
        };
        Mosaic { title: title.into(), rows: vec![vec![captioned("a.png"), captioned("rotation +3.0°")]] }
    }

    #[test]
    fn a_sheet_and_its_pictures_are_written_and_those_of_former_parts_removed() {
        let dir = tempfile::tempdir().unwrap();
        let head = SheetHead {
            title: "Copies of <this>".into(),
            facts: vec![("preset", "natural".into())],
            warnings: vec!["beware".into()],
            shown: ContentHash::of(b"all of it"),
        };
        fs::write(dir.path().join("sheet-mine.png"), b"the user's own").unwrap();
        let page = contact_sheet(dir.path(), "sheet", &head, &[part("a"), part("b")]).unwrap();
        contact_sheet(dir.path(), "sheet", &head, &[part("a")]).unwrap();
        let mut names: Vec<_> = dir.path().read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["sheet-a.png", "sheet-mine.png", "sheet.html"]);
        assert!(shows(&page, head.shown) && !shows(&page, ContentHash::of(b"other")));
        let html = fs::read_to_string(&page).unwrap();
        fs::write(&page, b"the user's own").unwrap();
        let refused = contact_sheet(dir.path(), "sheet", &head, &[part("a")]).unwrap_err();
        assert!(refused.to_string().contains("was not written by gradwatch"), "{refused}");
        assert_eq!(fs::read(&page).unwrap(), b"the user's own");
        for said in ["Copies of &lt;this&gt;", "rotation +3.0°", "beware", "natural"] {
            assert!(html.contains(said), "{said}");
        }
        assert_eq!(html.matches("<img").count(), 2);
    }
}
