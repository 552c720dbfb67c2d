//! The network that runs now, its batches, and how it goes on where a GPU fails: in smaller batches, in f32, on the
//! processor.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use tch::{Device, NoGradGuard};

use super::backbone::{self, About, Backbone, LoadedWeights, NetworkChoice, fingerprint};
use super::device::{self, Chosen};
use super::error::NnError;
use super::gpu_fallback::{self, Remedy};
use super::libtorch;
use super::malloc::keep_freed_memory;
use super::network::{Network, PendingFeatures, is_filtered};
use super::network_image::NetworkImage;
use crate::config::{self, ComputeSettings, Precision, Preparation};
use crate::domain::vgg16::VGG16;
use crate::domain::{ContentHash, StopFlag};
use crate::head::Activations;
use crate::weights::ConvWeights;

/// What runs now, and where: the handle reads it, and the network's thread changes it when a GPU is lost.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) backbone: Backbone,
    pub(super) device: String,
    /// Images at a time.
    pub(super) batch: usize,
}

/// The network and the one size of its batches.
pub(super) struct RunningNetwork {
    network: Network,
    batch: usize,
    running: Arc<RwLock<Running>>,
    /// Of what runs now.
    fingerprint: ContentHash,
    /// What the network is made anew from when a GPU fails; nothing on the processor.
    spare: Option<Spare>,
    /// Holds for the thread.
    _no_grad: Option<NoGradGuard>,
}

/// All that a network is made of.
struct Spare {
    device: Device,
    convs: Vec<ConvWeights>,
    input: Preparation,
    side: u32,
    compute: ComputeSettings,
    n_threads: usize,
}

impl RunningNetwork {
    /// Chooses the device, loads the weights and places them. Called on the network's thread, before any other use of
    /// libtorch.
    ///
    /// # Errors
    /// Unusable weights, a device that is not there, [`NnError::Stopped`] once `stop` is raised.
    pub(super) fn new(
        choice: &NetworkChoice,
        compute: &ComputeSettings,
        weights_dir: &Path,
        stop: &StopFlag,
    ) -> Result<Self, NnError> {
        let n_threads = match compute.threads {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            n => n,
        };
        keep_freed_memory();
        let chosen = device::choose(compute, n_threads)?;
        let no_grad = if is_filtered(chosen.device) { None } else { Some(begin_libtorch(n_threads)?) };
        let side = choice.input_side();
        let begun = begin(chosen, compute, n_threads, (choice, weights_dir, stop))?;
        let Begun { network, about, chosen, convs } = begun;
        let Chosen { device, batch, why, .. } = chosen;
        let backbone = Backbone::new(&about, side, &network.manner());
        let fingerprint = backbone.fingerprint;
        let running = Arc::new(RwLock::new(Running { backbone, device: why, batch }));
        let spare = (device != Device::Cpu).then(|| {
            let compute = compute.clone();
            Spare { device, convs, input: about.input, side, compute, n_threads }
        });
        Ok(Self { network, batch, running, fingerprint, spare, _no_grad: no_grad })
    }

    /// What runs, for the handles: it changes when a GPU fails.
    pub(super) fn running(&self) -> Arc<RwLock<Running>> {
        Arc::clone(&self.running)
    }

    /// Images at a time.
    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// Identity of the features that it gives now.
    pub(super) fn fingerprint(&self) -> ContentHash {
        self.fingerprint
    }

    /// All activations of images of its size.
    pub(super) fn forward(&self, images: &[NetworkImage]) -> Result<Vec<Activations>, NnError> {
        self.network.forward(images)
    }

    /// Begins with the features of at most one batch.
    pub(super) fn start(&self, images: &[NetworkImage]) -> Result<PendingFeatures, NnError> {
        self.network.start(images, self.batch)
    }

    /// Gives its memory back, as far as that is possible.
    pub(super) fn release(self) {
        self.network.release();
    }

    /// Changes how the network runs so that `batch` images are worth another try.
    ///
    /// # Errors
    /// `error` where nothing can be done about it, or why the processor cannot take over.
    pub(super) fn recover(&mut self, error: NnError, batch: usize) -> Result<(), NnError> {
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
        tracing::warn!(batch, smaller, "GPU memory is too small for the batch; continuing with a smaller one");
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
        tracing::warn!(%error, device = chosen.why, "Continuing in f32, which is faster if it is set from the start");
        self.replace(spare, chosen).map(drop)
    }

    /// Runs on as `chosen` from now on, with another fingerprint; returns the network until now.
    fn replace(&mut self, spare: &Spare, chosen: Chosen) -> Result<Network, NnError> {
        let Chosen { device, arithmetic, batch, why } = chosen;
        let network = Network::new(&VGG16, &spare.convs, spare.input, spare.side, device, arithmetic)?;
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

/// On the thread that computes with it: OpenMP keeps the number of threads by thread.
fn begin_libtorch(n_threads: usize) -> Result<NoGradGuard, NnError> {
    libtorch::open()?;
    tch::set_num_threads(n_threads as i32);
    Ok(tch::no_grad_guard())
}

/// A network, what is known of its weights, where it runs, and the weights if they were read.
struct Begun {
    network: Network,
    about: About,
    chosen: Chosen,
    convs: Vec<ConvWeights>,
}

/// By kept filters where there are some, else by the weights themselves; then their filters are kept.
fn begin(
    chosen: Chosen,
    compute: &ComputeSettings,
    n_threads: usize,
    (choice, weights_dir, stop): (&NetworkChoice, &Path, &StopFlag),
) -> Result<Begun, NnError> {
    let (side, is_filtered) = (choice.input_side(), is_filtered(chosen.device));
    let of_kept = |about: &About| if is_filtered { Network::kept(weights_dir, about, side) } else { None };
    let known = backbone::known(choice, weights_dir);
    if let Some((network, about)) = known.as_ref().and_then(of_kept).zip(known.as_ref()) {
        return Ok(Begun { network, about: about.clone(), chosen, convs: Vec::new() });
    }
    let LoadedWeights { convs, about, .. } = backbone::load(choice, weights_dir, stop)?;
    // Of weights that only their content tells.
    if known.is_none()
        && let Some(network) = of_kept(&about)
    {
        return Ok(Begun { network, about, chosen, convs });
    }
    let (network, chosen) = make(chosen, compute, n_threads, &convs, (about.input, side))?;
    network.keep(weights_dir, about.sha256);
    Ok(Begun { network, about, chosen, convs })
}

/// The network as chosen. Where the choice was left to the program, a GPU that fails at once is passed over.
fn make(
    chosen: Chosen,
    compute: &ComputeSettings,
    n_threads: usize,
    convs: &[ConvWeights],
    (input, side): (Preparation, u32),
) -> Result<(Network, Chosen), NnError> {
    let make = |chosen: Chosen| {
        let network = Network::new(&VGG16, convs, input, side, chosen.device, chosen.arithmetic)?;
        Ok((network, chosen))
    };
    let device = chosen.device;
    make(chosen).or_else(|error| make(after_failed_start(error, device, compute, n_threads)?))
}

/// What runs where a GPU failed with `error` before its first batch: the processor, unless the GPU is the configured one.
fn after_failed_start(
    error: NnError,
    device: Device,
    compute: &ComputeSettings,
    n_threads: usize,
) -> Result<Chosen, NnError> {
    if gpu_fallback::remedy(&error, device, 1) != Remedy::Processor {
        return Err(error);
    }
    match compute.device {
        config::Device::Auto => instead_of_gpu(compute, n_threads, "the GPU failed", &error),
        config::Device::Cuda(index) => Err(NnError::DeviceFailed { index, cause: Box::new(error) }),
        config::Device::Cpu => Err(error),
    }
}

/// The processor, in f32, instead of a GPU that failed with `error`, whatever precision the GPU was to have.
fn instead_of_gpu(compute: &ComputeSettings, n_threads: usize, why: &str, error: &NnError) -> Result<Chosen, NnError> {
    let in_f32 = ComputeSettings { precision: Precision::F32, ..compute.clone() };
    let chosen = device::processor(&in_f32, n_threads, why)?;
    tracing::warn!(%error, device = chosen.why, "GPU failed; continuing on the processor until gradwatch is started again");
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::arithmetic::Arithmetic;

    #[test]
    fn a_gpu_that_fails_at_the_start_is_passed_over_unless_it_is_configured() {
        let outcome = |device, cause: &str| {
            let (precision, cuda_folder) = (Precision::Auto, std::path::PathBuf::new());
            let compute = ComputeSettings { device, precision, cuda_folder, threads: 1, models_in_memory: 2 };
            let error = NnError::Torch { doing: "place the weights on the GPU", cause: cause.to_owned() };
            let chosen = after_failed_start(error, Device::Cuda(0), &compute, 1);
            chosen.map(|chosen| chosen.device).map_err(|error| error.to_string())
        };
        let lost = "CUDA error: unspecified launch failure";
        assert_eq!(outcome(config::Device::Auto, lost), Ok(Device::Cpu));
        let text = "device `cuda:0` failed at the start: libtorch failed to place the weights on the GPU: CUDA error: \
                    unspecified launch failure; start gradwatch again, or set compute.device to \"auto\" or \"cpu\"";
        assert_eq!(outcome(config::Device::Cuda(0), lost), Err(text.to_owned()));
        let bug = "libtorch failed to place the weights on the GPU: wrong shape";
        assert_eq!(outcome(config::Device::Auto, "wrong shape"), Err(bug.to_owned()));
    }

    #[test]
    fn the_processor_stands_in_for_a_gpu_that_failed_in_f32_whatever_its_precision() {
        for precision in [Precision::Auto, Precision::F32, Precision::F16, Precision::Bf16] {
            let (device, cuda_folder) = (config::Device::Auto, std::path::PathBuf::new());
            let compute = ComputeSettings { device, precision, cuda_folder, threads: 1, models_in_memory: 2 };
            let chosen = instead_of_gpu(&compute, 1, "the GPU was lost", &NnError::EngineGone).unwrap();
            assert_eq!((chosen.device, chosen.arithmetic), (Device::Cpu, Arithmetic::F32), "{precision:?}");
            assert!(chosen.why.contains("the GPU was lost"), "{}", chosen.why);
        }
    }
}
