//! `gradwatch preview IMAGE`: example copies of one image, to check a recipe by eye.

use std::fs;
use std::path::{Path, PathBuf};

use super::augment::RecipeArgs;
use super::failure::{Exit, Failure};
use super::output;
use crate::augment::{self, AugmentError, ExpandOptions};
use crate::config::Settings;
use crate::content::Content;
use crate::disk::Workspace;
use crate::privacy::{self, shown_name, shown_stem, shown_unseen, shows};
use crate::workflow;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Image; only read
    image: PathBuf,

    /// Number of copies
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=99))]
    copies: u32,

    /// Output folder of the page and its image
    #[arg(long, value_name = "DIR", default_value = "preview")]
    out: PathBuf,

    #[command(flatten)]
    recipe: RecipeArgs,
}

impl Args {
    pub(super) fn overrides(&self) -> Vec<String> {
        self.recipe.overrides()
    }
}

/// The folder of the dataset that the image belongs to, if it is in the inbox.
fn dataset_folder(image: &Path, inbox: &Path) -> Option<PathBuf> {
    let datasets = inbox.canonicalize().ok()?.join("datasets");
    let image = image.canonicalize().ok()?;
    let name = image.strip_prefix(&datasets).ok()?.iter().next()?;
    Some(datasets.join(name))
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    if let Ok(here) = std::env::current_dir() {
        privacy::use_folder(&here);
    }
    if let Err(error) = fs::metadata(&args.image) {
        let message = format!("cannot read `{}`: {error}; name an image file", shown_unseen(&args.image));
        return Err(Failure::new(Exit::NoInput, message));
    }
    let folder = dataset_folder(&args.image, &settings.watch.inbox);
    let settings = args.recipe.settings(settings, folder.as_deref())?;
    let options = ExpandOptions { size: args.recipe.size, ..ExpandOptions::of(settings) };
    let (Content { hash, .. }, picture) = options.reader.clone().for_side(options.size).picture(&args.image, None)?;
    let stem = shows(&args.image).then(|| shown_stem(&args.image, &hash));
    let mosaic = augment::preview(&options, &picture, &hash, &shown_name(&args.image), args.copies)
        .map_err(AugmentError::from)?;
    let page = workflow::draw_preview(&options, &Workspace::report_folder(stem.as_deref(), &hash), mosaic, &args.out)?;
    output::line(&page.display().to_string());
    Ok(())
}
