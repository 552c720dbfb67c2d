//! Where copies come from: labelled images with their place, content and side of the split.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::AugmentError;
use super::options::{ExpandOptions, pool};
use crate::content::{self, FileFailure, Listing, Reader};
use crate::domain::{ClassName, ContentHash, NameError, Phase, Progress, Split, StopFlag, side_and_class};

/// One labelled image that may have copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its content.
    pub hash: ContentHash,
    /// Its label.
    pub class: ClassName,
    /// `None` where nobody splits; only a source to learn from gets copies.
    pub split: Option<Split>,
    /// The patient or other unit it belongs to.
    pub group: Option<String>,
    /// File name without folder and extension.
    pub stem: String,
    /// Where it lies; absolute.
    pub path: PathBuf,
    /// The same for the manifest: relative to what the user calls the dataset, `/`-separated.
    pub relative: String,
}

impl Source {
    /// The folder that `relative` starts at.
    pub(super) fn root(&self) -> Option<&Path> {
        let n_parts = Path::new(&self.relative).components().count();
        self.path.ends_with(&self.relative).then(|| self.path.ancestors().nth(n_parts)).flatten()
    }
}

/// What a class-folder dataset holds.
#[derive(Debug, Default)]
pub struct Found {
    /// Sorted by path; each content once a class.
    pub sources: Vec<Source>,
    /// Files left out because another one of the same class has the same content: the first on the strongest side that
    /// folders name; relative.
    pub duplicates: Vec<String>,
    /// Those of them whose content is kept on a side to measure on while they lie elsewhere.
    pub across: Vec<String>,
    /// One line for each content that lies in several classes (one of its labels must be wrong), and for pictures that
    /// lie in no class.
    pub warnings: Vec<String>,
    /// Files that could not be read.
    pub failed: Vec<FileFailure>,
    /// Whether something was skipped: links, pipes, folders that cannot be read.
    pub skipped: bool,
}

/// Finds and hashes the files in `folder/<class>/**` and `folder/<side>/<class>/**`; hidden ones are left out, and what is no
/// file is logged once. Whether they are pictures shows later.
///
/// # Errors
/// [`AugmentError::NoClasses`] when there is no class folder with a file in it, [`AugmentError::Stopped`],
/// [`AugmentError::Threads`].
pub fn find_sources(
    folder: &Path,
    options: &ExpandOptions,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Found, AugmentError> {
    let Listing { files, skipped } = content::list(folder);
    skipped.warn(folder);
    let (files, mut failed) = placed(folder, files);
    if files.is_empty() && failed.is_empty() {
        return Err(AugmentError::NoClasses { folder: folder.to_owned() });
    }
    let reader = options.reader.clone().below(folder);
    progress.begin(Phase::Read, files.len() as u64);
    let hash = |(place, path): &(Place, PathBuf)| {
        stop.check()?;
        let source = source(folder, place, path, &reader);
        progress.advance(1);
        Ok(source)
    };
    let hashed: Result<Vec<_>, AugmentError> = pool(options.threads)?.install(|| files.par_iter().map(hash).collect());
    progress.end();
    let mut found = Found { skipped: !skipped.is_empty(), ..Found::default() };
    for result in hashed? {
        match result {
            Ok(source) => found.sources.push(source),
            Err(failure) => failed.push(failure),
        }
    }
    found.part_duplicates();
    found.failed = failed;
    found.warnings = conflicts(&found.sources);
    found.warnings.extend(classless(folder));
    Ok(found)
}

impl Found {
    fn part_duplicates(&mut self) {
        // Sorted by path, so that the first of the strongest comes before all others of its content.
        self.sources.sort_by_key(|source| Reverse(source.split));
        let mut kept: BTreeMap<(ClassName, ContentHash), Option<Split>> = BTreeMap::new();
        for source in std::mem::take(&mut self.sources) {
            match kept.entry((source.class.clone(), source.hash)) {
                Entry::Vacant(place) => {
                    place.insert(source.split);
                    self.sources.push(source);
                }
                Entry::Occupied(place) => {
                    let side = *place.get();
                    if side != source.split && side.is_some_and(Split::is_measured) {
                        self.across.push(source.relative.clone());
                    }
                    self.duplicates.push(source.relative);
                }
            }
        }
        self.sources.sort_by(|a, b| a.path.cmp(&b.path));
        self.duplicates.sort_unstable();
    }
}

/// Pictures beside the class folders, told by their names.
fn classless(folder: &Path) -> Option<String> {
    const PICTURES: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp"];
    let is_picture = |path: PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        path.is_file() && extension.is_some_and(|extension| PICTURES.contains(&extension.as_str()))
    };
    let n = folder.read_dir().ok()?.filter_map(Result::ok).filter(|entry| is_picture(entry.path())).count();
    let folder = folder.display();
    (n > 0).then(|| {
        format!("`{folder}`: {n} pictures lie in no class folder and are left out: move them into {folder}/<class>/")
    })
}

fn conflicts(sources: &[Source]) -> Vec<String> {
    let mut first: BTreeMap<ContentHash, &Source> = BTreeMap::new();
    let mut conflicts = Vec::new();
    for source in sources {
        let seen = *first.entry(source.hash).or_insert(source);
        if seen.class != source.class {
            let (a, b) = (seen.relative.escape_debug(), source.relative.escape_debug());
            conflicts.push(format!(
                "`{a}` and `{b}` are the same picture in two classes: remove the one with the wrong label"
            ));
        }
    }
    conflicts
}

/// The side and the class that the folders above a file say.
type Place = (Option<Split>, ClassName);

/// The files below the class folders, with their places.
fn placed(folder: &Path, files: Vec<PathBuf>) -> (Vec<(Place, PathBuf)>, Vec<FileFailure>) {
    let n_parts = folder.components().count();
    let (mut placed, mut failed) = (Vec::new(), Vec::new());
    for path in files.into_iter().filter(|path| path.components().count() > n_parts + 1) {
        match place_of(folder, &path) {
            Ok(place) => placed.push((place, path)),
            Err(failure) => failed.push(failure),
        }
    }
    (placed, failed)
}

fn place_of(folder: &Path, path: &Path) -> Result<Place, FileFailure> {
    let relative = relative(folder, path);
    if path.to_str().is_none() {
        let reason = "its name is not UTF-8, and would be written as another one";
        return Err(FileFailure::new(relative, "file-name", reason, "rename the file or its folder"));
    }
    let parts: Vec<&str> = relative.split('/').collect();
    let (side, class) = side_and_class(&parts[..parts.len() - 1]).unwrap_or_default();
    let unusable =
        |error: NameError| FileFailure::new(&relative, "class-name", error.to_string(), "rename the class folder");
    Ok((side, ClassName::new(class).map_err(unusable)?))
}

fn source(folder: &Path, place: &Place, path: &Path, reader: &Reader) -> Result<Source, FileFailure> {
    let relative = relative(folder, path);
    let hash = reader.read(path, None).map_err(|failure| failure.at(&relative))?.hash;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ((split, class), path) = (place.clone(), path.to_owned());
    Ok(Source { hash, class, split, group: None, stem, path, relative })
}

fn relative(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}
