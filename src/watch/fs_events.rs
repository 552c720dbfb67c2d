//! The system's events: one watch a folder, and a channel of signals that reports when it lost some.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use notify::{Config, ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::interpret::{Signal, interpret};
use crate::privacy::shown_folder;

/// Signals that may wait; more are dropped, and a rescan makes up for them.
const CAPACITY: usize = 65_536;

/// Watches on folders. The watches go when it is dropped.
pub(super) struct FsEvents {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    /// What happened, in order. Disconnected when the system's side died.
    pub(super) signals: Receiver<Signal>,
    /// Notified when signals had to be dropped.
    pub(super) lost: Receiver<()>,
}

/// The system grants no more watches to this user.
#[derive(Debug)]
pub(super) struct OutOfWatches;

impl FsEvents {
    /// Opened, but looking at nothing yet.
    pub(super) fn open(inbox: &Path) -> notify::Result<Self> {
        Self::with_capacity(inbox, CAPACITY)
    }

    /// The same with room for `capacity` signals.
    pub(super) fn with_capacity(inbox: &Path, capacity: usize) -> notify::Result<Self> {
        let (sender, signals) = bounded(capacity);
        let (lost_sender, lost) = bounded(1);
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(forward(inbox.to_owned(), sender, lost_sender), config)?;
        Ok(Self { watcher, watched: BTreeSet::new(), signals, lost })
    }

    /// Looks at all these folders, and says whether some were new. Those that are watched already are watched anew:
    /// another folder may have taken the old one's place.
    pub(super) fn watch(&mut self, folders: &[PathBuf]) -> Result<bool, OutOfWatches> {
        let mut any_new = false;
        for folder in folders {
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => any_new |= self.watched.insert(folder.clone()),
                Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => return Err(OutOfWatches),
                // It is gone again, or has no read permission; the survey that found it reports which.
                Err(error) => tracing::debug!(folder = %shown_folder(folder), %error, "Folder not watched"),
            }
        }
        Ok(any_new)
    }

    /// Looks away from a folder, and from all below it.
    pub(super) fn forget(&mut self, folder: &Path) {
        let gone: Vec<_> = self.watched.iter().filter(|path| path.starts_with(folder)).cloned().collect();
        for path in gone {
            self.watched.remove(&path);
            // The system drops the watch of a removed folder by itself, and then says that there is none.
            let _ = self.watcher.unwatch(&path);
        }
    }
}

/// Runs on notify's thread, so it does nothing but pass on; its own readings of files do not even wake the watcher.
fn forward(inbox: PathBuf, sender: Sender<Signal>, lost: Sender<()>) -> impl Fn(notify::Result<Event>) + Send {
    move |event| {
        for signal in interpret(&event, &inbox) {
            if let Err(TrySendError::Full(_)) = sender.try_send(signal) {
                // Full means that it was notified already.
                let _ = lost.try_send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dropped_signals_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut fs_events = FsEvents::with_capacity(dir.path(), 2).unwrap();
        fs_events.watch(&[dir.path().to_owned()]).unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        fs_events.lost.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(fs_events.signals.len(), 2);
    }

    #[test]
    fn a_folder_is_new_only_once() {
        let dir = tempfile::tempdir().unwrap();
        let folders = [dir.path().to_owned(), dir.path().join("absent")];
        let mut fs_events = FsEvents::open(dir.path()).unwrap();
        assert!(fs_events.watch(&folders).unwrap());
        assert!(!fs_events.watch(&folders).unwrap());
        fs_events.forget(dir.path());
        assert!(fs_events.watch(&folders).unwrap());
    }
}
