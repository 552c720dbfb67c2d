//! `gradwatch check`: is the configuration right, and can its folders be used?

use std::path::Path;

use super::failure::{Exit, Failure};
use super::output;
use crate::config::{Settings, WeightsChoice};
use crate::disk;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, settings: &Settings) -> Result<(), Failure> {
    readable(&settings.watch.inbox)?;
    writable(&settings.state_dir)?;
    if let WeightsChoice::File(path) = &settings.backbone.weights
        && !path.is_file()
    {
        let advice =
            "backbone.weights names a file that is not there; give the path of a VGG16 weights file, or \"auto\"";
        return Err(Failure::new(Exit::Config, format!("`{}`: {advice}", path.display())));
    }
    output::line(&format!(
        "The configuration is good: inbox {}, state {}.",
        settings.watch.inbox.display(),
        settings.state_dir.display()
    ));
    Ok(())
}

fn readable(inbox: &Path) -> Result<(), Failure> {
    let problem = |error: std::io::Error| {
        let advice = "make the folder, mount it, or set watch.inbox";
        Failure::new(Exit::NoInput, format!("the inbox `{}` cannot be read ({error}): {advice}", inbox.display()))
    };
    std::fs::read_dir(inbox).map(drop).map_err(problem)
}

/// Proved by writing, because modes and mounts do not tell everything.
fn writable(state_dir: &Path) -> Result<(), Failure> {
    let probe = state_dir.join(".gradwatch-tmp-check");
    disk::write_atomic(&probe, b"")?;
    disk::remove_file(&probe)?;
    Ok(())
}
