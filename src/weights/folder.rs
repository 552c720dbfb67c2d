//! The weights folder: files that were imported, and the built-in backbone once it is made.

use std::io;
use std::path::{Path, PathBuf};

use super::backbone::{input_of, read_backbone};
use super::dialect::Dialect;
use super::error::WeightsError;
use super::format;
use super::matching::{self, ConvWeights};
use super::model::KerasModel;
use super::provenance::{BUILT_IN_ORIGIN, FILE_ORIGIN, Provenance, is_built_in};
use super::write::to_safetensors;
use crate::config::{Preparation, Preprocessing};
use crate::disk;
use crate::domain::vgg16::{Conv, VGG16};
use crate::domain::{ContentHash, safe_stem};

const UNKNOWN_TERMS: &str = "not recorded";

/// One file of the weights folder.
#[derive(Debug)]
pub struct WeightsFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes.
    pub len: u64,
    /// Where the weights come from, for people.
    pub origin: String,
    /// What is known of their terms.
    pub licence: String,
    /// How images are prepared for them: a value of `backbone.preprocessing`.
    pub preprocessing: String,
    /// Its SHA-256, or why it cannot be used.
    pub sha256: Result<ContentHash, WeightsError>,
}

/// Reads, checks and hashes every `.safetensors` file directly in `folder`, in the order of their names.
/// A folder that is not there holds none.
///
/// # Errors
/// [`WeightsError::Unreadable`] when the folder cannot be listed; what is wrong with one file stands in its entry.
pub fn list_weights(folder: &Path) -> Result<Vec<WeightsFile>, WeightsError> {
    Ok(weights_in(folder)?.into_iter().map(|path| listed(path, &VGG16)).collect())
}

pub(super) fn listed(path: PathBuf, plan: &[Conv]) -> WeightsFile {
    let weights = read_backbone(&path, plan);
    let provenance = weights.as_ref().ok().and_then(|weights| weights.provenance.as_ref());
    let of = |field: fn(&Provenance) -> &str, without: &str| provenance.map_or(without, field).to_owned();
    WeightsFile {
        len: path.metadata().map_or(0, |meta| meta.len()),
        origin: of(|known| &known.origin, if is_built_in(&path) { BUILT_IN_ORIGIN } else { FILE_ORIGIN }),
        licence: of(|known| &known.licence, UNKNOWN_TERMS),
        preprocessing: weights.as_ref().map_or_else(|_| String::new(), |weights| weights.input.to_string()),
        sha256: weights.map(|weights| weights.sha256),
        path,
    }
}

/// The `.safetensors` files directly in `folder`, sorted.
///
/// # Errors
/// [`WeightsError::Unreadable`] when the folder cannot be listed.
pub(crate) fn weights_in(folder: &Path) -> Result<Vec<PathBuf>, WeightsError> {
    let unreadable = |source| WeightsError::Unreadable { path: folder.to_owned(), source };
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
    paths.sort();
    Ok(paths)
}

/// The one weights file in `folder` that a user imported; `None` where there is none.
///
/// # Errors
/// [`WeightsError::SeveralWeights`], or a folder that cannot be listed.
pub fn imported_file(folder: &Path) -> Result<Option<PathBuf>, WeightsError> {
    let mut files = weights_in(folder)?;
    files.retain(|path| !is_built_in(path));
    if files.len() > 1 {
        let names: Vec<_> =
            files.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy()).collect();
        return Err(WeightsError::SeveralWeights { folder: folder.to_owned(), names: names.join(", ") });
    }
    Ok(files.pop())
}

/// The weights file with this SHA-256: one of `folder`, or `elsewhere`; or the import of that file, which holds the same
/// convolutions. Files of gradwatch's own have its beginning in their names, so that few are read. `None` where there is none
/// that can be read.
///
/// # Errors
/// [`WeightsError::Unreadable`] when the folder cannot be listed.
pub(crate) fn file_of(
    sha256: ContentHash,
    folder: &Path,
    elsewhere: Option<&Path>,
) -> Result<Option<PathBuf>, WeightsError> {
    let mut files = weights_in(folder)?;
    files.extend(elsewhere.map(Path::to_owned));
    let short = sha256.short();
    files.sort_by_key(|path| !path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(&short)));
    let is_it = |path: &&PathBuf| format::sha256_of(path).is_ok_and(|found| found == sha256);
    let source = sha256.to_string();
    let is_of =
        |provenance: Option<Provenance>| provenance.and_then(|known| known.source_sha256) == Some(source.clone());
    let is_import = |path: &&PathBuf| format::open(path).is_ok_and(|(file, _)| is_of(file.provenance));
    Ok(files.iter().find(is_it).or_else(|| files.iter().find(is_import)).cloned())
}

/// The file of `folder` whose name says that it has this SHA-256, and what is noted in it; its numbers are not looked at.
pub(crate) fn file_named(sha256: ContentHash, folder: &Path) -> Option<(PathBuf, Option<Provenance>)> {
    let end = format!("-{}", sha256.short());
    let is_it = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(&end));
    let path = weights_in(folder).ok()?.into_iter().find(is_it)?;
    let provenance = format::glance(&path).ok()?.provenance;
    Some((path, provenance))
}

/// Takes the convolutions out of a weights file of any known format and writes them into `folder` as features-only
/// safetensors (59 MB), with their origin, hash, preparation and licence note. The same file again gives the same name
/// and bytes.
///
/// # Errors
/// What is wrong with the file, or with the folder.
pub fn import_weights(file: &Path, folder: &Path, preprocessing: Preprocessing) -> Result<WeightsFile, WeightsError> {
    import(file, folder, preprocessing, &VGG16)
}

pub(super) fn import(
    file: &Path,
    folder: &Path,
    preprocessing: Preprocessing,
    plan: &[Conv],
) -> Result<WeightsFile, WeightsError> {
    let (tensors, sha256) = format::open(file)?;
    let convs = matching::convolutions(&tensors, plan, file)?;
    let input = preprocessing.fixed().unwrap_or_else(|| input_of(&tensors));
    // A file that was imported before keeps what was noted then.
    let noted = tensors.provenance.unwrap_or_else(|| Provenance::of_file(file, &sha256, tensors.dialect, input));
    let provenance = Provenance { preprocessing: input.to_string(), ..noted };
    match same_in(folder, plan, &convs, input)? {
        Some(path) => Ok(listed(path, plan)),
        None => store(folder, file, plan, &convs, &provenance),
    }
}

/// The imported file in `folder` that has the same convolutions with the same preparation, if there is one.
fn same_in(
    folder: &Path,
    plan: &[Conv],
    convs: &[ConvWeights],
    input: Preparation,
) -> Result<Option<PathBuf>, WeightsError> {
    let is_same =
        |path: &PathBuf| read_backbone(path, plan).is_ok_and(|there| there.input == input && there.convs == convs);
    Ok(weights_in(folder)?.into_iter().filter(|path| !is_built_in(path)).find(is_same))
}

/// The convolutions of a user's model in the folder: the file there that has the same ones with the same preparation, or a
/// new one.
///
/// # Errors
/// What is wrong with the folder.
pub(crate) fn store_model(folder: &Path, model: &KerasModel) -> Result<WeightsFile, WeightsError> {
    if let Some(path) = same_in(folder, &VGG16, &model.convs, model.input)? {
        return Ok(listed(path, &VGG16));
    }
    let provenance = Provenance::of_file(&model.file, &model.sha256, Dialect::Keras, model.input);
    store(folder, &model.file, &VGG16, &model.convs, &provenance)
}

/// Writes convolutions into `folder` under a name made of the name of `file` and of what is written.
fn store(
    folder: &Path,
    file: &Path,
    plan: &[Conv],
    convs: &[ConvWeights],
    provenance: &Provenance,
) -> Result<WeightsFile, WeightsError> {
    let bytes = to_safetensors(plan, convs, provenance)?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let stem = safe_stem(stem.trim_end_matches(".weights"));
    let path = folder.join(format!("{stem}-{}.safetensors", ContentHash::of(&bytes).short()));
    disk::write_atomic(&path, &bytes)?;
    Ok(listed(path, plan))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_content_in_the_folder_or_elsewhere() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let wanted = ContentHash::of(b"wanted");
        let find = |elsewhere: Option<&Path>| file_of(wanted, dir.path(), elsewhere).unwrap();
        let named = dir.path().join(format!("a-{}.safetensors", wanted.short()));
        std::fs::write(&named, b"damaged").unwrap();
        assert_eq!(find(None), None);
        let elsewhere = other.path().join("vgg16.pth");
        std::fs::write(&elsewhere, b"wanted").unwrap();
        assert_eq!(find(Some(&elsewhere)), Some(elsewhere.clone()));
        let renamed = dir.path().join("renamed.safetensors");
        std::fs::write(&renamed, b"wanted").unwrap();
        assert_eq!(find(None), Some(renamed));
        std::fs::write(&named, b"wanted").unwrap();
        assert_eq!(find(Some(&elsewhere)), Some(named));
        // The import of a file stands for it.
        let thin = crate::weights::tests::fixture("torchvision.safetensors");
        let imported = import(&thin, dir.path(), Preprocessing::Auto, &crate::weights::tests::thin_vgg16()).unwrap();
        let of_source = ContentHash::of(&std::fs::read(&thin).unwrap());
        assert_eq!(file_of(of_source, dir.path(), None).unwrap(), Some(imported.path));
    }

    #[test]
    fn auto_takes_the_one_imported_file_and_will_not_choose_among_several() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(imported_file(&dir.path().join("absent")).unwrap(), None);
        std::fs::write(dir.path().join("built-in-v1-seed1-01234567.safetensors"), b"").unwrap();
        assert_eq!(imported_file(dir.path()).unwrap(), None);
        std::fs::write(dir.path().join("b.safetensors"), b"").unwrap();
        assert_eq!(imported_file(dir.path()).unwrap(), Some(dir.path().join("b.safetensors")));
        std::fs::write(dir.path().join("a.safetensors"), b"").unwrap();
        let error = imported_file(dir.path()).unwrap_err().to_string();
        assert!(error.contains("(a.safetensors, b.safetensors); name one in backbone.weights"), "{error}");
    }
}
