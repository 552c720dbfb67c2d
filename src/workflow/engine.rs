//! The libtorch engine, started when it is first needed: a run with nothing to do never loads it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{BackboneSettings, ComputeSettings, Settings};
use crate::disk::Workspace;
use crate::domain::StopFlag;
use crate::domain::vgg16::INPUT_SIDE;
use crate::nn::{self, Engine, NnError};

use super::error::WorkflowError;

/// Whether libtorch computes on this machine: run it before anything depends on it.
///
/// # Errors
/// [`WorkflowError::Network`], with what to do.
pub fn self_test() -> Result<(), WorkflowError> {
    Ok(nn::self_test()?)
}

/// Whether the network can run as `settings` say: before any work is done for it.
///
/// # Errors
/// [`WorkflowError::Network`], with what to do.
pub fn check_device(settings: &Settings) -> Result<(), WorkflowError> {
    Ok(nn::check_device(&settings.compute)?)
}

/// Where the one engine of the process comes from. Clones share it.
#[derive(Clone)]
pub struct EngineCell(Arc<Inner>);

struct Inner {
    backbone: BackboneSettings,
    compute: ComputeSettings,
    weights_dir: PathBuf,
    stop: StopFlag,
    engine: Mutex<Option<Engine>>,
}

impl EngineCell {
    /// Nothing is started yet.
    pub fn new(settings: &Settings, stop: &StopFlag) -> Self {
        Self(Arc::new(Inner {
            backbone: settings.backbone.clone(),
            compute: settings.compute.clone(),
            weights_dir: Workspace::new(&settings.state_dir).weights(),
            stop: stop.clone(),
            engine: Mutex::new(None),
        }))
    }

    /// The engine; the first call starts it (and makes the built-in backbone where it is wanted and not there yet).
    ///
    /// # Errors
    /// Whatever keeps it from starting; the next call tries again.
    pub fn get(&self) -> Result<Engine, NnError> {
        let mut slot = self.0.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = slot.as_ref() {
            return Ok(engine.clone());
        }
        let engine =
            Engine::start(&self.0.backbone, &self.0.compute, INPUT_SIDE as u32, &self.0.weights_dir, &self.0.stop)?;
        *slot = Some(engine.clone());
        Ok(engine)
    }

    /// The engine, if some call started it already and none is starting it now.
    pub fn started(&self) -> Option<Engine> {
        self.0.engine.try_lock().ok()?.clone()
    }
}
