//! What is in the inbox now: a walk that follows no link and passes over what is no input.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use walkdir::{DirEntry, WalkDir};

use super::WatchError;
use super::below::below;
use super::mount_point::is_mount_point;
use super::outside::images_outside;
use super::settle::{FileSnapshot, Look};
use crate::content::{Skip, Skipped, look_below, remote_kind, snapshot_below};
use crate::domain::StopFlag;

/// The folders of the inbox that hold inputs.
const ROOMS: [&str; 2] = ["datasets", "scans"];

/// What systems, editors and copying tools leave beside the user's files; dot files are passed over as well.
const CLUTTER: [&str; 4] = ["thumbs.db", "desktop.ini", "@eadir", "__macosx"];

/// In a dataset's own folder it says which images belong together; elsewhere it is nothing.
const GROUPS: &str = "groups.csv";

/// Endings of files that are still on their way; another name means that they arrived.
const UNDERWAY: [&str; 7] = [".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", "~"];

/// What one walk found.
#[derive(Debug, Default)]
pub(super) struct InboxSurvey {
    /// Regular files by path relative to the inbox, `/`-separated.
    pub(super) files: BTreeMap<String, FileSnapshot>,
    /// Folders, absolute; the one walked from included.
    pub(super) folders: Vec<PathBuf>,
    /// What was left out, by path relative to the inbox.
    pub(super) skipped: Skipped,
    /// Folders where a file system is mounted, by path relative to the inbox.
    pub(super) mounted: BTreeSet<String>,
    /// The file systems of what was walked.
    pub(super) shares: Shares,
}

/// Which folders lie on a network file system: the one walked from, and those that are mounted below it.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares(BTreeMap<String, Option<&'static str>>);

impl Shares {
    fn add(&mut self, folder: &Path, relative: String) {
        self.0.insert(relative, remote_kind(folder));
    }

    /// Whether a file with this path lies on one.
    pub(super) fn is_remote(&self, path: &str) -> bool {
        let mut folders = path.rmatch_indices('/').map(|(at, _)| &path[..at]).chain([""]);
        folders.find_map(|folder| self.0.get(folder)).is_some_and(Option::is_some)
    }

    /// The kind of one, if there is any.
    pub(super) fn kind(&self) -> Option<&'static str> {
        self.0.values().copied().flatten().next()
    }
}

impl InboxSurvey {
    /// Whether a file was found below this folder; everything lies below `""`.
    pub(super) fn holds_below(&self, folder: &str) -> bool {
        below(&self.files, folder).next().is_some()
    }

    /// Whether a file with this path would have been found.
    pub(super) fn covers(&self, path: &str) -> bool {
        !self.skipped.may_hide(path)
    }
}

/// Walks the whole inbox. With `n_known` files known from before, an inbox without any of its folders is not believed.
/// Once `stop` is raised, the walk ends where it is.
pub(super) fn survey(inbox: &Path, n_known: usize, stop: &StopFlag) -> Result<InboxSurvey, WatchError> {
    check(inbox, n_known)?;
    let mut survey = survey_below(inbox, inbox, stop);
    for name in images_outside(inbox, |path| is_outside(inbox, path)) {
        survey.skipped.add(name, Skip::Outside);
    }
    // It may have gone while it was walked; then half of it was seen.
    check(inbox, n_known)?;
    Ok(survey)
}

/// Whether the inbox can be believed, of which `n_known` files are known.
///
/// # Errors
/// [`WatchError`]: it is not there, cannot be listed, or looks unmounted.
pub fn check(inbox: &Path, n_known: usize) -> Result<(), WatchError> {
    match fs::read_dir(inbox) {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Err(WatchError::Missing(inbox.to_owned()));
        }
        Err(source) => return Err(WatchError::Unreadable { path: inbox.to_owned(), source }),
    }
    if n_known > 0 && !ROOMS.iter().any(|room| is_real_folder(&inbox.join(room))) {
        return Err(WatchError::Unmounted { path: inbox.to_owned(), n_known });
    }
    Ok(())
}

fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Walks one folder of the inbox; to be thrown away if `stop` is raised meanwhile.
pub(super) fn survey_below(inbox: &Path, folder: &Path, stop: &StopFlag) -> InboxSurvey {
    let mut survey = InboxSurvey::default();
    survey.shares.add(folder, relative(inbox, folder).unwrap_or_default());
    let wanted = |entry: &DirEntry| entry.path() == inbox || is_input(inbox, entry.path());
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(wanted);
    for entry in entries.take_while(|_| !stop.is_raised()) {
        match entry {
            Ok(entry) => survey.add(inbox, &entry),
            Err(error) => survey.add_unreadable(inbox, &error),
        }
    }
    survey
}

impl InboxSurvey {
    fn add(&mut self, inbox: &Path, entry: &DirEntry) {
        if entry.file_type().is_dir() {
            self.add_folder(inbox, entry.path());
        } else if entry.file_type().is_file() {
            self.add_file(inbox, entry.path());
        } else {
            self.skip(inbox, entry.path(), if entry.path_is_symlink() { Skip::Link } else { Skip::Special });
        }
    }

    fn add_folder(&mut self, inbox: &Path, folder: &Path) {
        self.folders.push(folder.to_owned());
        // What the system refuses to say of it shows when it is walked.
        if let (Ok(true), Some(path)) = (is_mount_point(folder), relative(inbox, folder)) {
            self.shares.add(folder, path.clone());
            self.mounted.insert(path);
        }
    }

    fn add_file(&mut self, inbox: &Path, file: &Path) {
        let Some(path) = relative(inbox, file) else { return self.skip(inbox, file, Skip::Name) };
        match snapshot_below(inbox, Path::new(&path), self.shares.is_remote(&path)) {
            Ok(found) => self.files.extend(found.map(|snapshot| (path, snapshot))),
            Err(error) => match Skip::of(Some(&error)) {
                // All files of a folder that may be listed and not entered are refused.
                Some(Skip::Forbidden) => self.skip(inbox, file.parent().unwrap_or(file), Skip::Forbidden),
                why => why.into_iter().for_each(|why| self.skip(inbox, file, why)),
            },
        }
    }

    fn add_unreadable(&mut self, inbox: &Path, error: &walkdir::Error) {
        if let (Some(why), Some(path)) = (Skip::of(error.io_error()), error.path()) {
            self.skip(inbox, path, why);
        }
    }

    fn skip(&mut self, inbox: &Path, path: &Path, why: Skip) {
        self.skipped.add(path.strip_prefix(inbox).unwrap_or(path).to_string_lossy(), why);
    }
}

/// The folders of the inbox that may hold inputs. No file is looked at, so this is soon done even where there are many.
pub(super) fn folders(inbox: &Path, stop: &StopFlag) -> Vec<PathBuf> {
    let wanted =
        |entry: &DirEntry| entry.path() == inbox || entry.file_type().is_dir() && is_input(inbox, entry.path());
    let entries = WalkDir::new(inbox).into_iter().filter_entry(wanted).take_while(|_| !stop.is_raised());
    entries.filter_map(Result::ok).map(DirEntry::into_path).collect()
}

/// One look at the metadata of a file of the inbox; `None` when no regular file is there, or only behind a link.
pub(super) fn snapshot(inbox: &Path, relative: &str, shares: &Shares) -> Look {
    snapshot_below(inbox, Path::new(relative), shares.is_remote(relative)).map_err(|error| refusal(&error))
}

/// The same, and where the metadata of its file system are not enough, at its bytes.
pub(super) fn look(inbox: &Path, relative: &str) -> Look {
    look_below(inbox, Path::new(relative)).map_err(|error| refusal(&error))
}

fn refusal(error: &io::Error) -> String {
    format!("it cannot be looked at: {error}; check its disk or network share, and the permissions of its folder")
}

fn is_outside(inbox: &Path, path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let in_room = ROOMS.iter().any(|room| path == inbox.join(room));
    !in_room && !is_clutter(&name)
}

/// The path as everybody else knows it; `None` when it is not below the inbox, or not UTF-8.
pub(super) fn relative(inbox: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.strip_prefix(inbox).ok()?.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// Whether a path below the inbox is (or may hold) an input.
pub(super) fn is_input(inbox: &Path, path: &Path) -> bool {
    let Ok(relative) = path.strip_prefix(inbox) else { return false };
    if is_list_of_groups(relative) {
        return true;
    }
    let mut parts = relative.iter().map(|part| part.to_string_lossy().to_lowercase());
    let in_room = relative.iter().next().is_some_and(|first| ROOMS.iter().any(|room| first == *room));
    in_room && parts.all(|part| !is_clutter(&part))
}

fn is_list_of_groups(relative: &Path) -> bool {
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    matches!(parts[..], ["datasets", dataset, GROUPS] if !is_clutter(&dataset.to_lowercase()))
}

fn is_clutter(name: &str) -> bool {
    name.starts_with(['.', '#'])
        || name.starts_with("~$")
        || name == GROUPS
        || CLUTTER.contains(&name)
        || UNDERWAY.iter().any(|ending| name.ends_with(ending))
}
