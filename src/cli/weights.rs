//! `gradwatch weights`: the VGG16 weight files in the state folder, and how they come there.

use std::path::PathBuf;

use serde_json::json;

use super::failure::Failure;
use super::output;
use super::weights_in_use::WeightsInUse;
use crate::config::{Preprocessing, Settings};
use crate::disk::Workspace;
use crate::weights::{self, WeightsFile};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: WeightsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum WeightsCommand {
    /// List the VGG16 weight files in the state folder, with hash, origin and licence
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Import the convolutions of a VGG16 file from PyTorch or Keras into the state folder (59 MB)
    Import {
        /// Weights file: .safetensors, .pth, .pt, .ot, .h5, .weights.h5 or .keras
        file: PathBuf,

        /// Preprocessing for these weights [default: that of the file's library]
        #[arg(long, value_name = "HOW", value_parser = str::parse::<Preprocessing>)]
        preprocessing: Option<Preprocessing>,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    match &args.what {
        WeightsCommand::List { json } => list(*json, settings),
        WeightsCommand::Import { file, preprocessing, json } => {
            import(file, preprocessing.unwrap_or(Preprocessing::Auto), *json, settings)
        }
    }
}

fn list(json: bool, settings: &Settings) -> Result<(), Failure> {
    let folder = Workspace::new(&settings.state_dir).weights();
    let files = weights::list_weights(&folder)?;
    if json {
        output::json(&files.iter().map(document).collect::<Vec<_>>());
        return Ok(());
    }
    output::line(&WeightsInUse::find(settings)?.line());
    if files.is_empty() {
        output::line(&format!(
            "No weight files in {} yet; the built-in backbone is generated when it is first needed.",
            folder.display()
        ));
    }
    files.iter().for_each(print_file);
    Ok(())
}

fn import(
    file: &std::path::Path,
    preprocessing: Preprocessing,
    json: bool,
    settings: &Settings,
) -> Result<(), Failure> {
    let folder = Workspace::new(&settings.state_dir).weights();
    let imported = weights::import_weights(file, &folder, preprocessing)?;
    if json {
        output::json(&document(&imported));
        return Ok(());
    }
    print_file(&imported);
    output::line(&format!("{} This holds from the next start on.", WeightsInUse::find(settings)?.line()));
    Ok(())
}

fn print_file(file: &WeightsFile) {
    output::line(&file.path.display().to_string());
    match &file.sha256 {
        Ok(hash) => {
            output::line(&format!("  sha256   {hash} ({:.1} MB)", file.len as f64 / 1e6));
            output::line(&format!("  origin   {}; preprocessing \"{}\"", file.origin, file.preprocessing));
            output::line(&format!("  licence  {}", file.licence));
        }
        Err(error) => output::line(&format!("  unusable: {error}")),
    }
}

fn document(file: &WeightsFile) -> serde_json::Value {
    let (sha256, error) = match &file.sha256 {
        Ok(hash) => (Some(hash.to_string()), None),
        Err(error) => (None, Some(error.to_string())),
    };
    json!({
        "path": file.path,
        "bytes": file.len,
        "origin": file.origin,
        "licence": file.licence,
        "preprocessing": file.preprocessing,
        "sha256": sha256,
        "error": error,
    })
}
