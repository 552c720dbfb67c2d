//! Erasing images: all that was made of them goes, and with it every name that stands for them.
//!
//! It changes the files and returns what to record; that they are forgotten is recorded before, so that an erasure that was
//! cut off is found and finished. It depends on nothing that was drawn or trained meanwhile: no work may be under way.

mod erased_names;
mod error;
mod expansions;
mod find;
mod leftovers;
mod runs;
mod subject;

pub use error::ForgetError;
pub use find::{ForgetName, ForgetRequest, ForgetTargets};
pub use runs::n_forgotten_of;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::Settings;
use crate::disk::{self, DiskError, TrainingLock, Workspace};
use crate::domain::{DatasetName, Erased, FileOutcome, Ledger, LedgerEvent};
use crate::ingest;
use crate::privacy::shown;
use crate::report::{self, Gallery, ReportError};

use super::dataset_pages::DatasetPages;
use super::feature_pages::FeaturePages;
use subject::ErasureSubject;

/// What has to be recorded first: that these images and files are forgotten, and that they are still to be erased.
/// With each image goes the number that DICOM gave it, by which its other files are known.
pub fn forgotten(ledger: &Ledger, targets: &ForgetTargets) -> Vec<LedgerEvent> {
    let numbers: BTreeMap<_, _> = ledger.numbered().filter(|(hash, _)| targets.images.contains(hash)).collect();
    let images = targets.images.iter().copied();
    let images = images.flat_map(|hash| {
        let instance = numbers.get(&hash).map(|instance| (*instance).clone());
        [LedgerEvent::Forgotten { hash, instance }, LedgerEvent::ErasureDue { hash }]
    });
    let files = targets.unread.iter().map(|path| LedgerEvent::FileForgotten { path: path.clone() });
    images.chain(files).collect()
}

/// What an erasure would remove.
///
/// # Errors
/// [`ForgetError`] when a manifest cannot be read.
pub fn preview_erasure(ledger: &Ledger, targets: &ForgetTargets, settings: &Settings) -> Result<Erased, ForgetError> {
    let workspace = Workspace::new(&settings.state_dir);
    let mut copies = 0;
    for folder in expansions::folders(&workspace)? {
        copies += crate::augment::copies_of(&folder, &targets.images)?.len() as u64;
    }
    Ok(Erased {
        images: targets.images.iter().copied().collect(),
        copies,
        reports: leftovers::report_folders(&workspace, &targets.images)?.len() as u64,
        models: runs::learned(&workspace, &targets.images)?,
        in_inbox: in_inbox(ledger, targets, &settings.watch.inbox),
        ..Erased::default()
    })
}

/// Removes all that was made of the images from the state folder, and their names. Returns what was removed, and what to
/// record in a registry that is written anew.
///
/// # Errors
/// [`ForgetError`]; what was not removed yet is removed by another call.
pub fn erase(
    ledger: &Ledger,
    targets: &ForgetTargets,
    settings: &Settings,
) -> Result<(Erased, Vec<LedgerEvent>), ForgetError> {
    let workspace = Workspace::new(&settings.state_dir);
    let _locks = lock_trainings(ledger, &workspace)?;
    let subject = ErasureSubject::new(ledger, targets);
    let mut erased = Erased {
        images: targets.images.iter().copied().collect(),
        models: runs::learned(&workspace, &targets.images)?,
        in_inbox: in_inbox(ledger, targets, &settings.watch.inbox),
        ..Erased::default()
    };
    expansions::erase(&workspace, &subject, &mut erased)?;
    let mut events = subject.events(ledger);
    events.extend(runs::erase(&workspace, ledger, &subject, &mut erased)?);
    for path in subject.reasons(ledger) {
        ingest::clear_reason(&workspace.quarantine(), &path)?;
    }
    for folder in leftovers::report_folders(&workspace, &targets.images)? {
        disk::remove_dir(&folder)?;
        erased.reports += 1;
    }
    for image in &targets.images {
        report::unsent_results(&settings.report.outbox, image)?.iter().try_for_each(|file| disk::remove_file(file))?;
    }
    let mut after = ledger.clone();
    for event in &events {
        after.apply(event);
    }
    erased.pages += erase_rest(&workspace, &subject, settings, &after)?;
    Ok((erased, events))
}

/// Takes the names out of what is left, and makes the pages of datasets and the gallery anew, where there were any; returns how
/// many files changed or went.
fn erase_rest(
    workspace: &Workspace,
    subject: &ErasureSubject<'_>,
    settings: &Settings,
    after: &Ledger,
) -> Result<u64, ForgetError> {
    let reports = workspace.reports();
    let (datasets, has_gallery) = (report::dataset_pages(&reports)?, reports.join("index.html").exists());
    // None may show an erased image while it is made anew.
    for dataset in &datasets {
        disk::remove_file(&report::dataset_page(&reports, dataset))?;
        report::remove_feature_page(&reports, dataset)?;
    }
    let n_erased = leftovers::erase(workspace, subject)?;
    // Only now: a new page may name another file of the same name, and is right.
    let mut features = FeaturePages::new(settings);
    if !datasets.is_empty() {
        match DatasetPages::new(settings).write(after, &BTreeSet::new(), &mut features) {
            // The page is there without an example that cannot be read; the service completes it.
            Ok(_) | Err(ReportError::Unread(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if has_gallery {
        let mut gallery = Gallery::new(&reports);
        gallery.survey()?;
        features.write(after, &gallery)?;
        gallery.write(&after.current_classes())?;
    }
    Ok(n_erased)
}

/// No training may write what is being removed, whichever program it runs in.
fn lock_trainings(ledger: &Ledger, workspace: &Workspace) -> Result<Vec<TrainingLock>, DiskError> {
    trained(ledger).into_iter().map(|dataset| TrainingLock::take(workspace, dataset)).collect()
}

/// Datasets on which trainings may be under way.
fn trained(ledger: &Ledger) -> BTreeSet<&DatasetName> {
    ledger.datasets().chain(ledger.runs.keys().map(|(dataset, _)| dataset)).collect()
}

/// What files of the images are called that are still there.
fn in_inbox(ledger: &Ledger, targets: &ForgetTargets, inbox: &Path) -> Vec<String> {
    let is_theirs = |outcome: &FileOutcome| outcome.content().is_some_and(|hash| targets.images.contains(&hash));
    let files = ledger.files.values().filter(|file| is_theirs(&file.outcome)).map(|file| &file.path);
    let files: BTreeSet<&String> = files.chain(&targets.unread).collect();
    files.into_iter().filter(|path| inbox.join(path).exists()).map(shown).collect()
}

/// An erasure that was cut off, or that waits for work under way.
pub fn unfinished(ledger: &Ledger) -> Option<ForgetTargets> {
    let images = ledger.unerased.iter().copied().collect();
    let targets = ForgetTargets { images, unread: ledger.forgotten_files.iter().cloned().collect() };
    (targets != ForgetTargets::default()).then_some(targets)
}

/// Whether an erasure would find another program at a training; `own` is the dataset that this one trains on.
///
/// # Errors
/// [`DiskError::Training`] names the dataset; [`DiskError::Io`].
pub fn find_other_training(ledger: &Ledger, workspace: &Workspace, own: &DatasetName) -> Result<(), DiskError> {
    trained(ledger).into_iter().filter(|of| *of != own).try_for_each(|of| TrainingLock::take(workspace, of).map(drop))
}
