//! The networks that are loaded: the configured one, and those of models. Each is started when it is first needed, so that
//! a run with nothing to do never loads libtorch, and unloaded when others are needed more.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::{BackboneSettings, ComputeSettings, Settings};
use crate::disk::Workspace;
use crate::domain::{BackboneRecord, ContentHash, StopFlag};
use crate::nn::{self, Engine, NetworkChoice, NnError};

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

/// Where the engines of the process come from. Clones share them.
#[derive(Clone)]
pub struct Engines(Arc<Inner>);

struct Inner {
    backbone: BackboneSettings,
    compute: ComputeSettings,
    weights_dir: PathBuf,
    stop: StopFlag,
    loaded: Mutex<Loaded>,
    /// By engines that were unloaded.
    n_forwarded_before: AtomicU64,
}

#[derive(Default)]
struct Loaded {
    /// The least recently used first.
    engines: Vec<Engine>,
    /// What the settings turned out to name.
    configured: Option<BackboneRecord>,
}

impl Engines {
    /// Nothing is started yet.
    pub fn new(settings: &Settings, stop: &StopFlag) -> Self {
        Self(Arc::new(Inner {
            backbone: settings.backbone.clone(),
            compute: settings.compute.clone(),
            weights_dir: Workspace::new(&settings.state_dir).weights(),
            stop: stop.clone(),
            loaded: Mutex::default(),
            n_forwarded_before: AtomicU64::new(0),
        }))
    }

    /// The engine of the configured network; the first call starts it (and makes the built-in backbone where it is wanted
    /// and not there yet).
    ///
    /// # Errors
    /// Whatever keeps it from starting; the next call tries again.
    pub fn configured(&self) -> Result<Engine, NnError> {
        let mut loaded = self.lock();
        // Until the next start it stays what it is, whatever is imported meanwhile.
        if let Some(record) = loaded.configured.clone() {
            return self.0.running(&mut loaded, &record);
        }
        // A model's engine may run the same network.
        let record = nn::configured_backbone(&self.0.backbone, &self.0.weights_dir);
        let engine = if let Some(engine) = record.and_then(|record| loaded.used(&record)) {
            engine
        } else {
            let engine = self.0.start(&mut loaded, &NetworkChoice::Configured(self.0.backbone.clone()))?;
            loaded.keep(engine)
        };
        loaded.configured = Some(engine.backbone().record);
        Ok(engine)
    }

    /// The engine of the network that a model was made on.
    ///
    /// # Errors
    /// [`NnError::NoWeights`], and whatever else keeps it from starting; the next call tries again.
    pub fn of_model(&self, record: &BackboneRecord) -> Result<Engine, NnError> {
        self.0.running(&mut self.lock(), record)
    }

    /// Device and name of the network that was used last, if there is one and none is being started now.
    pub fn latest(&self) -> Option<(String, String)> {
        let loaded = self.0.loaded.try_lock().ok()?;
        loaded.engines.last().map(|engine| (engine.device(), engine.backbone().name))
    }

    /// SHA-256 of the configured weights, as far as it can be known without loading them.
    pub fn configured_weights(&self) -> Option<ContentHash> {
        let known = self.lock().configured.clone();
        let known = known.or_else(|| nn::configured_backbone(&self.0.backbone, &self.0.weights_dir));
        known.map(|record| record.sha256)
    }

    /// Images that went through all networks since the start; `None` while one is being started.
    pub fn n_forwarded(&self) -> Option<u64> {
        let loaded = self.0.loaded.try_lock().ok()?;
        let now: u64 = loaded.engines.iter().map(Engine::n_forwarded).sum();
        Some(now + self.0.n_forwarded_before.load(Ordering::Relaxed))
    }

    fn lock(&self) -> MutexGuard<'_, Loaded> {
        self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn start(&self, loaded: &mut Loaded, choice: &NetworkChoice) -> Result<Engine, NnError> {
        self.make_room(loaded);
        Engine::start(choice, &self.compute, &self.weights_dir, &self.stop)
    }

    fn running(&self, loaded: &mut Loaded, record: &BackboneRecord) -> Result<Engine, NnError> {
        if let Some(engine) = loaded.used(record) {
            return Ok(engine);
        }
        let engine = self.start(loaded, &NetworkChoice::OfModel(record.clone(), self.backbone.clone()))?;
        Ok(loaded.keep(engine))
    }

    /// Unloads what was not used for the longest time, so that there is room for one more; an engine that is in use stays.
    fn make_room(&self, loaded: &mut Loaded) {
        while loaded.engines.len() >= self.compute.models_in_memory {
            let Some(idle) = loaded.engines.iter().position(|engine| !engine.is_in_use()) else { break };
            let unloaded = loaded.engines.remove(idle);
            self.n_forwarded_before.fetch_add(unloaded.n_forwarded(), Ordering::Relaxed);
            tracing::info!(backbone = %unloaded.backbone().name, "Network unloaded");
        }
    }
}

impl Loaded {
    /// The loaded engine of this network, which is the most recently used one from now on.
    fn used(&mut self, record: &BackboneRecord) -> Option<Engine> {
        let at = self.engines.iter().position(|engine| engine.backbone().is_of(record))?;
        let engine = self.engines.remove(at);
        Some(self.keep(engine))
    }

    fn keep(&mut self, engine: Engine) -> Engine {
        self.engines.push(engine.clone());
        engine
    }
}
