//! The name under which a file is shown: its own, or a keyed hash of it where it may name a patient.
//!
//! What holds for a file is asked wherever it is named, also in the text of an error, so the policy is one for the process.
//! Until a key is given names are hashed with one that lives as long as the process.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, PoisonError, RwLock};

use super::site_key::SiteKey;
use crate::config::{Settings, ShownNames};
use crate::domain::{ContentHash, side_and_class};

static POLICY: LazyLock<RwLock<Policy>> = LazyLock::new(|| RwLock::new(Policy::of_process()));

/// Extensions of files that are no DICOM; receivers of DICOM give none, `.dcm`, or a part of a number.
const OTHER_FORMATS: [&str; 24] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "webp", "bmp", "gif", "heic", "avif", "svg", "csv", "txt",
    "md", "json", "xml", "html", "pdf", "zip", "toml", "log", "npy",
];

/// What a dataset's list of groups is called.
const GROUP_LIST: &str = "groups.csv";

/// Hexadecimal digits of a hidden name.
const DIGITS: usize = 12;

/// Hexadecimal digits of the name of what is made of a file whose name is hidden.
const STEM_DIGITS: usize = 16;

struct Policy {
    names: ShownNames,
    key: SiteKey,
    inbox: PathBuf,
    /// The state folder, once it is known. What lies there has names that the program gave.
    state: Option<PathBuf>,
    /// The folder that relative paths start at, if it is not the inbox.
    base: Option<PathBuf>,
    /// Whether `base` is the folder of a dataset, so that its first folders are classes.
    is_dataset: bool,
    /// Files whose content is DICOM although their name does not say so.
    hidden: HashSet<PathBuf>,
}

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
    change(|policy| policy.key = key);
}

/// Its content is DICOM, so that its name is not shown unless names are configured to be. `path` is absolute, or relative
/// to the inbox or the folder in use.
pub fn hide(path: impl AsRef<Path>) {
    let path = path.as_ref();
    if shows(path) {
        change(|policy| {
            let path = policy.absolute(path);
            policy.hidden.insert(path);
        });
    }
}

/// Whether a file has its own name where it is shown. `path` is absolute, or relative to the inbox or the folder in use.
pub fn shows(path: impl AsRef<Path>) -> bool {
    read(|policy| policy.shows(path.as_ref()))
}

/// What to call a file: its path, or the folders that name its dataset and class and a keyed hash, such as
/// `scans/chest/file-0123456789ab`. `path` is absolute, or relative to the inbox or the folder in use.
pub fn shown(path: impl AsRef<Path>) -> String {
    read(|policy| policy.shown(path.as_ref()))
}

/// What a file is called where its name is hidden, whether it is or not: no folders, and no name that tells anything.
pub fn hidden_name(path: impl AsRef<Path>) -> String {
    read(|policy| policy.hidden_name(&policy.absolute(path.as_ref())))
}

/// The same without folders.
pub fn shown_name(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    match path.file_name().filter(|_| shows(path)) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => shown(path).rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// The same for what is called `name` in `folder`: without that folder.
pub fn shown_in(folder: &Path, name: &str) -> String {
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
        format!("group-{}", &policy.key.pseudonym("group", group.as_bytes())[..DIGITS])
    })
}

fn change(change: impl FnOnce(&mut Policy)) {
    change(&mut POLICY.write().unwrap_or_else(PoisonError::into_inner));
}

fn read<T>(read: impl FnOnce(&Policy) -> T) -> T {
    read(&POLICY.read().unwrap_or_else(PoisonError::into_inner))
}

impl Policy {
    /// A key that nobody can guess: the standard library seeds its maps with random bytes of the system.
    fn of_process() -> Self {
        let random = RandomState::new();
        let mut key = [0; 32];
        for (part, number) in key.as_chunks_mut::<8>().0.iter_mut().zip(0_u8..) {
            *part = random.hash_one(number).to_le_bytes();
        }
        let (key, inbox, hidden) = (SiteKey::new(key), PathBuf::new(), HashSet::new());
        Self { names: ShownNames::Auto, key, inbox, state: None, base: None, is_dataset: false, hidden }
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.base.as_ref().unwrap_or(&self.inbox).join(path)
    }

    fn shows(&self, path: &Path) -> bool {
        let is_list = path.file_name().is_some_and(|name| name == GROUP_LIST);
        let is_own = self.state.as_ref().is_some_and(|state| path.starts_with(state));
        let is_named = match self.names {
            ShownNames::All => true,
            ShownNames::None => false,
            ShownNames::Auto => {
                is_of_other_format(path) && (self.hidden.is_empty() || !self.hidden.contains(&self.absolute(path)))
            }
        };
        is_list || is_own || is_named
    }

    fn shown(&self, path: &Path) -> String {
        let absolute = self.absolute(path);
        let (parts, is_folder) = (self.parts(&absolute), absolute.is_dir());
        let n_role = parts.as_deref().map_or(0, n_role_folders);
        let n_parts = parts.as_ref().map_or(usize::MAX, Vec::len);
        if self.shows(path) || is_folder && n_parts <= n_role {
            return path.display().to_string();
        }
        let folders = parts.unwrap_or_default().into_iter().take(n_role.min(n_parts.saturating_sub(1)));
        let folders: String = folders.filter(|part| !part.is_empty()).map(|folder| folder + "/").collect();
        format!("{folders}{}", self.hidden_name(&absolute))
    }

    fn hidden_name(&self, absolute: &Path) -> String {
        let hash = self.key.pseudonym("name", absolute.as_os_str().as_encoded_bytes());
        format!("{}-{}", if absolute.is_dir() { "folder" } else { "file" }, &hash[..DIGITS])
    }

    /// The parts of a path below the inbox, or below the dataset in use, which counts as if it lay in an inbox.
    fn parts(&self, absolute: &Path) -> Option<Vec<String>> {
        let dataset = self.base.as_ref().filter(|_| self.is_dataset);
        let (below, before) = match dataset.and_then(|dataset| absolute.strip_prefix(dataset).ok()) {
            Some(below) => (below, vec![String::new(); 2]),
            None => (absolute.strip_prefix(&self.inbox).ok()?, Vec::new()),
        };
        let parts = below.iter().map(|part| part.to_string_lossy().into_owned());
        Some(before.into_iter().chain(parts).collect())
    }
}

/// Whether a file with this name is no DICOM, so far as a name tells.
fn is_of_other_format(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    OTHER_FORMATS.contains(&extension.as_str())
}

/// How many of the first parts of a path in the inbox say what its files are for; those below may be patients' names.
fn n_role_folders(parts: &[String]) -> usize {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["scans", ..] => 2,
        ["datasets" | "", _, side, class, ..] if is_side(side, class) => 4,
        ["datasets" | "", ..] => 3,
        _ => 0,
    }
}

fn is_side(folder: &str, below: &str) -> bool {
    side_and_class(&[folder, below]).is_some_and(|(side, _)| side.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(names: ShownNames) -> Policy {
        Policy { names, key: SiteKey::new([7; 32]), inbox: "/in".into(), ..Policy::of_process() }
    }

    #[test]
    fn by_default_names_that_may_be_those_of_dicom_are_hidden() {
        let policy = policy(ShownNames::Auto);
        for shown in ["scans/DOE.png", "datasets/d/covid/DOE.JPG", "/elsewhere/DOE.tif", "datasets/d/groups.csv"] {
            assert_eq!(policy.shown(Path::new(shown)), shown);
        }
        for (path, folders) in [
            ("scans/DOE.dcm", "scans/"),
            ("scans/chest/DOE", "scans/chest/"),
            ("scans/chest/DOE/CT.1.2.840", "scans/chest/"),
            ("datasets/d/covid/DOE/1.dcm", "datasets/d/covid/"),
            ("datasets/d/train/covid/DOE/1.dcm", "datasets/d/train/covid/"),
            ("datasets/d/1.dcm", "datasets/d/"),
            ("datasets/DOE.dcm", "datasets/"),
            ("DOE/DOE.dcm", ""),
            ("/elsewhere/DOE/DOE.dcm", ""),
        ] {
            let shown = policy.shown(Path::new(path));
            assert!(shown.starts_with(&format!("{folders}file-")) && !shown.contains("DOE"), "{shown}");
            assert_eq!(shown.len(), folders.len() + "file-".len() + DIGITS);
        }
    }

    #[test]
    fn a_file_has_one_hidden_name_and_others_have_others() {
        let mut policy = policy(ShownNames::None);
        let of_inbox = policy.shown(Path::new("scans/DOE.png"));
        assert_eq!(policy.shown(Path::new("/in/scans/DOE.png")), of_inbox);
        assert_ne!(policy.shown(Path::new("scans/ROE.png")), of_inbox);
        policy.key = SiteKey::new([8; 32]);
        assert_ne!(policy.shown(Path::new("scans/DOE.png")), of_inbox);
        policy.names = ShownNames::All;
        assert_eq!(policy.shown(Path::new("scans/DOE.dcm")), "scans/DOE.dcm");
    }

    #[test]
    fn a_folder_that_says_what_files_are_for_is_named_and_one_below_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = dir.path().to_owned();
        std::fs::create_dir_all(inbox.join("datasets/d/covid/DOE")).unwrap();
        let mut policy = Policy { inbox: inbox.clone(), ..policy(ShownNames::Auto) };
        assert_eq!(policy.shown(Path::new("datasets/d/covid")), "datasets/d/covid");
        assert!(policy.shown(Path::new("datasets/d/covid/DOE")).starts_with("datasets/d/covid/folder-"));
        let of_inbox = policy.shown(Path::new("datasets/d/covid/DOE/1.dcm"));
        (policy.base, policy.is_dataset) = (Some(inbox.join("datasets/d")), true);
        let of_dataset = policy.shown(Path::new("covid/DOE/1.dcm"));
        assert_eq!(format!("datasets/d/{of_dataset}"), of_inbox);
        policy.state = Some(inbox.join("state"));
        assert!(policy.shows(&inbox.join("state/x")) && !policy.shows(&inbox.join("x")));
    }

    #[test]
    fn dicom_under_another_name_is_hidden_too() {
        let mut policy = policy(ShownNames::Auto);
        policy.hidden.insert("/in/scans/DOE.png".into());
        assert!(!policy.shows(Path::new("scans/DOE.png")) && policy.shows(Path::new("scans/ROE.png")));
    }
}
