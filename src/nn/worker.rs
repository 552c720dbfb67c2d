//! What lives on the network's thread: the network itself, and the order in which it answers.
//!
//! Every batch has the device's one size, padded where pictures run out, so that what the network says of a picture does
//! not depend on what else was asked. Scans are computed one by one: somebody waits for each.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use crossbeam_channel::{Receiver, Sender, select};
use tch::Device;

use super::builtin::BuiltIn;
use super::device::{self, Chosen};
use super::engine::Backbone;
use super::error::NnError;
use super::gpu_fallback::{self, Remedy};
use super::malloc::keep_freed_memory;
use super::network::{Features, Network};
use super::version::FEATURES;
use crate::config::{self, BackboneSettings, ComputeSettings, Precision, Preparation, WeightsChoice};
use crate::domain::vgg16::VGG16;
use crate::domain::{BackboneRecord, ContentHash, StopFlag, Versions};
use crate::head::Activations;
use crate::imaging::Rgb8;
use crate::weights::{self, BUILT_IN_ORIGIN, BackboneWeights, ConvWeights, FILE_ORIGIN};

/// Pictures of the right size to be explained, and where the answers go, one a picture.
pub(super) struct ScanJob {
    pub(super) pictures: Vec<Rgb8>,
    pub(super) reply: Sender<Result<Vec<Activations>, NnError>>,
}

/// Pictures of the right size whose features are wanted, as this arithmetic gives them, and where they go.
pub(super) struct FeatureJob {
    pub(super) pictures: Arc<[Rgb8]>,
    /// A backbone's fingerprint.
    pub(super) arithmetic: ContentHash,
    pub(super) reply: Sender<Result<Vec<Vec<f32>>, NnError>>,
}

/// Turns a panic into an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, NnError>) -> Result<T, NnError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(NnError::Panicked { cause: text.lines().next().unwrap_or_default().to_owned() })
    })
}

/// What runs now, and where: the handle reads it, and the worker changes it when a GPU is lost.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) backbone: Backbone,
    pub(super) device: String,
    /// Images at a time.
    pub(super) batch: usize,
}

/// The network and the one size of its batches.
pub(super) struct Worker {
    network: Network,
    batch: usize,
    running: Arc<RwLock<Running>>,
    /// Of what runs now.
    fingerprint: ContentHash,
    /// What the network is made anew from when a GPU fails; nothing on the processor.
    spare: Option<Spare>,
}

/// All that a network is made of.
struct Spare {
    device: Device,
    layers: Vec<ConvWeights>,
    input: Preparation,
    compute: ComputeSettings,
    n_threads: usize,
}

impl Worker {
    pub(super) fn new(
        backbone: &BackboneSettings,
        compute: &ComputeSettings,
        weights_dir: &Path,
        stop: &StopFlag,
    ) -> Result<(Self, Arc<RwLock<Running>>), NnError> {
        let n_threads = match compute.threads {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            n => n,
        };
        keep_freed_memory();
        let chosen = device::choose(compute, n_threads)?;
        // OpenMP keeps this setting by thread: it must be made here.
        tch::set_num_threads(n_threads as i32);
        let (weights, name, origin) = load(backbone, weights_dir, stop)?;
        let input = backbone.preprocessing.fixed().unwrap_or(weights.input);
        let (network, Chosen { device, batch, why, .. }) = begin(chosen, compute, n_threads, &weights.convs, input)?;
        let described = describe(name, origin, input, &network.manner(), weights.sha256);
        let fingerprint = described.fingerprint;
        let running = Arc::new(RwLock::new(Running { backbone: described, device: why, batch }));
        let spare = (device != Device::Cpu).then(|| {
            let compute = compute.clone();
            Spare { device, layers: weights.convs, input, compute, n_threads }
        });
        let worker = Self { network, batch, running: Arc::clone(&running), fingerprint, spare };
        Ok((worker, running))
    }

    /// Until every handle is gone.
    pub(super) fn serve(mut self, scans: &Receiver<ScanJob>, training: &Receiver<FeatureJob>) {
        let _no_grad = tch::no_grad_guard();
        loop {
            self.serve_waiting(scans);
            // Whoever asked may have gone meanwhile.
            select! {
                recv(scans) -> job => match job {
                    Ok(job) => drop(job.reply.send(self.activations(&job.pictures))),
                    Err(_) => return,
                },
                recv(training) -> job => match job {
                    Ok(job) => drop(job.reply.send(self.features(&job, scans))),
                    Err(_) => return,
                },
            }
        }
    }

    fn serve_waiting(&mut self, scans: &Receiver<ScanJob>) {
        scans.try_iter().for_each(|job| drop(job.reply.send(self.activations(&job.pictures))));
    }

    /// Again on the processor where a GPU fails.
    fn activations(&mut self, pictures: &[Rgb8]) -> Result<Vec<Activations>, NnError> {
        loop {
            match guarded(|| self.network.forward(pictures)) {
                Ok(answers) => return Ok(answers),
                // One picture at a time: there is no smaller batch.
                Err(error) => self.recover(error, 1)?,
            }
        }
    }

    /// All rows by one arithmetic; from the first that is missing on, in smaller batches, where a GPU's memory is too small.
    fn features(&mut self, job: &FeatureJob, scans: &Receiver<ScanJob>) -> Result<Vec<Vec<f32>>, NnError> {
        let mut rows = Vec::with_capacity(job.pictures.len());
        while rows.len() < job.pictures.len() {
            if job.arithmetic != self.fingerprint {
                return Err(NnError::ArithmeticChanged);
            }
            if let Err(error) = guarded(|| self.stream(&job.pictures, &mut rows, scans)) {
                self.recover(error, self.batch)?;
            }
        }
        Ok(rows)
    }

    /// Adds the missing rows batch by batch: one is prepared while another is computed. Waiting `scans` are served after
    /// each. Ends early, with whole batches, when serving one of them has changed how the network runs.
    fn stream(
        &mut self,
        pictures: &[Rgb8],
        rows: &mut Vec<Vec<f32>>,
        scans: &Receiver<ScanJob>,
    ) -> Result<(), NnError> {
        let as_begun = (self.fingerprint, self.batch);
        let mut before: Option<Features> = None;
        let missing = &pictures[rows.len()..];
        for batch in missing.chunks(self.batch) {
            let started = self.network.start(batch, self.batch)?;
            if let Some(before) = before.replace(started) {
                rows.extend(before.rows()?);
            }
            self.serve_waiting(scans);
            if (self.fingerprint, self.batch) != as_begun {
                return Ok(());
            }
        }
        before.map_or(Ok(()), |last| last.rows().map(|last| rows.extend(last)))
    }

    /// Changes how the network runs so that `batch` pictures are worth another try, or gives the error back.
    fn recover(&mut self, error: NnError, batch: usize) -> Result<(), NnError> {
        let Some(spare) = self.spare.take() else { return Err(error) };
        match gpu_fallback::remedy(&error, spare.device, batch) {
            Remedy::Smaller(smaller) => {
                tracing::warn!("The GPU's memory is too small for {batch} images at a time: going on with {smaller}.");
                self.batch = smaller;
                self.changed(|running| running.batch = smaller);
            }
            Remedy::Exact => match self.become_exact(&spare, &error) {
                Ok(()) => {}
                Err(cause) => return self.leave_gpu(&spare, &cause),
            },
            // The processor needs no spare.
            Remedy::Processor => return self.leave_gpu(&spare, &error),
            Remedy::None => {
                self.spare = Some(spare);
                return Err(error);
            }
        }
        self.spare = Some(spare);
        Ok(())
    }

    fn leave_gpu(&mut self, spare: &Spare, error: &NnError) -> Result<(), NnError> {
        let compute = on_any_processor(&spare.compute);
        let chosen = device::processor(&compute, spare.n_threads, "the GPU was lost")?;
        tracing::warn!("{error}; going on with {}; start gradwatch again once the GPU works.", chosen.why);
        let lost = self.replace(spare, chosen)?;
        // Freeing its tensors would ask the lost GPU, for which libtorch ends the program.
        std::mem::forget(lost);
        Ok(())
    }

    fn become_exact(&mut self, spare: &Spare, error: &NnError) -> Result<(), NnError> {
        let Device::Cuda(index) = spare.device else { return Err(NnError::BeyondHalf) };
        let compute = ComputeSettings { precision: Precision::F32, ..spare.compute.clone() };
        let chosen = device::gpu(&compute, index, "16-bit floats do not hold this network's activations");
        tracing::warn!("{error}, which is quicker from the start; going on with {}.", chosen.why);
        self.replace(spare, chosen).map(drop)
    }

    /// Runs on as `chosen` from now on, with another fingerprint; returns the network until now.
    fn replace(&mut self, spare: &Spare, chosen: Chosen) -> Result<Network, NnError> {
        let Chosen { device, precision, batch, why } = chosen;
        let network = Network::new(&VGG16, &spare.layers, spare.input, device, precision)?;
        let manner = network.manner();
        self.batch = batch;
        self.changed(|running| {
            running.backbone.fingerprint = fingerprint(running.backbone.record.sha256, spare.input, &manner);
            running.device = why;
            running.batch = batch;
        });
        Ok(std::mem::replace(&mut self.network, network))
    }

    /// Says how the network runs from now on.
    fn changed(&mut self, change: impl FnOnce(&mut Running)) {
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut running);
        self.fingerprint = running.backbone.fingerprint;
    }
}

/// The network as chosen. Where the choice was left to the program, a GPU that fails at once is passed over.
fn begin(
    chosen: Chosen,
    compute: &ComputeSettings,
    n_threads: usize,
    layers: &[ConvWeights],
    input: Preparation,
) -> Result<(Network, Chosen), NnError> {
    let make = |chosen: Chosen| {
        let network = Network::new(&VGG16, layers, input, chosen.device, chosen.precision)?;
        Ok((network, chosen))
    };
    let device = chosen.device;
    make(chosen).or_else(|error| {
        let passed_over =
            compute.device == config::Device::Auto && gpu_fallback::remedy(&error, device, 1) == Remedy::Processor;
        if !passed_over {
            return Err(error);
        }
        let chosen = device::processor(&on_any_processor(compute), n_threads, "the GPU failed")?;
        tracing::warn!("{error}; going on with {}; start gradwatch again once the GPU works.", chosen.why);
        make(chosen)
    })
}

/// Whatever was wanted of a GPU, any processor has f32.
fn on_any_processor(compute: &ComputeSettings) -> ComputeSettings {
    ComputeSettings { precision: Precision::Auto, ..compute.clone() }
}

/// The weights with their name and origin.
fn load(
    settings: &BackboneSettings,
    dir: &Path,
    stop: &StopFlag,
) -> Result<(BackboneWeights, String, &'static str), NnError> {
    let file = match &settings.weights {
        WeightsChoice::File(path) => Some(path.clone()),
        WeightsChoice::Auto => weights::imported_file(dir)?,
    };
    if let Some(path) = file {
        let name = format!("VGG16 ({})", path.file_name().unwrap_or_default().to_string_lossy());
        return Ok((weights::read_backbone(&path, &VGG16)?, name, FILE_ORIGIN));
    }
    let name = format!("VGG16 (built-in, seed {}: generated, not trained on photographs)", settings.seed);
    Ok((BuiltIn::vgg16(settings.seed).load_or_make(dir, stop)?, name, BUILT_IN_ORIGIN))
}

/// Of features: no two ways of computing share it.
fn fingerprint(sha256: ContentHash, input: Preparation, manner: &str) -> ContentHash {
    let manner = format!("{input} {manner}");
    let features = Versions::mark(FEATURES);
    let shaped_by = [sha256.as_bytes().as_slice(), manner.as_bytes()].into_iter();
    ContentHash::of_parts(shaped_by.chain(features.as_ref().map(<[u8; 4]>::as_slice)))
}

fn describe(name: String, origin: &str, input: Preparation, manner: &str, sha256: ContentHash) -> Backbone {
    let fingerprint = fingerprint(sha256, input, manner);
    let record = BackboneRecord { sha256, origin: origin.to_owned(), preprocessing: input.to_string() };
    Backbone { name, record, fingerprint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let error = guarded::<()>(|| panic!("index {} is out of range", 7)).unwrap_err().to_string();
        assert_eq!(error, "the network's thread ran into a bug (index 7 is out of range); please report it");
    }
}
