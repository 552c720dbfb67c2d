//! `gradwatch statistics DATASET_DIR`: mean and standard deviation of a dataset's pixels, as a configuration value.

use std::path::PathBuf;

use serde_json::json;

use super::failure::{Exit, Failure};
use super::output;
use super::progress::TerminalProgress;
use crate::config::Settings;
use crate::content::{Reader, warn_of};
use crate::domain::{Split, StopFlag};
use crate::ingest::{self, FolderError};
use crate::privacy;
use crate::service::stop_on_signals;
use crate::train;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with one folder of training images per class; with folders train, val and test, only train is used
    #[arg(value_name = "DATASET_DIR")]
    dataset_dir: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let stop = StopFlag::default();
    stop_on_signals(stop.clone(), || {}).map_err(|error| Failure::new(Exit::Software, error))?;
    let progress = TerminalProgress::default();
    // Names of files are hidden by where they lie in the dataset. What is no folder is complained of below.
    let folder = args.dataset_dir.canonicalize().unwrap_or_else(|_| args.dataset_dir.clone());
    privacy::use_dataset(&folder);
    let reader = Reader::of(settings).below(&folder);
    let found = ingest::find_images(&folder, &reader, settings.compute.threads, &stop, &progress)?;
    let training = found.images.into_iter().filter(|image| !image.split.is_some_and(Split::is_measured));
    let paths: Vec<PathBuf> = training.map(|image| image.path).collect();
    let (statistics, failed) =
        train::channel_statistics(&paths, &reader, &stop, &progress).map_err(FolderError::from)?;
    warn_of("Left out", found.failed.iter().chain(&failed));
    if statistics.n_images == 0 {
        let advice = "contains no readable image; see the messages above";
        return Err(Failure::new(Exit::Data, format!("`{}` {advice}", args.dataset_dir.display())));
    }
    let train::PixelStatistics { n_images, mean, deviation } = statistics;
    if args.json {
        output::json(&json!({ "images": n_images, "mean": mean, "deviation": deviation }));
    } else {
        let numbers = |values: [f64; 3]| values.map(|v| format!("{v:.3}")).join(" ");
        output::text(&format!(
            "# computed from {n_images} images\n[backbone]\npreprocessing = \"featurewise {} / {}\"\n",
            numbers(mean),
            numbers(deviation)
        ));
    }
    Ok(())
}
