//! One thread owns the network; everybody else holds a handle and sends it images.
//!
//! Scans overtake training between batches. A panic on the thread becomes an error of the job that caused it, and the
//! thread's end an error of whoever asks: nobody hangs.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, bounded, unbounded};

use super::backbone::{Backbone, NetworkChoice};
use super::error::NnError;
use super::network_image::NetworkImage;
use super::running_network::{Running, RunningNetwork};
use super::worker::{ActivationsJob, FeaturesJob, NetworkWorker, guarded};
use crate::config::ComputeSettings;
use crate::domain::{ContentHash, StopFlag};
use crate::head::Activations;

/// A handle to the network's thread; clones share it. The last one to go waits for the thread to end, so that the
/// program never exits while libtorch computes.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// `None` only while the last handle goes.
    queues: Option<JobQueues>,
    thread: Option<JoinHandle<()>>,
    /// Pixels a side of the images that it takes.
    side: u32,
    running: Arc<RwLock<Running>>,
    n_forwarded: AtomicU64,
}

#[derive(Debug)]
struct JobQueues {
    scans: Sender<ActivationsJob>,
    training: Sender<FeaturesJob>,
}

/// Each of the five pools halves an image: of fewer pixels a side nothing is left.
const LEAST_SIDE: u32 = 32;

/// Where the answers to one job go.
type Reply<T> = Sender<Result<Vec<T>, NnError>>;

impl Engine {
    /// Loads the weights (or makes the built-in backbone, once, into `weights_dir`) and starts the thread `gw-torch`.
    /// Its images have at least 32 pixels a side.
    ///
    /// # Errors
    /// [`NnError::SmallInput`], unusable weights, a device that is not there, [`NnError::Stopped`] once `stop` is raised.
    pub fn start(
        choice: &NetworkChoice,
        compute: &ComputeSettings,
        weights_dir: &Path,
        stop: &StopFlag,
    ) -> Result<Self, NnError> {
        let side = choice.input_side();
        if side < LEAST_SIDE {
            return Err(NnError::SmallInput { side, least: LEAST_SIDE });
        }
        let (scans, scan_queue) = unbounded();
        let (training, training_queue) = unbounded();
        let (ready, started) = bounded(1);
        let (choice, compute) = (choice.clone(), compute.clone());
        let (weights_dir, stop) = (weights_dir.to_owned(), stop.clone());
        let work = move || {
            // Whoever starts the engine waits for one of these two answers, so neither can fail to arrive.
            match guarded(|| RunningNetwork::new(&choice, &compute, &weights_dir, &stop)) {
                Ok(network) => {
                    let _ = ready.send(Ok(network.running()));
                    NetworkWorker::new(network).serve(&scan_queue, &training_queue);
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        };
        let thread = thread::Builder::new().name("gw-torch".to_owned()).spawn(work).map_err(|_| NnError::EngineGone)?;
        let running = started.recv().map_err(|_| NnError::EngineGone)??;
        let Running { backbone, device, .. } = running.read().unwrap_or_else(PoisonError::into_inner).clone();
        tracing::info!(backbone = %backbone.name, sha256 = %backbone.record.sha256.short(), %device, "Network is ready");
        Ok(Self(Arc::new(Shared {
            queues: Some(JobQueues { scans, training }),
            thread: Some(thread),
            side,
            running,
            n_forwarded: AtomicU64::new(0),
        })))
    }

    /// Everything that explaining needs of images of its size, in order. Somebody waits for a report: it goes first. Memory
    /// holds all answers at once (about 0.5 MB each).
    ///
    /// # Errors
    /// [`NnError::WrongInput`], libtorch's refusals, [`NnError::EngineGone`].
    pub fn activations(&self, images: Vec<NetworkImage>) -> Result<Vec<Activations>, NnError> {
        images.iter().try_for_each(|image| self.check(image))?;
        self.ask(images.len(), |queues, reply| queues.scans.send(ActivationsJob { images, reply }).is_ok())
    }

    /// pool5 of images of its size, in order, for a training: scans overtake it between batches. Keep it to a few batches
    /// (0.1 MB an answer). `arithmetic` is the fingerprint of the [`Self::backbone`] whose features are wanted.
    ///
    /// # Errors
    /// As [`Self::activations`]; [`NnError::ArithmeticChanged`] if another backbone runs than the one wanted, or comes to.
    pub fn features(
        &self,
        images: impl Into<Arc<[NetworkImage]>>,
        arithmetic: ContentHash,
    ) -> Result<Vec<Vec<f32>>, NnError> {
        let images = images.into();
        images.iter().try_for_each(|image| self.check(image))?;
        self.ask(images.len(), |queues, reply| queues.training.send(FeaturesJob { images, arithmetic, reply }).is_ok())
    }

    /// Waits for the `n` answers of what `send` puts into a queue.
    fn ask<T>(&self, n: usize, send: impl FnOnce(&JobQueues, Reply<T>) -> bool) -> Result<Vec<T>, NnError> {
        let queues = self.0.queues.as_ref().ok_or(NnError::EngineGone)?;
        let (reply, answer) = bounded(1);
        if !send(queues, reply) {
            return Err(NnError::EngineGone);
        }
        let answers = answer.recv().map_err(|_| NnError::EngineGone)??;
        self.0.n_forwarded.fetch_add(n as u64, Ordering::Relaxed);
        Ok(answers)
    }

    /// Whether somebody else holds a handle to it.
    pub fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn check(&self, image: &NetworkImage) -> Result<(), NnError> {
        let (side, found) = (self.0.side, image.side());
        if found == side { Ok(()) } else { Err(NnError::WrongInput { side, found }) }
    }

    fn running(&self) -> Running {
        self.0.running.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Which frozen network runs now. Its fingerprint changes when a GPU is lost.
    pub fn backbone(&self) -> Backbone {
        self.running().backbone
    }

    /// Where it runs now and why, one sentence.
    pub fn device(&self) -> String {
        self.running().device
    }

    /// Images that run at a time; jobs of a multiple of it waste nothing.
    pub fn batch(&self) -> usize {
        self.running().batch
    }

    /// Images that went through the network since the start, of scans and of trainings; padding is not counted.
    pub fn n_forwarded(&self) -> u64 {
        self.0.n_forwarded.load(Ordering::Relaxed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queues = None;
        if let Some(thread) = self.thread.take() {
            // Panics on the thread are caught and reported to whoever asked; there is nothing more to say here.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::OnceLock;

    use super::*;
    use crate::config::{BackboneSettings, Device, Precision, Preprocessing, WeightsChoice};
    use crate::domain::BackboneRecord;
    use crate::domain::vgg16::{GRID_SIDE, INPUT_SIDE, N_CHANNELS, N_FEATURES, VGG16};
    use crate::nn::builtin::BuiltIn;
    use crate::nn::calibration_images::calibration_image;

    fn backbone() -> NetworkChoice {
        let settings = BackboneSettings { weights: WeightsChoice::Auto, preprocessing: Preprocessing::Auto, seed: 1 };
        NetworkChoice::Configured(settings)
    }

    fn compute(device: Device) -> ComputeSettings {
        ComputeSettings {
            device,
            precision: Precision::Auto,
            cuda_folder: std::path::PathBuf::new(),
            threads: 2,
            models_in_memory: 2,
        }
    }

    /// One full-size network for all tests, standardised on a single image so that it is soon there.
    pub(in crate::nn) fn engine() -> Engine {
        static ENGINE: OnceLock<Engine> = OnceLock::new();
        let start = || {
            let dir = tempfile::tempdir().unwrap();
            let quick = BuiltIn { plan: &VGG16, seed: 1, n_images: 1 };
            quick.load_or_make(dir.path(), &StopFlag::default()).unwrap();
            Engine::start(&backbone(), &compute(Device::Cpu), dir.path(), &StopFlag::default()).unwrap()
        };
        ENGINE.get_or_init(start).clone()
    }

    #[test]
    fn an_answer_does_not_depend_on_what_else_was_asked() {
        let engine = engine();
        let [a, b] = [0, 1].map(|number| calibration_image(9, number));
        let together = engine.activations(vec![a.clone(), b.clone(), a.clone()]).unwrap();
        let alone = engine.activations(vec![b.clone()]).unwrap();
        assert_eq!(engine.features(vec![b], engine.backbone().fingerprint).unwrap(), [alone[0].pool5.clone()]);
        assert_eq!(together[1], alone[0]);
        assert_eq!(together[0], together[2]);
        assert_ne!(together[0], together[1]);
        assert_eq!((together[0].pool5.len(), together[0].conv5_3.len()), (N_FEATURES, N_CHANNELS * GRID_SIDE.pow(2)));
        assert!(together[0].conv5_3.iter().all(|value| *value >= 0.0 && value.is_finite()));
        assert!(engine.n_forwarded() >= 4);
    }

    #[test]
    fn pool5_is_the_greatest_of_each_window() {
        let activations = engine().activations(vec![calibration_image(3, 2)]).unwrap().remove(0);
        let at = |channel: usize, row: usize, column: usize| activations.conv5_3[channel * 196 + row * 14 + column];
        for (channel, row, column) in [(0, 0, 0), (100, 3, 6), (511, 6, 2)] {
            let window = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(r, c)| at(channel, 2 * row + r, 2 * column + c));
            let greatest = window.into_iter().fold(0.0, f32::max);
            assert_eq!(activations.pool5[channel * 49 + row * 7 + column].to_bits(), greatest.to_bits());
        }
    }

    #[test]
    fn scans_overtake_training() {
        let engine = engine();
        let queues = engine.0.queues.as_ref().unwrap();
        let (reply, trained) = bounded(1);
        let images = vec![calibration_image(1, 0); 8].into();
        queues.training.send(FeaturesJob { images, arithmetic: engine.backbone().fingerprint, reply }).unwrap();
        // The thread has it in hand when it is in the queue no more.
        while !queues.training.is_empty() {
            thread::yield_now();
        }
        engine.activations(vec![calibration_image(1, 1)]).unwrap();
        assert!(trained.is_empty(), "the scan waited for the whole training");
        assert_eq!(trained.recv().unwrap().unwrap().len(), 8);
    }

    #[test]
    fn the_record_says_what_runs() {
        let engine = engine();
        let Backbone { name, record, fingerprint } = engine.backbone();
        assert_eq!(name, "VGG16 (built-in, seed 1: generated, not trained on photographs)");
        assert_eq!((record.origin.as_str(), record.preprocessing.as_str()), ("built-in", "imagenet"));
        assert_ne!(fingerprint, record.sha256);
        let device = engine.device();
        assert!(device.starts_with("the processor with 2 threads in "), "{device}");
        assert!(device.ends_with(": compute.device is \"cpu\""), "{device}");
    }

    #[test]
    fn an_image_of_another_size_and_a_missing_gpu_are_refused() {
        let wrong = NetworkImage::generated(10, vec![0; 300]);
        let error = engine().activations(vec![wrong]).unwrap_err().to_string();
        assert_eq!(error, "the network takes images of 224x224 pixels, not of 10x10");
        let dir = tempfile::tempdir().unwrap();
        let refused = Engine::start(&backbone(), &compute(Device::Cuda(99)), dir.path(), &StopFlag::default());
        assert!(matches!(refused, Err(NnError::NoSuchDevice { index: 99, .. })));
    }

    #[test]
    fn a_network_for_images_of_which_nothing_is_left_is_refused() {
        let settings = BackboneSettings { weights: WeightsChoice::Auto, preprocessing: Preprocessing::Auto, seed: 1 };
        let small = BackboneRecord { input_side: 31, ..engine().backbone().record };
        let choice = NetworkChoice::OfModel(small, settings);
        let refused = Engine::start(&choice, &compute(Device::Cpu), Path::new("weights"), &StopFlag::default());
        let text = "VGG16 takes images of at least 32x32 pixels, not of 31x31";
        assert_eq!(refused.unwrap_err().to_string(), text);
    }

    #[test]
    fn a_dead_thread_is_an_error_not_a_hang() {
        let (scans, _) = unbounded();
        let (training, _) = unbounded();
        let shared = Shared {
            queues: Some(JobQueues { scans, training }),
            thread: None,
            side: INPUT_SIDE as u32,
            running: Arc::new(RwLock::new(engine().running())),
            n_forwarded: AtomicU64::new(0),
        };
        let dead = Engine(Arc::new(shared));
        let answer = dead.features(vec![calibration_image(1, 0)], dead.backbone().fingerprint);
        assert!(matches!(answer, Err(NnError::EngineGone)));
    }

    #[test]
    fn features_of_another_arithmetic_than_the_running_one_are_refused() {
        let engine = engine();
        let other = ContentHash::of(b"a GPU that was lost");
        let refused = engine.features(vec![calibration_image(1, 0)], other);
        assert!(matches!(refused, Err(NnError::ArithmeticChanged)));
        let right = engine.features(vec![calibration_image(1, 0)], engine.backbone().fingerprint);
        assert_eq!(right.unwrap().len(), 1);
    }
}
