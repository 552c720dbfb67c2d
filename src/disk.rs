//! The only writer of files: atomic writes, appended journals, the paths of the state folder, the instance lock.
//!
//! It knows nothing of what the bytes mean.

mod append;
mod atomic;
mod error;
mod listed;
mod lock;
mod origin;
mod rename_broken;
mod room;
mod secret;
mod temporaries;
mod workspace;

pub use append::Appender;
pub use atomic::{
    create_dir, remove_dir, remove_dir_if_empty, remove_file, set_mode, sync_batch, sync_file, touch, write_atomic,
    write_atomic_confidential, write_atomic_with, write_in_batch,
};
pub use error::{DiskError, amount};
pub use listed::{listed, listed_folders};
pub use lock::{FolderLock, InstanceLock, TrainingLock};
pub use origin::{note_origin, noted_folder, origin};
pub use rename_broken::rename_broken;
pub use room::{Room, require_room, room};
pub use secret::{random, write_secret_once};
pub use temporaries::{sweep_temporaries, sweep_workspace};
pub use workspace::Workspace;
