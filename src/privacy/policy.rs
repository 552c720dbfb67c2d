//! What holds for the names of files: which are shown, and what the others are called. No file is looked at for it, because
//! names are asked for in every log message, also while a share hangs.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashSet};
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::key_file::site_key;
use super::site_key::SiteKey;
use crate::config::{ShownNames, plain_path};
use crate::disk::Workspace;
use crate::domain::side_and_class;

/// Extensions of files that are no DICOM; receivers of DICOM give none, `.dcm`, or a part of a number.
const OTHER_FORMATS: [&str; 24] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "webp", "bmp", "gif", "heic", "avif", "svg", "csv", "txt",
    "md", "json", "xml", "html", "pdf", "zip", "toml", "log", "npy",
];

/// What a dataset's list of groups is called.
const GROUP_LIST: &str = "groups.csv";

/// Hexadecimal digits of a hidden name.
pub(super) const DIGITS: usize = 12;

/// What a path leads to, as far as its name depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    File,
    /// Those that say what files are for are shown.
    Folder,
}

/// One for the process.
pub(super) struct Policy {
    pub(super) names: ShownNames,
    pub(super) key: OnceLock<SiteKey>,
    /// Where the key is made when the first name is hidden; without it, that key is one of the process.
    pub(super) makes_key_in: Option<Workspace>,
    pub(super) inbox: PathBuf,
    /// The state folder, once it is known. What lies there has names that the program gave.
    pub(super) state: Option<PathBuf>,
    /// The folder that relative paths start at, if it is not the inbox.
    pub(super) base: Option<PathBuf>,
    /// Whether `base` is the folder of a dataset, so that its first folders are classes.
    pub(super) is_dataset: bool,
    /// Datasets that there are: a folder of this name in `scans` is no patient's.
    pub(super) datasets: BTreeSet<String>,
    /// Files whose content is DICOM although their name does not say so.
    pub(super) hidden: HashSet<PathBuf>,
}

impl Policy {
    pub(super) fn of_process() -> Self {
        Self {
            names: ShownNames::Auto,
            key: OnceLock::new(),
            makes_key_in: None,
            inbox: PathBuf::new(),
            state: None,
            base: None,
            is_dataset: false,
            datasets: BTreeSet::new(),
            hidden: HashSet::new(),
        }
    }

    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        plain_path(&self.base.as_ref().unwrap_or(&self.inbox).join(path))
    }

    pub(super) fn shows(&self, path: &Path) -> bool {
        let is_list = path.file_name().is_some_and(|name| name == GROUP_LIST);
        let is_own = || self.state.as_ref().is_some_and(|state| self.absolute(path).starts_with(state));
        let is_named = match self.names {
            ShownNames::All => true,
            ShownNames::None => false,
            ShownNames::Auto => is_of_other_format(path) && !self.is_hidden(path),
        };
        is_list || is_named || is_own()
    }

    pub(super) fn is_hidden(&self, path: &Path) -> bool {
        !self.hidden.is_empty() && self.hidden.contains(&self.absolute(path))
    }

    pub(super) fn shown(&self, path: &Path, named: Named) -> String {
        if self.shows(path) {
            return path.display().to_string();
        }
        let absolute = self.absolute(path);
        let Some(parts) = self.parts(&absolute) else { return self.hidden_name(&absolute, named) };
        let n_role = self.n_role_folders(&parts);
        if named == Named::Folder && parts.len() <= n_role {
            return path.display().to_string();
        }
        let n_shown = n_role.min(parts.len().saturating_sub(1));
        let folders = parts.into_iter().take(n_shown).filter(|part| !part.is_empty());
        let folders: String = folders.map(|folder| folder + "/").collect();
        format!("{folders}{}", self.hidden_name(&absolute, named))
    }

    /// Of the path below the inbox, so that a name stays when the inbox is moved; elsewhere of the whole path.
    pub(super) fn hidden_name(&self, absolute: &Path, named: Named) -> String {
        let kind = if named == Named::Folder { "folder" } else { "file" };
        let path = absolute.strip_prefix(&self.inbox).unwrap_or(absolute);
        format!("{kind}-{}", self.digits("name", path.as_os_str().as_encoded_bytes()))
    }

    /// The digits of a hidden name.
    pub(super) fn digits(&self, purpose: &str, value: &[u8]) -> String {
        let mut digits = self.key.get_or_init(|| self.new_key()).pseudonym(purpose, value);
        digits.truncate(DIGITS);
        digits
    }

    /// Of the state folder; where it cannot be written, one that nobody can guess and that ends with the process.
    fn new_key(&self) -> SiteKey {
        let kept = self.makes_key_in.as_ref().and_then(|workspace| site_key(workspace).ok());
        kept.unwrap_or_else(key_of_process)
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

    /// How many of the first parts of a path in the inbox say what its files are for; those below may be patients' names.
    fn n_role_folders(&self, parts: &[String]) -> usize {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["scans", dataset, ..] if self.datasets.contains(*dataset) => 2,
            ["scans", ..] => 1,
            ["datasets" | "", _, side, class, ..] if is_side(side, class) => 4,
            ["datasets" | "", ..] => 3,
            _ => 0,
        }
    }
}

/// The standard library seeds its maps with random bytes of the system.
fn key_of_process() -> SiteKey {
    let random = RandomState::new();
    let mut key = [0; 32];
    for (part, number) in key.as_chunks_mut::<8>().0.iter_mut().zip(0_u8..) {
        *part = random.hash_one(number).to_le_bytes();
    }
    SiteKey::new(key)
}

/// Whether a file with this name is no DICOM, so far as a name tells.
fn is_of_other_format(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    OTHER_FORMATS.contains(&extension.as_str())
}

fn is_side(folder: &str, below: &str) -> bool {
    side_and_class(&[folder, below]).is_some_and(|(side, _)| side.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(names: ShownNames) -> Policy {
        let datasets = BTreeSet::from(["chest".to_owned()]);
        let key = OnceLock::from(SiteKey::new([7; 32]));
        Policy { names, key, inbox: "/in".into(), datasets, ..Policy::of_process() }
    }

    fn file(policy: &Policy, path: &str) -> String {
        policy.shown(Path::new(path), Named::File)
    }

    #[test]
    fn by_default_names_that_may_be_those_of_dicom_are_hidden() {
        let policy = policy(ShownNames::Auto);
        for shown in ["scans/DOE.png", "datasets/d/covid/DOE.JPG", "/elsewhere/DOE.tif", "datasets/d/groups.csv"] {
            assert_eq!(file(&policy, shown), shown);
        }
        for (path, folders) in [
            ("scans/DOE.dcm", "scans/"),
            ("scans/DOE", "scans/"),
            ("scans/DOE/1.dcm", "scans/"),
            ("scans/chest/DOE", "scans/chest/"),
            ("scans/chest/DOE/CT.1.2.840", "scans/chest/"),
            ("datasets/d/covid/DOE/1.dcm", "datasets/d/covid/"),
            ("datasets/d/train/covid/DOE/1.dcm", "datasets/d/train/covid/"),
            ("datasets/d/1.dcm", "datasets/d/"),
            ("datasets/DOE.dcm", "datasets/"),
            ("DOE/DOE.dcm", ""),
            ("/elsewhere/DOE/DOE.dcm", ""),
        ] {
            let shown = file(&policy, path);
            assert!(shown.starts_with(&format!("{folders}file-")) && !shown.contains("DOE"), "{shown}");
            assert_eq!(shown.len(), folders.len() + "file-".len() + DIGITS);
        }
    }

    #[test]
    fn a_file_has_one_hidden_name_and_others_have_others() {
        let mut policy = policy(ShownNames::None);
        let of_inbox = file(&policy, "scans/DOE.png");
        for same in ["/in/scans/DOE.png", "./scans/DOE.png", "datasets/.././scans//DOE.png"] {
            assert_eq!(file(&policy, same), of_inbox);
        }
        assert_ne!(file(&policy, "scans/ROE.png"), of_inbox);
        policy.key = OnceLock::from(SiteKey::new([8; 32]));
        assert_ne!(file(&policy, "scans/DOE.png"), of_inbox);
        policy.names = ShownNames::All;
        assert_eq!(file(&policy, "scans/DOE.dcm"), "scans/DOE.dcm");
    }

    #[test]
    fn a_folder_that_says_what_files_are_for_is_named_and_one_below_is_not() {
        let mut policy = policy(ShownNames::Auto);
        let folder = |policy: &Policy, path: &str| policy.shown(Path::new(path), Named::Folder);
        for role in ["datasets/d/covid", "/in/datasets", "scans", "scans/chest"] {
            assert_eq!(folder(&policy, role), role);
        }
        assert!(folder(&policy, "datasets/d/covid/DOE").starts_with("datasets/d/covid/folder-"));
        assert!(folder(&policy, "scans/DOE").starts_with("scans/folder-"));
        let of_inbox = file(&policy, "datasets/d/covid/DOE/1.dcm");
        (policy.base, policy.is_dataset) = (Some("/in/datasets/d".into()), true);
        assert_eq!(format!("datasets/d/{}", file(&policy, "covid/DOE/1.dcm")), of_inbox);
        policy.state = Some("/in/state".into());
        assert!(policy.shows(Path::new("/in/state/x")) && !policy.shows(Path::new("/in/x")));
    }

    #[test]
    fn dicom_under_another_name_is_hidden_too() {
        let mut policy = policy(ShownNames::Auto);
        policy.hidden.insert("/in/scans/DOE.png".into());
        assert!(!policy.shows(Path::new("./scans/DOE.png")) && policy.shows(Path::new("scans/ROE.png")));
    }

    #[test]
    fn the_key_is_made_in_the_state_folder_once_a_name_is_hidden() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path().join("state"));
        let policy = || Policy { makes_key_in: Some(workspace.clone()), ..Policy::of_process() };
        let first = policy();
        assert_eq!(file(&first, "a.png"), "a.png");
        assert!(!workspace.root().exists());
        assert_eq!(file(&first, "a.dcm"), file(&policy(), "a.dcm"));
    }
}
