//! gradwatch: a service that grows a frozen-VGG16 image classifier from a watched folder.
//!
//! The rooms; ARCHITECTURE.md says what each is for, and which may import which.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests set their scene by hand"))]

pub mod augment;
pub mod cli;
pub mod config;
pub mod content;
pub mod disk;
pub mod domain;
pub mod explain;
pub mod head;
pub mod imaging;
pub mod ingest;
pub mod nn;
pub mod privacy;
pub mod registry;
pub mod report;
pub mod service;
pub mod stats;
pub mod train;
pub mod watch;
pub mod weights;
pub mod workflow;
