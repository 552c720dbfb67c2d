//! The service: threads, queues, the retrain trigger, signals, the service manager. The only room that knows the order.

mod ablation;
mod admission;
mod alone;
mod aside;
mod board;
mod conductor;
pub mod control;
mod due;
mod engine;
mod error;
mod event;
mod failed_work;
mod failing;
mod fault;
mod folds;
mod identity;
mod learn;
mod learning;
mod metrics;
mod phase;
mod promote;
mod recording;
mod retrain;
mod retry;
mod serve;
mod service_manager;
mod serving;
mod sheet;
mod signal_mask;
mod signals;
mod standing;
mod start;
pub mod status;
mod telling;
mod trained;
mod worker;

pub use ablation::{Ablation, Part, ablate};
pub use due::obstacle;
pub use engine::EngineCell;
pub use error::DaemonError;
pub use failed_work::{FailedWork, Work};
pub use fault::Fault;
pub use folds::{CrossValidated, cross_validate};
pub use learn::{LearnError, LearnJob, Tools, learn};
pub use serve::{Explainer, ServeError, Served};
pub use sheet::{draw_preview, draw_sheet};
pub use signal_mask::{hold_signals, release_signals};
pub use signals::{leave, stop_on_signals};
pub use standing::Standing;
pub use start::{Mode, Summary, run};
pub use trained::{Learned, Trained};

/// Names of the worker threads.
const INTAKE: &str = "gw-intake";
const LEARN: &str = "gw-learn";
const SERVE: &str = "gw-serve";
