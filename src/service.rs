//! The service: threads, queues, the conductor, control socket, status, signals, service manager. It decides when work is done;
//! the work itself is in `workflow`.
//!
//! This room must not know how an image is read, or how a network computes.

mod arrival_queue;
mod attempt_log;
mod attempts;
mod commit;
mod conductor;
mod connections;
pub mod control;
mod end_reason;
mod erasure_status;
mod error;
mod event;
mod failed_end;
mod gallery_look;
mod gallery_schedule;
mod held_erasure;
mod intake_queue;
mod known_mounts;
mod lives;
mod metrics;
mod pauses;
mod recorder;
mod reexplanation_queue;
mod reload;
mod retrain_trigger;
mod retry;
mod scan_state;
mod scan_worker;
mod service_manager;
mod service_state;
mod shared_progress;
mod signal_mask;
mod signals;
mod start;
pub mod status;
mod status_writer;
mod stop_bell;
mod summary;
mod surveyor;
mod training_state;
mod training_worker;
mod unread_inputs;
mod weights_stamp;
mod worker;

pub use error::{IllegalTransition, ServiceError};
pub use failed_end::note_failed_end;
pub use lives::serve;
pub use reload::ReadSettings;
pub use service_manager::is_present as has_service_manager;
pub use signal_mask::{hold_signals, release_signals};
pub use signals::{leave, stop_on_signals};
pub use start::run_once;
pub use summary::Summary;
