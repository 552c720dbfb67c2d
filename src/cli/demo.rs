//! `gradwatch demo`: a small dataset of synthetic films and some scans, worked off as `run --once` works off real ones.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::failure::{Exit, Failure};
use super::{output, run};
use crate::config::Settings;
use crate::disk;
use crate::imaging::{Phantom, PhantomClass, encode_png};

/// Labelled films of each class.
const N_LABELLED: u64 = 24;
/// Films of each class that are dropped as scans. Their seeds follow those of the labelled ones.
const N_SCANS: u64 = 4;
const CLASSES: [PhantomClass; 2] = [PhantomClass::Patchy, PhantomClass::Plain];
const CONFIG: &str = "# Made by `gradwatch demo`. What is not said here is as in the defaults.\n\
                      # To go on from here: gradwatch run --config <this file>, and drop films into watch/.\n\
                      watch.inbox = \"watch\"\nstorage.state_dir = \"state\"\n";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for everything the demo makes
    #[arg(value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
}

/// Makes the demo's folder and its configuration; returns the latter's path. A folder with other things in it is refused.
pub(super) fn prepare(args: &Args) -> Result<PathBuf, Failure> {
    let config = args.dir.join("config.toml");
    let is_empty = fs::read_dir(&args.dir).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty && fs::read_to_string(&config).ok().as_deref() != Some(CONFIG) {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{}` has other things in it; name a new folder for the demo", args.dir.display()),
        ));
    }
    disk::write_atomic(&config, CONFIG.as_bytes())?;
    Ok(config)
}

pub(super) fn run(settings: Settings) -> Result<(), Failure> {
    let inbox = settings.watch.inbox.clone();
    draw_films(&inbox)?;
    output::line(&format!("Made {} labelled films and {} scans in {}.", 2 * N_LABELLED, 2 * N_SCANS, inbox.display()));
    let summary = run::once(settings)?;
    if let Some(gallery) = &summary.gallery {
        output::line(&format!("Open this in a browser: {}", gallery.display()));
    }
    Ok(())
}

fn draw_films(inbox: &Path) -> Result<(), Failure> {
    let films =
        CLASSES.into_iter().flat_map(|class| (0..N_LABELLED + N_SCANS).map(move |seed| Phantom { class, seed }));
    films.collect::<Vec<_>>().into_par_iter().try_for_each(|phantom| {
        let bytes = encode_png(&phantom.film().picture).map_err(|error| Failure::new(Exit::Software, error))?;
        Ok(disk::write_atomic(&inbox.join(place(phantom)), &bytes)?)
    })
}

/// Labelled films lie in their class's folder; a scan's name does not tell its class.
fn place(Phantom { class, seed }: Phantom) -> String {
    match seed.checked_sub(N_LABELLED) {
        None => format!("datasets/phantoms/{class}/{class}-{:02}.png", seed + 1),
        Some(scan) => format!("scans/phantoms/film-{:02}.png", 1 + 2 * scan + u64::from(class == PhantomClass::Plain)),
    }
}
