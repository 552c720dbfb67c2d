//! `gradwatch forget`: images and all that was made of them go from the state folder, also while the service runs.

use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::failure::{Exit, Failure};
use super::output;
use crate::config::Settings;
use crate::content::{Reader, open_file};
use crate::disk::Workspace;
use crate::domain::{ContentHash, DatasetName, Erased, Ledger, LedgerEvent};
use crate::ingest;
use crate::privacy::{self, shown_unseen};
use crate::registry::{Registry, RegistryError};
use crate::service::control::{self, Answer, ControlError, ForgetAct, Question};
use crate::workflow::{self, ForgetName, ForgetRequest, ForgetTargets};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Args {
    /// Image files, in the inbox or elsewhere, also some that are gone from it; their SHA-256; or groups (patients)
    #[arg(value_name = "FILE|GROUP", required_unless_present = "list")]
    names: Vec<PathBuf>,

    /// The names are groups
    #[arg(long)]
    group: bool,

    /// The dataset of the groups, if several have groups of this name
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,

    /// Print what would be removed, and remove nothing
    #[arg(long, conflicts_with_all = ["undo", "list"])]
    dry_run: bool,

    /// Do not ask; required without a terminal
    #[arg(long)]
    yes: bool,

    /// Let forgotten images in again; their files are read as new ones
    #[arg(long, conflicts_with = "list")]
    undo: bool,

    /// List the SHA-256 of all forgotten images
    #[arg(long, conflicts_with = "names")]
    list: bool,

    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    if args.list {
        return list(args, settings);
    }
    let request = request(args, settings)?;
    if args.undo {
        return undo(args, settings, request);
    }
    let (planned, _) = erasure(settings, &request, ForgetAct::Preview)?;
    if args.dry_run {
        show(args.json, &planned, Some("Would remove"));
        return Ok(());
    }
    confirm(args, &planned)?;
    let (mut erased, is_done) = erasure(settings, &request, ForgetAct::Erase)?;
    if !is_done {
        return Err(Failure::new(
            Exit::TryLater,
            "recorded, and removed as soon as the work under way in the service ends, or at its next start; `gradwatch status` shows the erasure until it is done",
        ));
    }
    erased.in_inbox = planned.in_inbox;
    show(args.json, &erased, None);
    Ok(())
}

/// Has it done here, or by the service that holds the registry; `false` while it waits for work under way.
fn erasure(settings: &Settings, request: &ForgetRequest, act: ForgetAct) -> Result<(Erased, bool), Failure> {
    let workspace = Workspace::new(&settings.state_dir);
    match Registry::open(&workspace, settings.clock) {
        Ok(registry) => erase_here(registry, &workspace, settings, request, act),
        Err(RegistryError::Locked(_)) => {
            match control::ask(&workspace, &Question::Forget { request: request.clone(), act })? {
                Answer::Erased { erased, is_done } => Ok((*erased, is_done)),
                other => Err(ControlError::Unexpected(Box::new(other)).into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn erase_here(
    mut registry: Registry,
    workspace: &Workspace,
    settings: &Settings,
    request: &ForgetRequest,
    act: ForgetAct,
) -> Result<(Erased, bool), Failure> {
    privacy::hide_known(registry.ledger());
    let mut targets = request.targets(registry.ledger()).map_err(|reason| Failure::new(Exit::NoInput, reason))?;
    if act == ForgetAct::Preview {
        return Ok((workflow::preview_erasure(registry.ledger(), &targets, settings)?, false));
    }
    registry.commit(workflow::forgotten(registry.ledger(), &targets))?;
    // Together with what an earlier command left unfinished.
    targets.extend(workflow::unfinished(registry.ledger()).unwrap_or_default());
    let erased = erase_recorded(&mut registry, workspace, settings, &targets);
    let erased = erased.map_err(|failure| {
        failure.noting("it is recorded, and done by the next start of the service or the next erasure")
    })?;
    Ok((erased, true))
}

fn erase_recorded(
    registry: &mut Registry,
    workspace: &Workspace,
    settings: &Settings,
    targets: &ForgetTargets,
) -> Result<Erased, Failure> {
    let (erased, events) = workflow::erase(registry.ledger(), targets, settings)?;
    registry.erase(workspace, &events)?;
    Ok(erased)
}

fn undo(args: &Args, settings: &Settings, request: ForgetRequest) -> Result<(), Failure> {
    let workspace = Workspace::new(&settings.state_dir);
    let images = match Registry::open(&workspace, settings.clock) {
        Ok(mut registry) => {
            let targets = request.targets(registry.ledger()).map_err(|reason| Failure::new(Exit::NoInput, reason))?;
            let known = |hash: &ContentHash| registry.ledger().forgotten.contains_key(hash);
            let images: Vec<ContentHash> = targets.images.into_iter().filter(known).collect();
            let events: Vec<_> = images.iter().map(|hash| LedgerEvent::Readmitted { hash: *hash }).collect();
            registry.commit(events)?;
            images
        }
        Err(RegistryError::Locked(_)) => {
            match control::ask(&workspace, &Question::Forget { request, act: ForgetAct::Readmit })? {
                Answer::Forgotten { images } => images,
                other => return Err(ControlError::Unexpected(Box::new(other)).into()),
            }
        }
        Err(error) => return Err(error.into()),
    };
    if images.is_empty() {
        return Err(Failure::new(Exit::NoInput, "none of these images is forgotten; --list lists those that are"));
    }
    print_images(args, &images, "Let in again", |_| false);
    Ok(())
}

fn list(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let workspace = Workspace::new(&settings.state_dir);
    let (images, unerased): (Vec<_>, BTreeSet<_>) = match Registry::open(&workspace, settings.clock) {
        Ok(registry) => {
            let Ledger { forgotten, unerased, .. } = registry.ledger();
            (forgotten.keys().copied().collect(), unerased.iter().copied().collect())
        }
        Err(RegistryError::Locked(_)) => match control::ask(&workspace, &Question::Forgotten)? {
            // What a service has not erased yet is in its status.
            Answer::Forgotten { images } => (images, BTreeSet::new()),
            other => return Err(ControlError::Unexpected(Box::new(other)).into()),
        },
        Err(error) => return Err(error.into()),
    };
    print_images(args, &images, "Forgotten", |image| unerased.contains(image));
    Ok(())
}

fn print_images(args: &Args, images: &[ContentHash], what: &str, is_due: impl Fn(&ContentHash) -> bool) {
    if args.json {
        output::json(&images);
    } else if images.is_empty() {
        output::line("No image is forgotten.");
    } else {
        for image in images {
            let due = if is_due(image) { " (not erased yet: the next start or `forget` does it)" } else { "" };
            output::line(&format!("{what}: {image}{due}"));
        }
    }
}

/// It destroys what took time to make: a person says yes, or a script did.
fn confirm(args: &Args, planned: &Erased) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "nothing was removed; add --yes to confirm, or --dry-run to see what would go",
        ));
    }
    show(false, planned, Some("This removes"));
    output::line("It cannot be undone. Remove them? [y/N]");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    let is_yes = read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if is_yes { Ok(()) } else { Err(Failure::new(Exit::Usage, "nothing was removed; answer y to remove them")) }
}

/// `plan`: how a sentence on what is not done yet begins.
fn show(json: bool, erased: &Erased, plan: Option<&str>) {
    if json {
        return output::json(erased);
    }
    let Erased { images, copies, features, reports, pages, models, in_inbox } = erased;
    let [copies, reports, images] = [(*copies, "copy"), (*reports, "report"), (images.len() as u64, "image")]
        .map(|(n, what)| output::counted(n, what));
    output::line(&match plan {
        None => {
            let [features, pages] =
                [(*features, "cached feature"), (*pages, "page")].map(|(n, what)| output::counted(n, what));
            format!("Removed: {copies}, {features}, {reports}, and what {pages} and lists said of {images}.")
        }
        Some(plan) => format!(
            "{plan}: {copies} and {reports} of {images}, their cached features, and what pages and lists say of them."
        ),
    });
    for model in models {
        output::line(&format!(
            "Model {model} learned from them: its weights stay in its run's folder; the next training learns without them."
        ));
    }
    for path in in_inbox {
        output::line(&format!(
            "The file still lies in the inbox, and is not taken in again: {}; remove it.",
            path.escape_debug()
        ));
    }
}

fn request(args: &Args, settings: &Settings) -> Result<ForgetRequest, Failure> {
    let dataset = args.dataset.as_deref().map(DatasetName::new).transpose();
    let dataset = dataset.map_err(|error| Failure::new(Exit::Usage, error))?;
    let name = |path: &PathBuf| if args.group { Ok(group(path)) } else { file(path, settings) };
    let names = args.names.iter().map(name).collect::<Result<_, _>>()?;
    Ok(ForgetRequest { names, groups_only: args.group, dataset })
}

fn group(name: &Path) -> ForgetName {
    ForgetName { text: name.to_string_lossy().into_owned(), inbox_path: None, content: None, instance: None }
}

/// A path from here, or in the inbox; the file may be gone.
fn file(path: &Path, settings: &Settings) -> Result<ForgetName, Failure> {
    let inbox = &settings.watch.inbox;
    let below = |path: &Path| {
        let (path, inbox) = (absolute(path), absolute(inbox));
        path.strip_prefix(inbox).ok().map(|below| below.to_string_lossy().into_owned())
    };
    let text = path.to_string_lossy().into_owned();
    let found = [path.to_owned(), inbox.join(path)].into_iter().find(|path| path.is_file());
    let content = found.as_deref().map(hash_of).transpose()?;
    let inbox_path = found.as_deref().map_or_else(|| below(path), below).or_else(|| below(&inbox.join(path)));
    let instance = found.as_deref().and_then(|path| instance_of(path, settings));
    Ok(ForgetName { text, inbox_path, content, instance })
}

/// The number that DICOM gave the image, hashed with the key of the state folder: without it, no number is known there. A
/// file that cannot be read is known by its name or content.
fn instance_of(path: &Path, settings: &Settings) -> Option<String> {
    let workspace = Workspace::new(&settings.state_dir);
    let key = workspace.site_key().is_file().then(|| privacy::site_key(&workspace).ok())??;
    let reader = Reader::of(settings);
    let content = reader.read(path, None).ok()?;
    ingest::instance(&content.bytes, &reader.decoding, &key)
}

fn hash_of(path: &Path) -> Result<ContentHash, Failure> {
    let mut file = open_file(path)?;
    hash_pieces(&mut file).map_err(|error| {
        Failure::new(
            Exit::Io,
            format!("cannot read `{}`: {error}; check the file and its permissions", shown_unseen(path)),
        )
    })
}

/// The file may be too large to be held, and therefore not in use.
fn hash_pieces(file: &mut impl Read) -> io::Result<ContentHash> {
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(ContentHash::from_bytes(hasher.finalize().into())),
            n => hasher.update(&piece[..n]),
        }
    }
}

/// With links resolved in what is there: the file itself may be gone, and its folder too.
fn absolute(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|above| Some((above.canonicalize().ok()?, path.strip_prefix(above).ok()?)));
    there.map_or_else(
        || path.to_owned(),
        |(above, below)| if below == Path::new("") { above } else { above.join(below) },
    )
}
