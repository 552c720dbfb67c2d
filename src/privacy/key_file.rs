//! The key in the state folder: made when it is first needed, and the same for all programs that use the folder.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::site_key::SiteKey;
use crate::disk::{self, DiskError, Workspace};

/// The key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or made.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// It cannot be read.
    #[error("cannot read `{}`: {source}; give the user that runs gradwatch access to it", path.display())]
    Unreadable {
        /// The key's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was changed.
    #[error(
        "`{}` is damaged: restore it from a backup, or remove it: a new key is then made, and all DICOM files are read again",
        path.display()
    )]
    Damaged {
        /// The key's file.
        path: PathBuf,
    },
}

/// The key of the state folder; made if there is none.
///
/// # Errors
/// [`KeyError`].
pub fn site_key(workspace: &Workspace) -> Result<SiteKey, KeyError> {
    let path = workspace.site_key();
    loop {
        match fs::read_to_string(&path) {
            Ok(text) => return SiteKey::parse(text.trim_end()).ok_or(KeyError::Damaged { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = SiteKey::new(disk::random()?);
                // Where another program was faster, it is that one's.
                disk::write_secret_once(&path, format!("{}\n", key.secret()).as_bytes())?;
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(KeyError::Damaged { path }),
            Err(source) => return Err(KeyError::Unreadable { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_a_damaged_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path().join("state"));
        let key = site_key(&workspace).unwrap();
        assert_eq!(site_key(&workspace).unwrap(), key);
        for damage in ["", "00", "\u{e9}"] {
            fs::write(workspace.site_key(), damage).unwrap();
            let error = site_key(&workspace).unwrap_err().to_string();
            assert!(error.contains("site.key") && error.contains("restore it"), "{error}");
        }
        fs::remove_file(workspace.site_key()).unwrap();
        assert_ne!(site_key(&workspace).unwrap(), key);
    }
}
