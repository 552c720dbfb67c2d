//! Which dataset a folder is. A name stands for one folder: two datasets would share their models and the choice among them.

use std::path::{Path, PathBuf};

use crate::cli::failure::{Exit, Failure};
use crate::config::Settings;
use crate::disk::{self, DiskError, Workspace};
use crate::domain::{DatasetName, safe_stem};

/// A folder and the name of its dataset.
#[derive(Debug, Clone)]
pub(super) struct NamedDataset {
    /// Absolute, without links.
    pub(super) root: PathBuf,
    pub(super) name: DatasetName,
}

/// Refuses the inbox and its folder of datasets: their folders are no classes.
pub(in crate::cli) fn refuse_inbox(folder: &Path, settings: &Settings) -> Result<(), Failure> {
    let inbox = &settings.watch.inbox;
    let named = folder.canonicalize().ok();
    let is_named = |path: &Path| named.is_some() && named == path.canonicalize().ok();
    let is_inbox = ["datasets", "scans"].iter().all(|name| folder.join(name).is_dir());
    if !(is_inbox || is_named(inbox) || is_named(&inbox.join("datasets"))) {
        return Ok(());
    }
    let message = format!(
        "`{}` is an inbox, not a dataset; name the folder of one dataset, such as `{}`",
        folder.display(),
        inbox.join("datasets/<dataset>").display()
    );
    Err(Failure::new(Exit::Usage, message))
}

impl NamedDataset {
    /// The dataset in `folder`; its name is that of the folder unless another one is given.
    pub(super) fn new(folder: &Path, name: Option<&str>) -> Result<Self, Failure> {
        let unreadable = |error| {
            let advice = "name a folder that contains one folder of images per class";
            Failure::new(Exit::NoInput, format!("cannot read `{}`: {error}; {advice}", folder.display()))
        };
        let root = folder.canonicalize().map_err(unreadable)?;
        let own = root.file_name().unwrap_or_default().to_string_lossy();
        let name = DatasetName::new(name.unwrap_or(&own)).map_err(|error| Failure::new(Exit::Usage, error))?;
        Ok(Self { root, name })
    }

    /// Refuses the name of another folder's dataset.
    pub(super) fn refuse_anothers(&self, workspace: &Workspace, settings: &Settings) -> Result<(), Failure> {
        let Some(owner) = self.owner(workspace, settings).filter(|owner| *owner != self.root) else { return Ok(()) };
        let Self { root, name } = self;
        let message = format!(
            "dataset `{name}` is the folder `{}`, not `{}`; choose another name, for example --dataset {}",
            owner.display(),
            root.display(),
            self.other_name()
        );
        Err(Failure::new(Exit::Usage, message))
    }

    /// Notes that the name stands for this folder.
    pub(super) fn note(&self, workspace: &Workspace) -> Result<(), DiskError> {
        disk::write_atomic(&workspace.folder_note(&self.name), self.root.as_os_str().as_encoded_bytes())
    }

    /// The folder that the name stands for; one that is no longer there gives its name up.
    fn owner(&self, workspace: &Workspace, settings: &Settings) -> Option<PathBuf> {
        let of_inbox = settings.watch.inbox.join("datasets").join(self.name.as_str());
        let of_inbox = std::fs::symlink_metadata(&of_inbox).is_ok_and(|found| found.is_dir()).then_some(of_inbox);
        let owner = of_inbox.or_else(|| disk::noted_folder(&workspace.folder_note(&self.name)));
        let owner = owner.or_else(|| self.older_owner(workspace))?;
        owner.canonicalize().ok()
    }

    /// Versions that kept no note left copies that know their origin.
    fn older_owner(&self, workspace: &Workspace) -> Option<PathBuf> {
        if workspace.expansion_of(&self.name, &self.root).exists() {
            return None;
        }
        let prefix = format!("{}-", safe_stem(self.name.as_str()));
        let is_of_name = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.and_then(|name| name.strip_prefix(&prefix)).is_some_and(|hash| hash.len() == 8)
        };
        let folders = std::fs::read_dir(workspace.outside()).ok()?.filter_map(Result::ok).map(|entry| entry.path());
        folders.filter(is_of_name).find_map(|folder| disk::origin(&folder.join("manifest.jsonl")))
    }

    /// A name that distinguishes the two: it begins with the parent folder's.
    fn other_name(&self) -> String {
        let above = self.root.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        format!("{}-{}", safe_stem(&above), self.name)
    }
}
