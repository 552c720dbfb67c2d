//! The service: threads, queues, the retrain trigger, signals, the service manager. The only room that knows the order.

#![allow(dead_code, reason = "taken out with the conductor")]

mod board;
pub mod control;
mod due;
mod metrics;
mod phase;
mod promote;
mod retrain;
mod service_manager;
mod signals;
pub mod status;

pub use signals::{leave, stop_on_signals};
