//! The name under which a file is shown: its own, or a keyed hash of it where it may name a patient.
//!
//! What holds for a file is asked wherever it is named, also in the text of an error, so the policy is one for the process.
//! Until a key is given names are hashed with one that lives as long as the process.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};

use super::policy::{DIGITS, Named, Policy};
use super::site_key::SiteKey;
use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ContentHash, DatasetName};

static POLICY: LazyLock<RwLock<Policy>> = LazyLock::new(|| RwLock::new(Policy::of_process()));

/// Hexadecimal digits of the name of what is made of a file whose name is hidden.
const STEM_DIGITS: usize = 16;

/// What holds from now on for the names of files, as the settings have it.
pub fn use_names(settings: &Settings) {
    change(|policy| {
        policy.names = settings.privacy.names;
        settings.watch.inbox.clone_into(&mut policy.inbox);
        policy.state = Some(settings.state_dir.clone());
    });
}

/// Relative paths start at `folder` from now on, not at the inbox.
pub fn use_folder(folder: &Path) {
    change(|policy| policy.base = Some(folder.to_owned()));
}

/// The same for the folder of a dataset: its folders of sides and classes are named as they are.
pub fn use_dataset(folder: &Path) {
    change(|policy| (policy.base, policy.is_dataset) = (Some(folder.to_owned()), true));
}

/// The key of the state folder: from now on a file has the same hidden name in all programs that use the folder.
pub fn use_key(key: SiteKey) {
    change(|policy| policy.key = OnceLock::from(key));
}

/// The key of the state folder is made there when a name is hidden for the first time.
pub fn make_key_in(workspace: &Workspace) {
    change(|policy| policy.makes_key_in = Some(workspace.clone()));
}

/// There are these datasets: folders in `scans` that are called like them are shown. Other folders there may be patients'.
pub fn know_datasets<'n>(names: impl IntoIterator<Item = &'n DatasetName>) {
    for name in names {
        if !read(|policy| policy.datasets.contains(name.as_str())) {
            change(|policy| {
                policy.datasets.insert(name.as_str().to_owned());
            });
        }
    }
}

/// Its content is DICOM, so that its name is not shown unless names are configured to be. `path` is absolute, or relative
/// to the inbox or the folder in use.
pub fn hide(path: impl AsRef<Path>) {
    let path = path.as_ref();
    if !is_dicom_under(path) {
        change(|policy| {
            let path = policy.absolute(path);
            policy.hidden.insert(path);
        });
    }
}

/// Whether the content of a file is known to be DICOM.
pub fn is_dicom_under(path: impl AsRef<Path>) -> bool {
    read(|policy| policy.is_hidden(path.as_ref()))
}

/// Whether a file has its own name where it is shown. `path` is absolute, or relative to the inbox or the folder in use.
pub fn shows(path: impl AsRef<Path>) -> bool {
    read(|policy| policy.shows(path.as_ref()))
}

/// What to call a file: its path, or the folders that name its dataset and class and a keyed hash, such as
/// `scans/chest/file-0123456789ab`. `path` is absolute, or relative to the inbox or the folder in use.
pub fn shown(path: impl AsRef<Path>) -> String {
    read(|policy| policy.shown(path.as_ref(), Named::File))
}

/// What to call a folder: as a file, but a folder that names a dataset, a side or a class is named as it is.
pub fn shown_folder(path: impl AsRef<Path>) -> String {
    read(|policy| policy.shown(path.as_ref(), Named::Folder))
}

/// What to call a folder of the inbox, in the inbox: `folder` is its path there. The inbox itself (`""`) and a folder above it,
/// which is given by its whole path, are in the configuration, and named as they are.
pub fn shown_in_inbox(inbox: &Path, folder: &str) -> PathBuf {
    match folder {
        "" => inbox.to_owned(),
        above if above.starts_with('/') => PathBuf::from(above),
        below => inbox.join(shown_folder(below)),
    }
}

/// What to call what cannot be looked at: a folder, unless it has an extension as files have.
pub fn shown_unseen(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    if path.extension().is_some() { shown(path) } else { shown_folder(path) }
}

/// What to call the dataset that the path of a scan names: its name, if its path is shown or there is such a dataset.
pub fn shown_dataset(path: impl AsRef<Path>, dataset: &DatasetName) -> String {
    let path = path.as_ref();
    if shows(path) {
        return dataset.to_string();
    }
    let folder = shown_folder(Path::new("scans").join(dataset.as_str()));
    folder.trim_start_matches("scans/").to_owned()
}

/// What a file is called where its name is hidden, whether it is or not: no folders, and no name that tells anything.
pub fn hidden_name(path: impl AsRef<Path>) -> String {
    read(|policy| policy.hidden_name(&policy.absolute(path.as_ref()), Named::File))
}

/// The digits of a hidden name, as it is shown, with or without folders before it; `None` of any other text.
pub fn hidden_digits(name: &str) -> Option<&str> {
    let last = name.rsplit('/').next()?;
    let digits = ["file-", "folder-"].into_iter().find_map(|kind| last.strip_prefix(kind))?;
    (digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(digits)
}

/// The same without folders.
pub fn shown_name(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    match path.file_name().filter(|_| shows(path)) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => shown(path).rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// What to call the file `name` in `folder`: without that folder.
pub fn shown_in(folder: &Path, name: &str) -> String {
    without(folder, name, |path| shown(path))
}

/// The same for what cannot be looked at.
pub fn shown_unseen_in(folder: &Path, name: &str) -> String {
    without(folder, name, |path| shown_unseen(path))
}

fn without(folder: &Path, name: &str, shown: impl Fn(&Path) -> String) -> String {
    let path = folder.join(name);
    let whole = shown(&path);
    if whole == path.display().to_string() {
        return name.to_owned();
    }
    let before = format!("{}/", folder.display().to_string().trim_end_matches('/'));
    whole.strip_prefix(&before).unwrap_or(&whole).to_owned()
}

/// The first part of the names of what is made of a file: the file's name without extension, or where that is hidden 16
/// digits of its content's hash.
pub fn shown_stem(path: impl AsRef<Path>, hash: &ContentHash) -> String {
    let path = path.as_ref();
    match path.file_stem().filter(|_| shows(path)) {
        Some(stem) => stem.to_string_lossy().into_owned(),
        None => hash.to_string()[..STEM_DIGITS].to_owned(),
    }
}

/// What to call the group of a file, which may be a patient's name as well: the group itself, if it is a keyed hash already, or a
/// keyed hash of it.
pub fn shown_group(path: impl AsRef<Path>, group: &str) -> String {
    let is_hashed = ["patient-", "study-"].iter().filter_map(|of| group.strip_prefix(of)).any(SiteKey::is_pseudonym);
    read(|policy| {
        if is_hashed || policy.shows(path.as_ref()) {
            return group.to_owned();
        }
        format!("group-{}", policy.digits("group", group.as_bytes()))
    })
}

fn change(change: impl FnOnce(&mut Policy)) {
    change(&mut POLICY.write().unwrap_or_else(PoisonError::into_inner));
}

fn read<T>(read: impl FnOnce(&Policy) -> T) -> T {
    read(&POLICY.read().unwrap_or_else(PoisonError::into_inner))
}
