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
use crate::config::ShownNames;
use crate::domain::side_and_class;

static POLICY: LazyLock<RwLock<Policy>> = LazyLock::new(|| RwLock::new(Policy::of_process()));

/// Extensions of files that are no DICOM; receivers of DICOM give none, `.dcm`, or a part of a number.
const OTHER_FORMATS: [&str; 24] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "webp", "bmp", "gif", "heic", "avif", "svg", "csv", "txt",
    "md", "json", "xml", "html", "pdf", "zip", "toml", "log", "npy",
];

/// Hexadecimal digits of a hidden name.
const DIGITS: usize = 12;

struct Policy {
    names: ShownNames,
    key: SiteKey,
    inbox: PathBuf,
    /// Files whose content is DICOM although their name does not say so.
    hidden: HashSet<PathBuf>,
}

/// What holds from now on for the names of files; `inbox` is absolute.
pub fn use_names(names: ShownNames, inbox: &Path) {
    change(|policy| {
        policy.names = names;
        inbox.clone_into(&mut policy.inbox);
    });
}

/// The key of the state folder: from now on a file has the same hidden name in all programs that use the folder.
pub fn use_key(key: SiteKey) {
    change(|policy| policy.key = key);
}

/// Its content is DICOM, so that its name is not shown unless names are configured to be. `path` is absolute, or relative
/// to the inbox.
pub fn hide(path: impl AsRef<Path>) {
    let path = path.as_ref();
    if shows(path) {
        change(|policy| {
            let path = policy.inbox.join(path);
            policy.hidden.insert(path);
        });
    }
}

/// Whether a file has its own name where it is shown. `path` is absolute, or relative to the inbox.
pub fn shows(path: impl AsRef<Path>) -> bool {
    read(|policy| policy.shows(path.as_ref()))
}

/// What to call a file: its path, or the folders that name its dataset and class and a keyed hash, such as
/// `scans/chest/file-0123456789ab`. `path` is absolute, or relative to the inbox.
pub fn shown(path: impl AsRef<Path>) -> String {
    read(|policy| policy.shown(path.as_ref()))
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
        Self { names: ShownNames::Auto, key: SiteKey::new(key), inbox: PathBuf::new(), hidden: HashSet::new() }
    }

    fn shows(&self, path: &Path) -> bool {
        match self.names {
            ShownNames::All => true,
            ShownNames::None => false,
            ShownNames::Auto => {
                let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
                let is_other = OTHER_FORMATS.contains(&extension.as_str());
                is_other && (self.hidden.is_empty() || !self.hidden.contains(&self.inbox.join(path)))
            }
        }
    }

    fn shown(&self, path: &Path) -> String {
        if self.shows(path) {
            return path.display().to_string();
        }
        let absolute = self.inbox.join(path);
        let hash = self.key.pseudonym("name", absolute.as_os_str().as_encoded_bytes());
        let folders = absolute.strip_prefix(&self.inbox).map(role_folders).unwrap_or_default();
        format!("{folders}file-{}", &hash[..DIGITS])
    }
}

/// The folders of a path in the inbox that say what its files are for, each with a slash behind it; those below may be
/// patients' names.
fn role_folders(relative: &Path) -> String {
    let parts: Vec<&str> = relative.iter().filter_map(std::ffi::OsStr::to_str).collect();
    let Some((_, folders)) = parts.split_last() else { return String::new() };
    let n_kept = match folders {
        ["scans", ..] => 2,
        ["datasets", _, below @ ..] => match side_and_class(below) {
            Some((Some(_), _)) => 4,
            _ => 3,
        },
        ["datasets"] => 1,
        _ => 0,
    };
    folders.iter().take(n_kept).flat_map(|folder| [folder, "/"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(names: ShownNames) -> Policy {
        Policy { names, key: SiteKey::new([7; 32]), inbox: "/in".into(), hidden: HashSet::new() }
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
    fn dicom_under_another_name_is_hidden_too() {
        let mut policy = policy(ShownNames::Auto);
        policy.hidden.insert("/in/scans/DOE.png".into());
        assert!(!policy.shows(Path::new("scans/DOE.png")) && policy.shows(Path::new("scans/ROE.png")));
    }
}
