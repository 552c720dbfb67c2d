//! `gradwatch bench`: images per second of decoding, of the network, and of both, on each device.

mod parity;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde_json::json;

use super::failure::{Exit, Failure};
use super::output;
use crate::config::{ComputeSettings, Device, Precision, Settings};
use crate::content::{self, Listing, Reader};
use crate::disk::{self, Workspace};
use crate::domain::{Reserve, Silent, StopFlag};
use crate::imaging::{Phantom, PhantomClass, encode_png};
use crate::nn::{self, Engine, NetworkChoice, NetworkImage};
use crate::service;
use crate::train::{self, FeatureFolder};
use parity::Difference;

/// Number of generated images, processed in turn.
const N_GENERATED: u64 = 64;
/// Batches that are asked for at a time: within one question a GPU prepares and reads while it computes.
const N_BATCHES: usize = 8;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of images [default: generated images of 320x384 pixels]
    #[arg(value_name = "DIR")]
    pictures: Option<PathBuf>,

    /// Minimum duration of each measurement in seconds
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    seconds: f64,

    /// Also compare the features of each GPU with those of the processor in f32
    #[arg(long)]
    parity: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One line of the answer.
struct Figure {
    what: &'static str,
    device: String,
    /// Images at a time.
    batch: usize,
    per_second: f64,
    /// What the arithmetic alone would allow, where that is known.
    at_most: Option<f64>,
}

impl Figure {
    fn percent_of_peak(&self) -> Option<f64> {
        self.at_most.map(|at_most| 100.0 * self.per_second / at_most)
    }
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let stop = StopFlag::default();
    service::stop_on_signals(stop.clone(), || {}).map_err(|error| Failure::new(Exit::Io, error))?;
    let scratch =
        tempfile::tempdir().map_err(|error| Failure::new(Exit::Io, format!("no temporary folder: {error}")))?;
    let files = match &args.pictures {
        Some(folder) => pictures_in(folder)?,
        None => generated_images(scratch.path())?,
    };
    let bench = Benchmark { files, scratch: scratch.path(), settings, stop, time: duration(args.seconds)? };
    let devices = devices(&settings.compute);
    let mut figures = vec![bench.decode()?];
    for device in &devices {
        figures.extend(bench.on(*device)?);
    }
    let gpus = devices.into_iter().filter(|device| args.parity && *device != Device::Cpu);
    let differences: Vec<_> = gpus.map(|gpu| bench.difference(gpu)).collect::<Result<_, _>>()?;
    report(&figures, &differences, args.json);
    Ok(())
}

fn duration(seconds: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| Failure::new(Exit::Usage, format!("--seconds {seconds}: {error}")))
}

/// The configured device, or with "auto" the processor and every GPU.
fn devices(compute: &ComputeSettings) -> Vec<Device> {
    if compute.device != Device::Auto {
        return vec![compute.device];
    }
    let gpus = nn::count_gpus(compute).unwrap_or_else(|why| {
        tracing::info!(reason = %why, "No GPU is measured");
        0
    });
    std::iter::once(Device::Cpu).chain((0..gpus).map(Device::Cuda)).collect()
}

fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let Listing { files, skipped } = content::list(folder);
    skipped.warn(folder);
    if files.is_empty() {
        return Err(Failure::new(
            Exit::NoInput,
            format!("`{}` contains no images; name a folder of images", folder.display()),
        ));
    }
    Ok(files)
}

fn generated_images(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let image = |seed: u64| {
        let class = if seed.is_multiple_of(2) { PhantomClass::Plain } else { PhantomClass::Patchy };
        let bytes = encode_png(&Phantom { class, seed }.image().picture)
            .map_err(|error| Failure::new(Exit::Software, error))?;
        let path = folder.join(format!("phantom-{seed:02}.png"));
        disk::write_atomic(&path, &bytes)?;
        Ok(path)
    };
    (0..N_GENERATED).into_par_iter().map(image).collect()
}

struct Benchmark<'a> {
    files: Vec<PathBuf>,
    scratch: &'a Path,
    settings: &'a Settings,
    stop: StopFlag,
    time: Duration,
}

impl Benchmark<'_> {
    fn decode(&self) -> Result<Figure, Failure> {
        let per_second = self.rate(|| Ok(self.decoded().len()))?;
        Ok(Figure { what: "decode", device: "the processor".to_owned(), batch: 1, per_second, at_most: None })
    }

    fn decoded(&self) -> Vec<NetworkImage> {
        let reader = Reader::of(self.settings);
        let read = |path: &PathBuf| Some(NetworkImage::usual(&reader.picture(path, None).ok()?.1));
        self.files.par_iter().filter_map(read).collect()
    }

    /// The network alone, and from files to cached features.
    fn on(&self, device: Device) -> Result<[Figure; 2], Failure> {
        let engine = self.engine(device, self.settings.compute.precision)?;
        let arithmetic = engine.backbone().fingerprint;
        let pictures: Arc<[NetworkImage]> =
            self.usable()?.into_iter().cycle().take(N_BATCHES * engine.batch()).collect();
        let features = || Ok(engine.features(Arc::clone(&pictures), arithmetic)?.len());
        features()?;
        let forward = self.rate(features)?;
        let end_to_end = self.rate(|| self.end_to_end(&engine))?;
        let at_most = if device == Device::Cpu { nn::processor_peak() } else { None };
        let (device, batch) = (engine.device(), engine.batch());
        let figure = |what, per_second, at_most| Figure { what, device: device.clone(), batch, per_second, at_most };
        Ok([figure("forward", forward, at_most), figure("end to end", end_to_end, None)])
    }

    fn engine(&self, device: Device, precision: Precision) -> Result<Engine, Failure> {
        let compute = ComputeSettings { device, precision, ..self.settings.compute.clone() };
        let weights = Workspace::new(&self.settings.state_dir).weights();
        let choice = NetworkChoice::Configured(self.settings.backbone.clone());
        Ok(Engine::start(&choice, &compute, &weights, &self.stop)?)
    }

    /// All images that can be decoded, at least one.
    fn usable(&self) -> Result<Vec<NetworkImage>, Failure> {
        let pictures = self.decoded();
        if pictures.is_empty() {
            return Err(Failure::new(Exit::Data, "none of the images can be decoded; name another folder"));
        }
        Ok(pictures)
    }

    /// How far the features of `gpu`, in its configured precision, are from the processor's in f32.
    fn difference(&self, gpu: Device) -> Result<Difference, Failure> {
        let processor = self.engine(Device::Cpu, Precision::F32)?;
        let gpu = self.engine(gpu, self.settings.compute.precision)?;
        Ok(Difference::between(&processor, &gpu, &self.usable()?.into())?)
    }

    /// All files once, into a cache that is new each time.
    fn end_to_end(&self, engine: &Engine) -> Result<usize, Failure> {
        let cache = tempfile::tempdir_in(self.scratch).map_err(|error| Failure::new(Exit::Io, error))?;
        let folder = FeatureFolder { path: cache.path().to_owned(), reserve: Reserve::NONE };
        let reader = Reader::of(self.settings);
        let cached = train::cache_features(engine, &folder, &self.files, &reader, &self.stop, &Silent);
        Ok(cached.map_err(|error| Failure::new(Exit::Data, error))? as usize)
    }

    /// Images per second of `work`, which processes some and returns how many.
    fn rate(&self, mut work: impl FnMut() -> Result<usize, Failure>) -> Result<f64, Failure> {
        let begin = Instant::now();
        let mut done = 0;
        while done == 0 || begin.elapsed() < self.time {
            self.stop.check().map_err(|error| Failure::new(Exit::TryLater, error))?;
            done += work()?;
            if done == 0 {
                return Err(Failure::new(Exit::Data, "none of the images can be decoded; name another folder"));
            }
        }
        Ok(done as f64 / begin.elapsed().as_secs_f64())
    }
}

fn report(figures: &[Figure], differences: &[Difference], as_json: bool) {
    if as_json {
        let document = |figure: &Figure| {
            let Figure { what, device, batch, per_second, .. } = figure;
            json!({
                "what": what, "device": device, "batch": batch, "images_per_second": per_second,
                "percent_of_peak": figure.percent_of_peak(),
            })
        };
        let documents: Vec<_> =
            figures.iter().map(document).chain(differences.iter().map(Difference::document)).collect();
        output::json(&documents);
        return;
    }
    for figure in figures {
        let Figure { what, device, per_second, .. } = figure;
        let of_peak = figure.percent_of_peak().map(|percent| format!(", {percent:.0} % of the peak of its arithmetic"));
        output::line(&format!("{what:<12}{per_second:>10.1} images/s  {device}{}", of_peak.unwrap_or_default()));
    }
    for difference in differences {
        output::line(&difference.sentence());
    }
}
