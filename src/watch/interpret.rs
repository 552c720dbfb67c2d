//! What an event of the file system means, as pure functions: notify's words in, own words out.

use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind};

use super::settle::Trigger;

/// One event in the watcher's own words; paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    /// Something is at this path: a file, or a folder that wants to be surveyed.
    Seen(PathBuf, Trigger),
    /// Nothing is at this path any more.
    Removed(PathBuf),
    /// Permissions or times at this path are others.
    Attributes(PathBuf),
    /// Events cannot be relied on: everything has to be looked at, for this reason.
    Rescan(String),
}

/// What one event (or error) of notify means for the inbox at `root`; nothing, for reading.
pub(super) fn interpret(event: &notify::Result<Event>, root: &Path) -> Vec<Signal> {
    let event = match event {
        Ok(event) => event,
        Err(error) => return vec![Signal::Rescan(format!("the system reported: {error}"))],
    };
    // First of all, because such an event names no path.
    if event.need_rescan() {
        return vec![Signal::Rescan("the system's event queue overflowed".into())];
    }
    let meaning: fn(PathBuf) -> Signal = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => |path| Signal::Seen(path, Trigger::Closed),
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => {
            |path| Signal::Seen(path, Trigger::Touched)
        }
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Signal::Removed,
        EventKind::Modify(ModifyKind::Metadata(_)) => Signal::Attributes,
        _ => return Vec::new(),
    };
    event.paths.iter().map(|path| gone_root(meaning(path.clone()), root)).collect()
}

/// The inbox itself was removed, renamed or unmounted: what that means is found by a survey.
fn gone_root(signal: Signal, root: &Path) -> Signal {
    match signal {
        Signal::Removed(path) if path == root => Signal::Rescan("the inbox itself was moved or removed".into()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;

    fn check(kind: EventKind, expected: &[Signal]) {
        let event = Event::new(kind).add_path("/in/a".into());
        assert_eq!(interpret(&Ok(event), Path::new("/in")), expected, "{kind:?}");
    }

    #[test]
    fn changes_are_told_and_reading_is_not() {
        let path = || PathBuf::from("/in/a");
        let closed = [Signal::Seen(path(), Trigger::Closed)];
        let touched = [Signal::Seen(path(), Trigger::Touched)];
        let removed = [Signal::Removed(path())];
        check(EventKind::Access(AccessKind::Close(AccessMode::Write)), &closed);
        check(EventKind::Modify(ModifyKind::Name(RenameMode::To)), &closed);
        check(EventKind::Create(CreateKind::Folder), &touched);
        check(EventKind::Modify(ModifyKind::Data(DataChange::Any)), &touched);
        check(EventKind::Remove(RemoveKind::File), &removed);
        check(EventKind::Modify(ModifyKind::Name(RenameMode::From)), &removed);
        check(EventKind::Modify(ModifyKind::Name(RenameMode::Both)), &[]);
        check(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), &[Signal::Attributes(path())]);
        check(EventKind::Access(AccessKind::Open(AccessMode::Any)), &[]);
        check(EventKind::Access(AccessKind::Close(AccessMode::Read)), &[]);
    }

    fn check_rescan(event: &notify::Result<Event>, reason: &str) {
        let signals = interpret(event, Path::new("/in"));
        let [Signal::Rescan(text)] = signals.as_slice() else { panic!("{signals:?}") };
        assert!(text.contains(reason), "{text}");
    }

    #[test]
    fn what_cannot_be_relied_on_asks_for_a_rescan() {
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        check_rescan(&Ok(overflow), "overflowed");
        check_rescan(&Err(notify::Error::generic("no luck")), "no luck");
        let root_removed = Event::new(EventKind::Remove(RemoveKind::Folder)).add_path("/in".into());
        check_rescan(&Ok(root_removed), "inbox itself");
        let root_moved = Event::new(EventKind::Modify(ModifyKind::Name(RenameMode::From))).add_path("/in".into());
        check_rescan(&Ok(root_moved), "inbox itself");
        let unmounted = Event::new(EventKind::Remove(RemoveKind::Other)).add_path("/in".into());
        check_rescan(&Ok(unmounted), "inbox itself");
    }
}
