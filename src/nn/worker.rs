//! What lives on the network's thread: the network itself, and the order in which it answers.
//!
//! Every batch has the device's one size, padded where images run out, so that what the network says of an image does
//! not depend on what else was asked. Scans are computed one by one: somebody waits for each.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use crossbeam_channel::{Receiver, Sender, select};
use tch::Device;

use super::backbone::{self, Backbone, fingerprint};
use super::device::{self, Chosen};
use super::error::NnError;
use super::gpu_fallback::{self, Remedy};
use super::malloc::keep_freed_memory;
use super::network::{Network, PendingFeatures};
use crate::config::{self, BackboneSettings, ComputeSettings, Precision, Preparation};
use crate::domain::vgg16::VGG16;
use crate::domain::{ContentHash, StopFlag};
use crate::head::Activations;
use crate::imaging::Rgb8;
use crate::weights::ConvWeights;

/// Images of the right size to be explained, and where the answers go, one an image.
pub(super) struct ActivationsJob {
    pub(super) images: Vec<Rgb8>,
    pub(super) reply: Sender<Result<Vec<Activations>, NnError>>,
}

/// Images of the right size whose features are wanted, as this arithmetic gives them, and where they go.
pub(super) struct FeaturesJob {
    pub(super) images: Arc<[Rgb8]>,
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

/// What runs now, and where: the handle reads it, and the network's thread changes it when a GPU is lost.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) backbone: Backbone,
    pub(super) device: String,
    /// Images at a time.
    pub(super) batch: usize,
}

/// The network and the one size of its batches.
pub(super) struct NetworkWorker {
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
    convs: Vec<ConvWeights>,
    input: Preparation,
    compute: ComputeSettings,
    n_threads: usize,
}

impl NetworkWorker {
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
        let loaded = backbone::load(backbone, weights_dir, stop)?;
        let input = backbone.preprocessing.fixed().unwrap_or(loaded.weights.input);
        let (network, chosen) = begin(chosen, compute, n_threads, &loaded.weights.convs, input)?;
        let Chosen { device, batch, why, .. } = chosen;
        let backbone = Backbone::new(&loaded, input, &network.manner());
        let fingerprint = backbone.fingerprint;
        let running = Arc::new(RwLock::new(Running { backbone, device: why, batch }));
        let spare = (device != Device::Cpu).then(|| {
            let compute = compute.clone();
            Spare { device, convs: loaded.weights.convs, input, compute, n_threads }
        });
        let worker = Self { network, batch, running: Arc::clone(&running), fingerprint, spare };
        Ok((worker, running))
    }

    /// Until every handle is gone.
    pub(super) fn serve(mut self, scans: &Receiver<ActivationsJob>, training: &Receiver<FeaturesJob>) {
        let _no_grad = tch::no_grad_guard();
        loop {
            self.serve_waiting(scans);
            // Whoever asked may have gone meanwhile.
            select! {
                recv(scans) -> job => match job {
                    Ok(job) => drop(job.reply.send(self.activations(&job.images))),
                    Err(_) => break,
                },
                recv(training) -> job => match job {
                    Ok(job) => drop(job.reply.send(self.features(&job, scans))),
                    Err(_) => break,
                },
            }
        }
        self.network.release();
    }

    fn serve_waiting(&mut self, scans: &Receiver<ActivationsJob>) {
        scans.try_iter().for_each(|job| drop(job.reply.send(self.activations(&job.images))));
    }

    /// Again on the processor where a GPU fails.
    fn activations(&mut self, images: &[Rgb8]) -> Result<Vec<Activations>, NnError> {
        loop {
            match guarded(|| self.network.forward(images)) {
                Ok(answers) => return Ok(answers),
                // One image at a time: there is no smaller batch.
                Err(error) => self.recover(error, 1)?,
            }
        }
    }

    /// All rows by one arithmetic; from the first that is missing on, in smaller batches, where a GPU's memory is too small.
    fn features(&mut self, job: &FeaturesJob, scans: &Receiver<ActivationsJob>) -> Result<Vec<Vec<f32>>, NnError> {
        let mut rows = Vec::with_capacity(job.images.len());
        while rows.len() < job.images.len() {
            if job.arithmetic != self.fingerprint {
                return Err(NnError::ArithmeticChanged);
            }
            if let Err(error) = guarded(|| self.stream(&job.images, &mut rows, scans)) {
                self.recover(error, self.batch)?;
            }
        }
        Ok(rows)
    }

    /// Adds the missing rows batch by batch: one is prepared while another is computed. Waiting `scans` are served after
    /// each. Ends early, with whole batches, when serving one of them has changed how the network runs.
    fn stream(
        &mut self,
        images: &[Rgb8],
        rows: &mut Vec<Vec<f32>>,
        scans: &Receiver<ActivationsJob>,
    ) -> Result<(), NnError> {
        let as_begun = (self.fingerprint, self.batch);
        let mut before: Option<PendingFeatures> = None;
        let missing = &images[rows.len()..];
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

    /// Changes how the network runs so that `batch` images are worth another try, or says why that is not possible.
    fn recover(&mut self, error: NnError, batch: usize) -> Result<(), NnError> {
        let Some(spare) = self.spare.take() else { return Err(error) };
        let recovered = match gpu_fallback::remedy(&error, spare.device, batch) {
            Remedy::Smaller(smaller) => {
                self.shrink(batch, smaller);
                Ok(())
            }
            Remedy::Exact => self.become_exact(&spare, &error).or_else(|cause| self.leave_gpu(&spare, &cause)),
            Remedy::Processor => self.leave_gpu(&spare, &error),
            Remedy::None => Err(error),
        };
        // The processor needs no spare.
        self.spare = matches!(self.network, Network::Gpu(_)).then_some(spare);
        recovered
    }

    fn shrink(&mut self, batch: usize, smaller: usize) {
        tracing::warn!("The GPU's memory is too small for {batch} images at a time: going on with {smaller}.");
        self.batch = smaller;
        self.changed(|running| running.batch = smaller);
    }

    fn leave_gpu(&mut self, spare: &Spare, error: &NnError) -> Result<(), NnError> {
        let chosen = instead_of_gpu(&spare.compute, spare.n_threads, "the GPU was lost", error)?;
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
        let Chosen { device, arithmetic, batch, why } = chosen;
        let network = Network::new(&VGG16, &spare.convs, spare.input, device, arithmetic)?;
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
    convs: &[ConvWeights],
    input: Preparation,
) -> Result<(Network, Chosen), NnError> {
    let make = |chosen: Chosen| {
        let network = Network::new(&VGG16, convs, input, chosen.device, chosen.arithmetic)?;
        Ok((network, chosen))
    };
    let device = chosen.device;
    make(chosen).or_else(|error| {
        let passed_over =
            compute.device == config::Device::Auto && gpu_fallback::remedy(&error, device, 1) == Remedy::Processor;
        if !passed_over {
            return Err(error);
        }
        make(instead_of_gpu(compute, n_threads, "the GPU failed", &error)?)
    })
}

/// The processor instead of a GPU that failed with `error`; an error where only a GPU has the configured precision.
fn instead_of_gpu(compute: &ComputeSettings, n_threads: usize, why: &str, error: &NnError) -> Result<Chosen, NnError> {
    let chosen = device::processor(compute, n_threads, why).inspect_err(|_| tracing::warn!("{why}: {error}"))?;
    tracing::warn!("{error}; going on with {}; start gradwatch again once the GPU works.", chosen.why);
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let error = guarded::<()>(|| panic!("index {} is out of range", 7)).unwrap_err().to_string();
        assert_eq!(error, "the network's thread ran into a bug (index 7 is out of range); please report it");
    }

    #[test]
    fn the_processor_does_not_stand_in_for_16_bit_floats_of_a_gpu_that_failed() {
        let compute = |precision| ComputeSettings {
            device: config::Device::Auto,
            precision,
            cuda_folder: std::path::PathBuf::new(),
            threads: 1,
        };
        let lost = NnError::Torch { doing: "run the network", cause: "CUDA error".to_owned() };
        let instead = |precision| instead_of_gpu(&compute(precision), 1, "the GPU was lost", &lost);
        assert_eq!(instead(Precision::Auto).unwrap().why, "the processor with 1 thread in f32: the GPU was lost");
        for precision in [Precision::F16, Precision::Bf16] {
            assert!(matches!(instead(precision), Err(NnError::OnGpusAlone { .. })));
        }
    }
}
