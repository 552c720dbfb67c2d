//! `gradwatch augment SRC DST`: a class-folder dataset and its copies, once, outside the service.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};
use super::output;
use super::progress::TerminalProgress;
use super::train::refuse_inbox;
use crate::augment::{self, AugmentError, ExpandOptions, Expansion};
use crate::config::Settings;
use crate::content::{self, FileFailure};
use crate::disk::FolderLock;
use crate::domain::{COPY_SIDE, DatasetName, Split, StopFlag};
use crate::ingest::{self, DatasetFolder};
use crate::privacy;
use crate::service::stop_on_signals;
use crate::workflow::{self, Fault};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Dataset folder, `SRC/<class>/**/<image>`; only read
    src: PathBuf,

    /// Output folder: `DST/<class>/<stem>-<hash8>-c<NN>.png` and DST/manifest.jsonl
    dst: PathBuf,

    /// Copies of each image [default: augment.copies]
    #[arg(long, value_name = "N", conflicts_with = "target_per_class")]
    copies: Option<u32>,

    /// Copies in each class, shared equally among its images [default: `augment.target_per_class`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    target_per_class: Option<u32>,

    /// Class balance, max (as many copies in each class as in the largest one) or none [default: augment.balance]
    #[arg(long, value_name = "B", conflicts_with = "target_per_class")]
    balance: Option<String>,

    /// File format of the copies, png or jpeg [default: augment.format]
    #[arg(long, value_name = "F")]
    format: Option<String>,

    /// Do not draw a contact sheet
    #[arg(long)]
    no_sheet: bool,

    #[command(flatten)]
    recipe: RecipeArgs,

    /// Number of worker threads; 0 means one per core [default: compute.threads]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// What copies look like; shared with `preview`.
#[derive(Debug, clap::Args)]
pub(super) struct RecipeArgs {
    /// Preset: conservative, chest-xray, keras-notebook or natural [default: augment.preset]
    #[arg(long, value_name = "P")]
    preset: Option<String>,

    /// Side length of the copies in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = COPY_SIDE, value_parser = clap::value_parser!(u32).range(8..=4096))]
    pub(super) size: u32,

    /// Seed of the random parameters [default: augment.seed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Dataset whose settings apply, [dataset.NAME] in the configuration [default: the folder's name]
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
}

impl RecipeArgs {
    pub(super) fn overrides(&self) -> Vec<String> {
        let Self { preset, seed, .. } = self;
        let all =
            [preset.as_ref().map(|name| format!("augment.preset={name}")), seed.map(|n| format!("augment.seed={n}"))];
        all.into_iter().flatten().collect()
    }

    /// The settings of the dataset that is named, or that `folder` is named after: it, or the one above it where it is a
    /// side of the split.
    pub(super) fn settings<'a>(&self, settings: &'a Settings, folder: Option<&Path>) -> Result<&'a Settings, Failure> {
        let base = |folder: &Path| folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let of_folder = folder.and_then(|folder| match base(folder) {
            Some(side) if Split::named(&side).is_some() => folder.parent().and_then(base),
            name => name,
        });
        if let Some(name) = &self.dataset {
            let name = DatasetName::new(name.as_str()).map_err(|error| Failure::new(Exit::Usage, error))?;
            return Ok(settings.of(&name));
        }
        let of_folder = of_folder.and_then(|name| DatasetName::new(name).ok());
        Ok(of_folder.map_or(settings, |name| settings.of(&name)))
    }
}

impl Args {
    /// What the arguments say, as configuration: so they are checked where the configuration is.
    pub(super) fn overrides(&self) -> Vec<String> {
        let Self { copies, target_per_class, balance, format, threads, no_sheet, .. } = self;
        // An argument for one way of counting rules out the other, whatever the configuration says.
        let counted = copies.is_some() || balance.is_some();
        let all = [
            copies.map(|n| format!("augment.copies={n}")),
            counted.then(|| "augment.target_per_class=0".to_owned()),
            target_per_class.map(|n| format!("augment.target_per_class={n}")),
            balance.as_ref().map(|name| format!("augment.balance={name}")),
            format.as_ref().map(|name| format!("augment.format={name}")),
            threads.map(|n| format!("compute.threads={n}")),
            no_sheet.then(|| "augment.contact_sheet=false".to_owned()),
        ];
        all.into_iter().flatten().chain(self.recipe.overrides()).collect()
    }
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    refuse_inbox(&args.src, settings)?;
    let (src, dst) = separate(&args.src, &args.dst)?;
    privacy::use_dataset(&src);
    let settings = args.recipe.settings(settings, Some(&src))?;
    let service = ExpandOptions::of(settings).below(&src);
    let size = args.recipe.size;
    let options = ExpandOptions { size, folder: "", may_replace_all: false, originals_count: false, ..service };
    let stop = StopFlag::default();
    stop_on_signals(stop.clone(), || {}).map_err(|error| Failure::new(Exit::Software, error))?;
    let progress = TerminalProgress::default();
    let found = ingest::find_images(&src, &options.reader, options.threads, &stop, &progress)?;
    refuse_sides(&args.src, &found)?;
    complain(&found.failed);
    found.warnings.iter().for_each(|warning| output::error(warning));
    let _lock = FolderLock::take(&dst)?;
    let options = ExpandOptions { may_remove: found.failed.is_empty() && !found.skipped, ..options };
    let expansion = augment::expand(&options, &found.images, &dst, &stop, &progress)?;
    let sheet = if settings.augment.contact_sheet {
        workflow::draw_sheet(&options, &found.images, &expansion, &dst)?
    } else {
        None
    };
    complain(&expansion.failed);
    output::line(&summary(&expansion, &found, &args.dst));
    if sheet.is_some() {
        output::line(&format!("Contact sheet: {}", args.dst.join("contact-sheet.html").display()));
    }
    if expansion.copies.is_empty() && !(expansion.failed.is_empty() && found.failed.is_empty()) {
        let advice = "no copy could be made; see the messages above";
        return Err(Failure::new(Exit::Data, format!("`{}`: {advice}", args.src.display())));
    }
    Ok(())
}

/// The path with every link resolved, also where its last parts do not exist yet.
fn real(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(_), Some(parent), Some(name)) => real(parent).join(name),
        (resolved, ..) => resolved.unwrap_or_else(|_| path.to_owned()),
    }
}

/// Both folders as absolute paths. One inside the other would make copies of copies at the next run.
fn separate(src: &Path, dst: &Path) -> Result<(PathBuf, PathBuf), Failure> {
    let missing = |error: std::io::Error| {
        let advice = "name a folder that contains one folder of images per class";
        Failure::new(Exit::NoInput, format!("cannot read `{}`: {error}; {advice}", src.display()))
    };
    let real_src = src.canonicalize().map_err(missing)?;
    let absolute = |error: std::io::Error| Failure::new(Exit::Io, format!("`{}`: {error}", dst.display()));
    let real_dst = real(&std::path::absolute(dst).map_err(absolute)?);
    if real_dst.starts_with(&real_src) || real_src.starts_with(&real_dst) {
        let advice = "one is inside the other; choose a DST outside SRC, so that copies are never read as originals";
        return Err(Failure::new(Exit::Usage, format!("`{}` and `{}`: {advice}", src.display(), dst.display())));
    }
    Ok((real_src, real_dst))
}

/// Copies of images to measure on are of no use, and in one folder with the others they would be learned from.
fn refuse_sides(src: &Path, found: &DatasetFolder) -> Result<(), Failure> {
    let with_side = found.images.iter().filter(|source| source.split.is_some());
    let sides: BTreeSet<&str> = with_side.filter_map(|source| source.relative.split('/').next()).collect();
    let Some(example) = sides.iter().find(|side| Split::named(side) == Some(Split::Train)).or(sides.first()) else {
        return Ok(());
    };
    let (src, sides) = (src.display(), sides.iter().copied().collect::<Vec<_>>().join(", "));
    Err(Failure::new(
        Exit::Usage,
        format!(
            "`{src}` is split into the folders {sides}, and their copies would be mixed; name one of them, for example \
             `{src}/{example}`, or rename the folder if it is a class"
        ),
    ))
}

pub(super) fn complain(failures: &[FileFailure]) {
    for line in content::lines(failures) {
        output::error(&line);
    }
}

fn summary(expansion: &Expansion, found: &DatasetFolder, dst: &Path) -> String {
    let Expansion { copies, written, kept, removed, failed, .. } = expansion;
    let some = |n: usize, what: &str| match n {
        0 => String::new(),
        1 => format!(", 1 {what}"),
        n => format!(", {n} {}", what.replacen("image", "images", 1)),
    };
    format!(
        "{} copies of {} images in {}: {written} written, {kept} kept{}{}{}.",
        copies.len(),
        found.images.len() - failed.len(),
        dst.display(),
        some(*removed, "removed"),
        some(found.duplicates.len(), "duplicate image ignored"),
        some(found.failed.len() + failed.len(), "image failed"),
    )
}

impl From<AugmentError> for Failure {
    fn from(error: AugmentError) -> Self {
        let exit = match &error {
            AugmentError::OtherDataset { .. } => Exit::Usage,
            _ => Fault::from(&error).into(),
        };
        Self::new(exit, error)
    }
}
