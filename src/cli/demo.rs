//! `gradwatch demo`: a dataset of synthetic radiographs and some scans, processed by the same code as `run --once`.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::failure::{Exit, Failure};
use super::{output, run};
use crate::config::Settings;
use crate::disk;
use crate::imaging::{Phantom, PhantomClass, encode_png};

const CLASSES: [PhantomClass; 2] = [PhantomClass::Patchy, PhantomClass::Plain];
const CONFIG: &str = "# Written by `gradwatch demo`. All other keys have their default values.\n\
                      # To continue: gradwatch run --config <this file>, and copy images into watch/.\n\
                      watch.inbox = \"watch\"\nstorage.state_dir = \"state\"\n";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Output folder of the demo
    #[arg(value_name = "DIR", default_value = "demo")]
    dir: PathBuf,

    /// Labelled images of each of the two classes
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u64).range(2..=100_000))]
    labelled: u64,

    /// Scans of each of the two classes
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    scans: u64,

    /// Only write the images and the configuration
    #[arg(long)]
    images_only: bool,
}

/// Makes the demo's folder and its configuration; returns the latter's path. A folder with other things in it is refused.
pub(super) fn prepare(args: &Args) -> Result<PathBuf, Failure> {
    let config = args.dir.join("config.toml");
    let is_empty = fs::read_dir(&args.dir).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty && fs::read_to_string(&config).ok().as_deref() != Some(CONFIG) {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{}` is not empty; name a new folder for the demo", args.dir.display()),
        ));
    }
    disk::write_atomic(&config, CONFIG.as_bytes())?;
    Ok(config)
}

pub(super) fn run(args: &Args, settings: Settings) -> Result<(), Failure> {
    let inbox = settings.watch.inbox.clone();
    draw_images(args, &inbox)?;
    let (n_labelled, n_scans) = (2 * args.labelled, 2 * args.scans);
    output::line(&format!("Generated {n_labelled} labelled images and {n_scans} scans in {}.", inbox.display()));
    if args.images_only {
        return Ok(());
    }
    let summary = run::once(settings, false)?;
    if summary.gallery.is_some() {
        output::line("Open it in a browser.");
    }
    Ok(())
}

fn draw_images(args: &Args, inbox: &Path) -> Result<(), Failure> {
    let numbers = 0..args.labelled + args.scans;
    let phantoms = CLASSES.into_iter().flat_map(|class| numbers.clone().map(move |seed| Phantom { class, seed }));
    phantoms.collect::<Vec<_>>().into_par_iter().try_for_each(|phantom| {
        let bytes = encode_png(&phantom.image().picture).map_err(|error| Failure::new(Exit::Software, error))?;
        Ok(disk::write_atomic(&inbox.join(place(phantom, args.labelled)), &bytes)?)
    })
}

/// The first `n_labelled` seeds are in the folder of their class; the others are scans, whose names do not contain the class.
fn place(Phantom { class, seed }: Phantom, n_labelled: u64) -> String {
    match seed.checked_sub(n_labelled) {
        None => format!("datasets/phantoms/{class}/{class}-{:02}.png", seed + 1),
        Some(scan) => format!("scans/phantoms/scan-{:02}.png", 1 + 2 * scan + u64::from(class == PhantomClass::Plain)),
    }
}
