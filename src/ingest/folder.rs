//! A dataset in a folder that the user names: `<folder>/<class>/**` or `<folder>/<side>/<class>/**`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::inspect::{Inspected, inspect};
use crate::content::{self, FileFailure, Listing, NoInputs, Reader, image_pool};
use crate::domain::{
    ClassName, ContentHash, LabelledImage, NameError, Phase, Progress, Split, StopFlag, Stopped, side_and_class,
};
use crate::imaging::dicom_header;
use crate::privacy::{SiteKey, shown};

/// Why a folder could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// On request.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// No worker threads.
    #[error("cannot start worker threads: {0}; set compute.threads to a smaller number")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// No class folder with a file in it.
    #[error("`{}` contains no images in class folders; put them into {}/<class>/", folder.display(), folder.display())]
    NoClasses {
        /// The dataset.
        folder: PathBuf,
    },
}

/// What a dataset's folder holds.
#[derive(Debug, Default)]
pub struct DatasetFolder {
    /// Sorted by path; each content, and each image by its DICOM number, once a class. The split is the side that a folder names.
    pub images: Vec<LabelledImage>,
    /// What decoding found out, by content; empty when nothing was decoded.
    pub inspected: BTreeMap<ContentHash, Inspected>,
    /// Files left out because another one of the same class has the same content or DICOM number: the first on the strongest
    /// side that folders name is kept; relative.
    pub duplicates: Vec<String>,
    /// Those of them with another content, each with the file that is kept; relative.
    pub repeats: Vec<[(String, ContentHash); 2]>,
    /// Those of them whose content is kept on a side to measure on while they lie elsewhere.
    pub across: Vec<String>,
    /// One line for each content that lies in several classes (one of its labels must be wrong), and for images that
    /// lie in no class.
    pub warnings: Vec<String>,
    /// Files that could not be read.
    pub failed: Vec<FileFailure>,
    /// Whether something was skipped: links, pipes, folders that cannot be read.
    pub skipped: bool,
}

/// Finds and hashes the files of the dataset in `folder`, of DICOM also reads the header, on `threads` threads; hidden ones are left out, and what is no file
/// is logged once. Whether they are images shows later.
///
/// # Errors
/// [`FolderError`].
pub fn find_images(
    folder: &Path,
    reader: &Reader,
    threads: usize,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<DatasetFolder, FolderError> {
    let reader = reader.clone().below(folder);
    let read = |path: &Path| {
        let content = reader.read(path, None)?;
        let number = dicom_header(&content.bytes, &reader.decoding).and_then(|header| header.instance);
        Ok(Read { hash: content.hash, number: number.map(|number| ContentHash::of(&number)), inspected: None })
    };
    read_all(folder, &read, threads, stop, progress)
}

/// As [`find_images`], and decodes each file, whose identifiers are hashed with `key`: what is no image is in [`DatasetFolder::failed`].
///
/// # Errors
/// [`FolderError`].
pub fn inspect_images(
    folder: &Path,
    (reader, key): (&Reader, &SiteKey),
    threads: usize,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<DatasetFolder, FolderError> {
    let reader = reader.clone().below(folder);
    let inspect = |path: &Path| {
        let inspected = inspect(&reader, key, path)?;
        let number = inspected.instance().map(|number| ContentHash::of(number.as_bytes()));
        Ok(Read { hash: inspected.hash, number, inspected: Some(inspected) })
    };
    read_all(folder, &inspect, threads, stop, progress)
}

/// The files in the class folders of `folder`, in the order of their paths, each with its class; unread. Files that no class
/// can be told of are left out.
pub fn labelled_files(folder: &Path) -> Vec<(ClassName, PathBuf)> {
    let (placed, _) = placed(folder, content::list(folder).files);
    placed.into_iter().map(|((_, class), path)| (class, path)).collect()
}

/// What was read of a file.
struct Read {
    hash: ContentHash,
    /// A hash of the number that DICOM gave the image: to compare, not to keep.
    number: Option<ContentHash>,
    /// Where it was decoded.
    inspected: Option<Inspected>,
}

fn read_all(
    folder: &Path,
    read: &(dyn Fn(&Path) -> Result<Read, FileFailure> + Sync),
    threads: usize,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<DatasetFolder, FolderError> {
    let Listing { files, skipped } = content::list(folder);
    skipped.warn(folder);
    let (files, mut failed) = placed(folder, files);
    if files.is_empty() && failed.is_empty() {
        return Err(FolderError::NoClasses { folder: folder.to_owned() });
    }
    progress.begin(Phase::Read, files.len() as u64);
    let image = |(place, path): &(Place, PathBuf)| {
        stop.check()?;
        let image = image(folder, place, path, read);
        progress.advance(1);
        Ok(image)
    };
    let found: Result<Vec<_>, FolderError> = image_pool(threads)?.install(|| files.par_iter().map(image).collect());
    progress.end();
    let mut all = DatasetFolder { skipped: !skipped.is_empty(), ..DatasetFolder::default() };
    let mut no_inputs = NoInputs::default();
    let mut numbers: BTreeMap<ContentHash, ContentHash> = BTreeMap::new();
    for result in found? {
        match result {
            Ok((image, Read { hash, number, inspected })) => {
                all.inspected.extend(inspected.map(|inspected| (hash, inspected)));
                numbers.extend(number.map(|number| (hash, number)));
                all.images.push(image);
            }
            Err(failure) if no_inputs.count(&failure) => {}
            Err(failure) => failed.push(failure),
        }
    }
    no_inputs.log();
    all.remove_duplicates(&numbers);
    all.failed = failed;
    all.warnings = conflicts(&all.images);
    all.warnings.extend(classless(folder));
    Ok(all)
}

impl DatasetFolder {
    /// One image is known by the number that DICOM gave it (`numbers`, by content), else by its content.
    fn remove_duplicates(&mut self, numbers: &BTreeMap<ContentHash, ContentHash>) {
        // Sorted by path, so that the first of the strongest comes before all others of its content.
        self.images.sort_by_key(|image| Reverse(image.split));
        let mut kept: BTreeMap<(ClassName, ContentHash), LabelledImage> = BTreeMap::new();
        for image in std::mem::take(&mut self.images) {
            match kept.entry((image.class.clone(), *numbers.get(&image.hash).unwrap_or(&image.hash))) {
                Entry::Vacant(place) => {
                    place.insert(image);
                }
                Entry::Occupied(place) => self.add_duplicate(image, place.get()),
            }
        }
        self.images = kept.into_values().collect();
        self.images.sort_by(|a, b| a.path.cmp(&b.path));
        self.duplicates.sort_unstable();
        self.repeats.sort_unstable();
    }

    fn add_duplicate(&mut self, image: LabelledImage, kept: &LabelledImage) {
        if kept.split != image.split && kept.split.is_some_and(Split::is_measured) {
            self.across.push(image.relative.clone());
        }
        if kept.hash != image.hash {
            self.repeats.push([&image, kept].map(|image| (image.relative.clone(), image.hash)));
        }
        self.duplicates.push(image.relative);
    }
}

/// Images beside the class folders, recognised by their names.
fn classless(folder: &Path) -> Option<String> {
    const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "dcm"];
    let is_image = |path: PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        path.is_file() && extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
    };
    let n = folder.read_dir().ok()?.filter_map(Result::ok).filter(|entry| is_image(entry.path())).count();
    let folder = folder.display();
    (n > 0).then(|| {
        format!("`{folder}`: {n} images are in no class folder and are not used; move them into {folder}/<class>/")
    })
}

fn conflicts(images: &[LabelledImage]) -> Vec<String> {
    let mut first: BTreeMap<ContentHash, &LabelledImage> = BTreeMap::new();
    let mut conflicts = Vec::new();
    for image in images {
        let seen = *first.entry(image.hash).or_insert(image);
        if seen.class != image.class {
            let (a, b) = (shown(&seen.relative), shown(&image.relative));
            conflicts.push(format!(
                "`{}` and `{}` are the same image in two classes; remove the one with the wrong label",
                a.escape_debug(),
                b.escape_debug()
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
        let reason = "its name is not UTF-8 and cannot be recorded";
        return Err(FileFailure::new(relative, "file-name", reason, "rename the file or its folder"));
    }
    let parts: Vec<&str> = relative.split('/').collect();
    let (side, class) = side_and_class(&parts[..parts.len() - 1]).unwrap_or_default();
    let unusable =
        |error: NameError| FileFailure::new(&relative, "class-name", error.to_string(), "rename the class folder");
    Ok((side, ClassName::new(class).map_err(unusable)?))
}

fn image(
    folder: &Path,
    (split, class): &Place,
    path: &Path,
    read: &dyn Fn(&Path) -> Result<Read, FileFailure>,
) -> Result<(LabelledImage, Read), FileFailure> {
    let relative = relative(folder, path);
    let read = read(path).map_err(|failure| failure.at(&relative))?;
    let (hash, class, path) = (read.hash, class.clone(), path.to_owned());
    Ok((LabelledImage { hash, class, split: *split, group: None, path, relative }, read))
}

fn relative(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
