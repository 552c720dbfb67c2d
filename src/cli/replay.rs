//! `gradwatch replay MANIFEST`: copies recreated from their manifest entries and compared with them.

use std::path::{Path, PathBuf};

use super::augment::complain;
use super::failure::{Exit, Failure};
use super::output;
use super::progress::TerminalProgress;
use crate::augment::{ExpandOptions, Replay};
use crate::config::Settings;
use crate::disk;
use crate::domain::StopFlag;
use crate::privacy;
use crate::service::stop_on_signals;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Manifest file, manifest.jsonl
    manifest: PathBuf,

    /// Only the entry in this line, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    line: Option<u64>,

    /// Dataset folder [default: its path when the copies were made]
    #[arg(long, value_name = "DIR")]
    sources: Option<PathBuf>,

    /// Output folder [default: the manifest's folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn absent(path: &Path, is_there: impl Fn(&Path) -> bool, advice: &str) -> Result<(), Failure> {
    if is_there(path) {
        return Ok(());
    }
    Err(Failure::new(Exit::NoInput, format!("`{}` does not exist; {advice}", path.display())))
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    absent(&args.manifest, Path::is_file, "name the manifest.jsonl of augmented copies")?;
    if let Some(sources) = &args.sources {
        absent(sources, Path::is_dir, "name the folder of the original images")?;
    }
    let stop = StopFlag::default();
    stop_on_signals(stop.clone(), || {}).map_err(|error| Failure::new(Exit::Software, error))?;
    let ExpandOptions { reader, threads, .. } = ExpandOptions::of(settings);
    let replay = Replay {
        manifest: &args.manifest,
        line: args.line.and_then(|line| usize::try_from(line).ok()),
        sources: args.sources.as_deref(),
        out: args.out.as_deref(),
        reader,
        threads,
    };
    let sources = args.sources.clone().or_else(|| disk::origin(&args.manifest));
    if let Some(sources) = sources.and_then(|sources| sources.canonicalize().ok()) {
        privacy::use_dataset(&sources);
    }
    let replayed = replay.run(&stop, &TerminalProgress::default())?;
    complain(&replayed.failed);
    let (written, confirmed, n_failed) = (replayed.written, replayed.confirmed, replayed.failed.len());
    let n = written + confirmed;
    let copies = if n == 1 { "1 copy matches" } else { &format!("{n} copies match") };
    output::line(&format!("{copies} the manifest: {written} written, {confirmed} already present."));
    if n_failed > 0 {
        return Err(Failure::new(
            Exit::Data,
            format!("{n_failed} copies could not be recreated; see the messages above"),
        ));
    }
    Ok(())
}
