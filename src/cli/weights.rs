//! `gradwatch weights list`: the VGG16 weight files in the state folder.

use serde_json::json;

use super::failure::Failure;
use super::output;
use crate::config::{Settings, WeightsChoice};
use crate::disk::Workspace;
use crate::nn::{self, WeightsFile};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the VGG16 weight files in the state folder, with their hashes
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let What::List { json } = args.what;
    let folder = Workspace::new(&settings.state_dir).weights();
    let files = nn::list_weights(&folder)?;
    if json {
        output::json(&files.iter().map(document).collect::<Vec<_>>());
        return Ok(());
    }
    match &settings.backbone.weights {
        WeightsChoice::Auto => output::line("backbone.weights = \"auto\""),
        WeightsChoice::File(path) => output::line(&format!("backbone.weights = \"{}\"", path.display())),
    }
    if files.is_empty() {
        output::line(&format!(
            "No weight files in {} yet; the built-in backbone is made when it is first needed.",
            folder.display()
        ));
    }
    for file in &files {
        let verdict =
            file.sha256.as_ref().map_or_else(|error| format!("unusable: {error}"), |hash| format!("sha256 {hash}"));
        output::line(&format!("{}  {}  {:.1} MB  {verdict}", file.path.display(), file.origin, file.len as f64 / 1e6));
    }
    Ok(())
}

fn document(file: &WeightsFile) -> serde_json::Value {
    let (sha256, error) = match &file.sha256 {
        Ok(hash) => (Some(hash.to_string()), None),
        Err(error) => (None, Some(error.to_string())),
    };
    json!({ "path": file.path, "bytes": file.len, "origin": file.origin, "sha256": sha256, "error": error })
}
