//! What lives on the network's thread: the network itself, and the order in which it answers.
//!
//! Every batch has the device's one size, padded where pictures run out, so that what the network says of a picture does
//! not depend on what else was asked.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;

use crossbeam_channel::{Receiver, Sender, select};
use tch::Device;

use super::allocation::keep_freed_memory;
use super::architecture::{INPUT_SIDE, VGG16};
use super::builtin::{self, BuiltIn};
use super::device::{self, Chosen};
use super::engine::Backbone;
use super::network::Network;
use super::rescue::{self, Remedy};
use super::weights::{self, FILE_ORIGIN, Layer, Weights};
use super::{Activations, NnError};
use crate::config::{BackboneSettings, ComputeSettings, Preparation, WeightsChoice};
use crate::domain::{BackboneRecord, ContentHash, StopFlag};
use crate::imaging::Rgb8;

/// Pictures of the right size, and where the answers go, one a picture.
pub(super) struct Job<T> {
    pub(super) pictures: Vec<Rgb8>,
    pub(super) reply: Sender<Result<Vec<T>, NnError>>,
}

/// Turns a panic into an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, NnError>) -> Result<T, NnError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(NnError::Panicked { cause: text.lines().next().unwrap_or_default().to_owned() })
    })
}

/// What the handle tells about the network.
pub(super) struct Started {
    pub(super) backbone: Backbone,
    pub(super) device: String,
    pub(super) batch: usize,
}

/// The network and the one size of its batches.
pub(super) struct Worker {
    network: Network,
    batch: usize,
    /// What a lost GPU is replaced from; nothing on the processor.
    spare: Option<Spare>,
}

/// All that a network on the processor is made of.
struct Spare {
    device: Device,
    layers: Vec<Layer>,
    input: Preparation,
    compute: ComputeSettings,
    n_threads: usize,
}

/// What is asked of the network.
type Pass<T> = fn(&Network, &[Rgb8]) -> Result<Vec<T>, NnError>;

impl Worker {
    pub(super) fn new(
        backbone: &BackboneSettings,
        compute: &ComputeSettings,
        weights_dir: &Path,
        stop: &StopFlag,
    ) -> Result<(Self, Started), NnError> {
        let n_threads = match compute.threads {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            n => n,
        };
        keep_freed_memory();
        let Chosen { device, precision, batch, why } = device::choose(compute, n_threads)?;
        // OpenMP keeps this setting by thread: it must be made here.
        tch::set_num_threads(n_threads as i32);
        let (weights, name, origin) = load(backbone, weights_dir, stop)?;
        let input = backbone.preprocessing.fixed().unwrap_or(weights.input);
        let network = Network::new(&VGG16, &weights.layers, input, device, precision)?;
        let described = describe(name, origin, input, network.manner(), weights.sha256);
        let spare = (device != Device::Cpu).then(|| {
            let compute = compute.clone();
            Spare { device, layers: weights.layers, input, compute, n_threads }
        });
        Ok((Self { network, batch, spare }, Started { backbone: described, device: why, batch }))
    }

    /// Until every handle is gone.
    pub(super) fn serve(mut self, scans: &Receiver<Job<Activations>>, training: &Receiver<Job<Vec<f32>>>) {
        let _no_grad = tch::no_grad_guard();
        loop {
            self.serve_waiting(scans);
            select! {
                recv(scans) -> job => match job {
                    Ok(job) => self.answer(&job, Network::forward, None),
                    Err(_) => return,
                },
                recv(training) -> job => match job {
                    Ok(job) => self.answer(&job, Network::features, Some(scans)),
                    Err(_) => return,
                },
            }
        }
    }

    fn serve_waiting(&mut self, scans: &Receiver<Job<Activations>>) {
        scans.try_iter().for_each(|job| self.answer(&job, Network::forward, None));
    }

    /// Batch by batch; waiting `scans` are served after each.
    fn answer<T>(&mut self, job: &Job<T>, pass: Pass<T>, scans: Option<&Receiver<Job<Activations>>>) {
        let mut answers = Vec::with_capacity(job.pictures.len());
        for pictures in job.pictures.chunks(self.batch) {
            match guarded(|| self.run(pictures, pass)) {
                Ok(answered) => answers.extend(answered),
                Err(error) => {
                    let _ = job.reply.send(Err(error));
                    return;
                }
            }
            if let Some(scans) = scans {
                self.serve_waiting(scans);
            }
        }
        // Whoever asked may have gone meanwhile.
        let _ = job.reply.send(Ok(answers));
    }

    /// At most one batch, tried again with less where a GPU fails.
    fn run<T>(&mut self, pictures: &[Rgb8], pass: Pass<T>) -> Result<Vec<T>, NnError> {
        loop {
            let batches = pictures.chunks(self.batch).map(|batch| self.padded(batch, pass));
            let error = match batches.collect::<Result<Vec<_>, _>>() {
                Ok(answers) => return Ok(answers.into_iter().flatten().collect()),
                Err(error) => error,
            };
            let device = self.spare.as_ref().map_or(Device::Cpu, |spare| spare.device);
            match rescue::remedy(&error, device, self.batch) {
                Remedy::Smaller(batch) => {
                    tracing::warn!(
                        "the GPU's memory is too small for {} pictures at a time: going on with {batch}",
                        self.batch
                    );
                    self.batch = batch;
                }
                Remedy::Processor => self.leave_gpu(&error)?,
                Remedy::None => return Err(error),
            }
        }
    }

    fn leave_gpu(&mut self, error: &NnError) -> Result<(), NnError> {
        let Some(Spare { layers, input, compute, n_threads, .. }) = self.spare.take() else { return Ok(()) };
        let chosen = device::processor(&compute, n_threads, "the GPU was lost")?;
        tracing::warn!("{error}; going on with {}; start gradwatch again once the GPU is well", chosen.why);
        self.network = Network::new(&VGG16, &layers, input, chosen.device, chosen.precision)?;
        self.batch = chosen.batch;
        Ok(())
    }

    /// At most one batch, padded to exactly one.
    fn padded<T>(&self, pictures: &[Rgb8], pass: Pass<T>) -> Result<Vec<T>, NnError> {
        if pictures.len() == self.batch {
            return pass(&self.network, pictures);
        }
        let side = INPUT_SIDE as u32;
        let blank = Rgb8 { width: side, height: side, data: vec![0; 3 * INPUT_SIDE * INPUT_SIDE] };
        let mut padded = pictures.to_vec();
        padded.resize(self.batch, blank);
        let mut answers = pass(&self.network, &padded)?;
        answers.truncate(pictures.len());
        Ok(answers)
    }
}

/// The weights with their name and origin.
fn load(settings: &BackboneSettings, dir: &Path, stop: &StopFlag) -> Result<(Weights, String, &'static str), NnError> {
    let file = match &settings.weights {
        WeightsChoice::File(path) => Some(path.clone()),
        WeightsChoice::Auto => imported(dir)?,
    };
    if let Some(path) = file {
        let name = format!("VGG16 ({})", path.file_name().unwrap_or_default().to_string_lossy());
        return Ok((weights::read(&path, &VGG16)?, name, FILE_ORIGIN));
    }
    let name = format!("VGG16 (built-in, seed {}: generated, not trained on photographs)", settings.seed);
    Ok((BuiltIn::vgg16(settings.seed).load_or_make(dir, stop)?, name, builtin::ORIGIN))
}

/// The one weights file that a user put into the folder.
fn imported(dir: &Path) -> Result<Option<PathBuf>, NnError> {
    let mut files = weights::weights_in(dir)?;
    files.retain(|path| !builtin::is_built_in(path));
    if files.len() > 1 {
        let names: Vec<_> =
            files.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy()).collect();
        return Err(NnError::SeveralWeights { folder: dir.to_owned(), names: names.join(", ") });
    }
    Ok(files.pop())
}

fn describe(name: String, origin: &str, input: Preparation, manner: &str, sha256: ContentHash) -> Backbone {
    let manner = format!("{input} {manner}");
    let fingerprint = ContentHash::of_parts([sha256.as_bytes().as_slice(), manner.as_bytes()]);
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

    #[test]
    fn auto_takes_the_one_imported_file_and_will_not_choose_among_several() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(imported(&dir.path().join("absent")).unwrap(), None);
        std::fs::write(dir.path().join("built-in-v1-seed1-01234567.safetensors"), b"").unwrap();
        assert_eq!(imported(dir.path()).unwrap(), None);
        std::fs::write(dir.path().join("b.safetensors"), b"").unwrap();
        assert_eq!(imported(dir.path()).unwrap(), Some(dir.path().join("b.safetensors")));
        std::fs::write(dir.path().join("a.safetensors"), b"").unwrap();
        let error = imported(dir.path()).unwrap_err().to_string();
        assert!(error.contains("(a.safetensors, b.safetensors): name one in backbone.weights"), "{error}");
    }
}
