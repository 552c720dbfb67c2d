//! The service: threads, queues, the conductor, control socket, status, signals, service manager. It decides when work is done;
//! the work itself is in `workflow`.
//!
//! This room must not know how an image is read, or how a network computes.

mod attempt_log;
mod attempts;
mod commit;
mod conductor;
pub mod control;
mod error;
mod event;
mod gallery_schedule;
mod intake_queue;
mod metrics;
mod recorder;
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
mod summary;
mod training_state;
mod training_worker;
mod worker;

pub use error::{IllegalTransition, ServiceError};
pub use signal_mask::{hold_signals, release_signals};
pub use signals::{leave, stop_on_signals};
pub use start::run;
pub use summary::{Mode, Summary};
