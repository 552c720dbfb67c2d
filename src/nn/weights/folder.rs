//! The weights folder: files that were imported, and the built-in backbone once it is made.

use std::io;
use std::path::{Path, PathBuf};

use super::super::{NnError, builtin};
use super::contents::Dialect;
use super::{Layer, Remark, input_of, matching, open, read, to_safetensors};
use crate::config::{Preparation, Preprocessing};
use crate::disk;
use crate::domain::vgg16::{Conv, VGG16};
use crate::domain::{ContentHash, safe_stem};

/// `origin` of weights that are not the built-in ones.
pub(in crate::nn) const FILE_ORIGIN: &str = "file";
const UNKNOWN_TERMS: &str = "not recorded";
/// SHA-256 prefixes of torchvision's published files, which carry them in their names.
const PUBLISHED: [(&str, &str); 2] =
    [("397923af", "torchvision's VGG16, IMAGENET1K_V1"), ("88682ab5", "torchvision's VGG16, IMAGENET1K_FEATURES")];

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
    /// How pictures are prepared for them: a value of `backbone.preprocessing`.
    pub preprocessing: String,
    /// Its SHA-256, or why it cannot be used.
    pub sha256: Result<ContentHash, NnError>,
}

/// Reads, checks and hashes every `.safetensors` file directly in `folder`, in the order of their names.
/// A folder that is not there holds none.
///
/// # Errors
/// [`NnError::Unreadable`] when the folder cannot be listed; what is wrong with one file stands in its entry.
pub fn list_weights(folder: &Path) -> Result<Vec<WeightsFile>, NnError> {
    Ok(weights_in(folder)?.into_iter().map(|path| listed(path, &VGG16)).collect())
}

pub(super) fn listed(path: PathBuf, plan: &[Conv]) -> WeightsFile {
    let weights = read(&path, plan);
    let remark = weights.as_ref().ok().and_then(|weights| weights.remark.clone());
    let of = |field: fn(&Remark) -> &str, without: &str| remark.as_ref().map_or(without, field).to_owned();
    WeightsFile {
        len: path.metadata().map_or(0, |meta| meta.len()),
        origin: of(|remark| &remark.origin, if builtin::is_built_in(&path) { builtin::ORIGIN } else { FILE_ORIGIN }),
        licence: of(|remark| &remark.licence, UNKNOWN_TERMS),
        preprocessing: weights.as_ref().map_or_else(|_| String::new(), |weights| weights.input.to_string()),
        sha256: weights.map(|weights| weights.sha256),
        path,
    }
}

/// The `.safetensors` files directly in `folder`, sorted.
pub(in crate::nn) fn weights_in(folder: &Path) -> Result<Vec<PathBuf>, NnError> {
    let unreadable = |source| NnError::Unreadable { path: folder.to_owned(), source };
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

/// Takes the convolutions out of a weights file of any known format and writes them into `folder` as features-only
/// safetensors (59 MB), with their origin, hash, preparation and licence note. The same file again gives the same name
/// and bytes.
///
/// # Errors
/// What is wrong with the file, or with the folder.
pub fn import_weights(file: &Path, folder: &Path, preprocessing: Preprocessing) -> Result<WeightsFile, NnError> {
    import(file, folder, preprocessing, &VGG16)
}

pub(super) fn import(
    file: &Path,
    folder: &Path,
    preprocessing: Preprocessing,
    plan: &[Conv],
) -> Result<WeightsFile, NnError> {
    let (contents, sha256) = open(file)?;
    let layers = matching::layers(&contents, plan, file)?;
    let input = preprocessing.fixed().unwrap_or_else(|| input_of(&contents));
    let noted = contents.remark.clone();
    let remark = Remark {
        preprocessing: input.to_string(),
        ..noted.unwrap_or_else(|| remark_on(file, &sha256, contents.dialect))
    };
    store(folder, &file.file_stem().unwrap_or_default().to_string_lossy(), plan, &layers, &remark)
}

/// Writes layers into `folder` under a name made of `stem` and what is in the file.
fn store(folder: &Path, stem: &str, plan: &[Conv], layers: &[Layer], remark: &Remark) -> Result<WeightsFile, NnError> {
    let bytes = to_safetensors(plan, layers, remark)?;
    let stem = safe_stem(stem.trim_end_matches(".weights"));
    let path = folder.join(format!("{stem}-{}.safetensors", ContentHash::of(&bytes).short()));
    disk::write_atomic(&path, &bytes)?;
    Ok(listed(path, plan))
}

/// The convolutions of a user's model, in the folder: the file that has the same ones with the same preparation, or a new
/// one.
pub(super) fn place(
    folder: &Path,
    file: &Path,
    source: &ContentHash,
    input: Preparation,
    layers: &[Layer],
) -> Result<WeightsFile, NnError> {
    for path in weights_in(folder)?.into_iter().filter(|path| !builtin::is_built_in(path)) {
        if read(&path, &VGG16).is_ok_and(|there| there.input == input && there.layers == layers) {
            return Ok(listed(path, &VGG16));
        }
    }
    let remark = Remark { preprocessing: input.to_string(), ..remark_on(file, source, Dialect::Keras) };
    store(folder, &file.file_stem().unwrap_or_default().to_string_lossy(), &VGG16, layers, &remark)
}

fn remark_on(file: &Path, sha256: &ContentHash, dialect: Dialect) -> Remark {
    let hash = sha256.to_string();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let published = PUBLISHED.iter().find(|(prefix, _)| hash.starts_with(prefix)).map(|(_, name)| *name);
    let library = match dialect {
        Dialect::Torch => "PyTorch",
        Dialect::Keras => "Keras",
    };
    let origin = published.map_or_else(|| format!("{name}, a {library} file"), |known| format!("{name}, {known}"));
    Remark { origin, source_sha256: Some(hash), preprocessing: String::new(), licence: licence(dialect).to_owned() }
}

fn licence(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Torch => {
            "torchvision's weights: BSD-3-Clause, and the terms of ImageNet may apply; other authors' files have their own"
        }
        Dialect::Keras => {
            "Keras' own VGG16 weights: CC BY 4.0 (Visual Geometry Group, Oxford); other authors' files have their own terms"
        }
    }
}
