//! Whether weights were imported, restored or replaced: work that failed without them may then succeed.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::{Settings, WeightsChoice};
use crate::disk::Workspace;

/// The weights files that there are: path, bytes, and when they were last written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct WeightsStamp(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl WeightsStamp {
    /// Of the files in the state folder and the one that the settings name. What cannot be read counts as not there.
    pub(super) fn read(settings: &Settings, workspace: &Workspace) -> Self {
        let named = match &settings.backbone.weights {
            WeightsChoice::File(path) => Some(path.clone()),
            WeightsChoice::Auto => None,
        };
        let kept = fs::read_dir(workspace.weights()).into_iter().flatten().filter_map(Result::ok);
        let paths = kept.map(|entry| entry.path()).chain(named);
        let mut files: Vec<_> = paths.filter_map(|path| stamp(&path).map(|(n, at)| (path, n, at))).collect();
        files.sort_unstable();
        Self(files)
    }
}

fn stamp(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    fs::metadata(path).ok().map(|metadata: Metadata| (metadata.len(), metadata.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    #[test]
    fn a_file_that_comes_is_replaced_or_goes_changes_it() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, named) = (Workspace::new(dir.path().join("state")), dir.path().join("named.safetensors"));
        let set = vec![format!("backbone.weights={}", named.display())];
        let settings = load(&Overrides { set, ..Overrides::default() }).unwrap();
        let read = || WeightsStamp::read(&settings, &workspace);
        assert_eq!(read(), WeightsStamp::default());
        fs::create_dir_all(workspace.weights()).unwrap();
        let mut seen = vec![read()];
        for path in [&named, &workspace.weights().join("a.safetensors")] {
            for bytes in ["1", "22"] {
                fs::write(path, bytes).unwrap();
                seen.push(read());
            }
        }
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
        assert_eq!(seen.last(), Some(&read()));
    }
}
