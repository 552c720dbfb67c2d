//! The inbox as a stream of [`Arrival`](crate::domain::Arrival)s: files to read, and files that are gone. No work is done here.
//!
//! Truth about the inbox is a survey of it; events of the file system only make it fast. The only room that names notify.

mod below;
mod error;
mod file_system_id;
mod fs_events;
mod health;
mod interpret;
mod mount_point;
mod mount_watch;
mod mounts;
mod once;
mod outside;
mod probe;
mod remote_check;
mod settle;
mod survey;
mod unseen;
mod watch_loop;
mod watcher;

pub use error::WatchError;
pub use file_system_id::FileSystemId;
pub use health::{Health, SkippedInputs};
pub use mounts::SeenMounts;
pub use once::{OnceSurvey, survey_once};
pub use probe::probe_events;
pub use survey::check as check_inbox;
pub use unseen::{UnseenInputs, concerns};
pub use watcher::Watcher;

#[cfg(test)]
mod tests;
