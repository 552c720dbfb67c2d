//! From a ledger to the training that is due: groups, the side of every image, and whether anything new would be learned.
//!
//! It works on a copy of the ledger, on the training worker, because both take time in proportion to the images.

use std::collections::BTreeSet;
use std::fmt;

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ContentHash, DatasetName, Ledger, LedgerEvent, Sample, Split};
use crate::ingest::{self, DataCheck, DataFindings, Groups, GroupsError};
use crate::privacy::shown;

use super::derived;
use super::failed_work::{FailedWork, Work};
use super::fault::Fault;
use super::incumbent::Incumbent;
use super::retrain_check::{self, Due};
use super::training_network::TrainingNetwork;
use super::training_plan::TrainingPlan;
use super::unread;

/// What is known when a training is prepared.
pub struct Known {
    /// As of when it was asked for.
    pub ledger: Ledger,
    /// The configured weights, when they are known.
    pub configured: Option<ContentHash>,
    /// What of the dataset cannot be read, and is not waited for any more; one sentence.
    pub missed: Option<String>,
}

/// A dataset that was looked at.
pub struct Prepared {
    /// What a person should know of its images, groups and folders: one sentence each.
    pub warnings: Vec<String>,
    /// What it is ready for.
    pub readiness: Readiness,
    /// Images that its models were made without, and that still cannot be read.
    pub unread: Vec<FailedWork>,
}

/// What a dataset is ready for.
pub enum Readiness {
    /// It cannot be trained on yet; one sentence.
    HeldUp(String),
    /// What says so cannot be read now.
    Refused(FailedWork),
    /// Every image's side is decided.
    Split {
        /// What changes by it.
        changed: Vec<Sample>,
        /// The training; `None` when it would learn nothing new.
        plan: Option<Box<TrainingPlan>>,
    },
}

/// Decides the side of every new sample and describes the training.
pub fn prepare(dataset: &DatasetName, known: Known, settings: &Settings, workspace: &Workspace) -> Prepared {
    let unread = unread::failures(&known.ledger, dataset, settings);
    let (samples, DataFindings { obstacle, mut warnings }) = match grouped(&known.ledger, dataset, settings) {
        Ok(found) => found,
        Err(error) => {
            let readiness = unprepared(dataset, (&error).into(), &error);
            return Prepared { warnings: Vec::new(), readiness, unread };
        }
    };
    warnings.extend(known.missed.clone());
    let network = TrainingNetwork::of_dataset(known.ledger.best_model(dataset), settings, workspace);
    let readiness = match (retrain_check::obstacle(dataset, &samples).or(obstacle), network) {
        (Some(obstacle), _) => Readiness::HeldUp(obstacle),
        (None, Err(error)) => unprepared(dataset, (&error).into(), &error),
        (None, Ok(network)) => split(dataset, &samples, (known, network), &mut warnings, settings, workspace),
    };
    Prepared { warnings, readiness, unread }
}

/// A disk that refuses is asked again by itself; what a person has to change is waited for.
fn unprepared(dataset: &DatasetName, fault: Fault, error: &dyn fmt::Display) -> Readiness {
    match fault {
        Fault::Io => Readiness::Refused(FailedWork::new(Work::Training, dataset, fault, error)),
        _ => Readiness::HeldUp(error.to_string()),
    }
}

fn split(
    dataset: &DatasetName,
    samples: &[Sample],
    (mut known, network): (Known, TrainingNetwork),
    warnings: &mut Vec<String>,
    settings: &Settings,
    workspace: &Workspace,
) -> Readiness {
    let changed = ingest::assign_split(samples, settings.of(dataset).split.validation);
    log_moves(samples, &changed);
    if let Some(sentence) = ingest::excluded_message(&changed) {
        tracing::warn!(%dataset, details = %sentence, "Images excluded from the split");
    }
    for sample in &changed {
        known.ledger.apply(&LedgerEvent::Sample(sample.clone()));
    }
    let samples: Vec<Sample> = known.ledger.samples_of(dataset).cloned().collect();
    if samples.iter().all(|sample| sample.split != Some(Split::Validation)) {
        return Readiness::HeldUp(format!(
            "dataset `{dataset}` has no validation image: all are near-duplicates or group members of training images; add \
             images of other patients, or check its groups"
        ));
    }
    warnings.extend(ingest::unmeasured_classes(&samples));
    let due = retrain_check::due(&known.ledger, dataset, settings, network.sha256(known.configured));
    let incomplete = derived::incomplete(&known.ledger, dataset, settings, workspace)
        .filter(|recorded| retrain_check::makes_again(&recorded.model, &samples, settings));
    let plan = || TrainingPlan {
        warnings: warnings.clone(),
        ..plan(dataset, (samples, network), &known.ledger, settings, workspace)
    };
    let plan = match due {
        None => incomplete.map(|recorded| {
            tracing::info!(%dataset, run = %recorded.model.run_id, "Files of a model are missing; they are made again");
            TrainingPlan { run_id: recorded.model.run_id.clone(), recorded: Some(Box::new(recorded)), ..plan() }
        }),
        Some(Due::New) => Some(plan()),
        Some(Due::Upgraded(sentence)) => {
            tracing::info!(%dataset, reason = %sentence, "Training due after an upgrade");
            Some(plan())
        }
    };
    Readiness::Split { changed, plan: plan.map(Box::new) }
}

/// Datasets whose training an earlier run left undone, or that changed settings ask for; and those of which there is something else
/// to say than their last model says.
pub fn find_due(known: &Known, settings: &Settings, workspace: &Workspace) -> Vec<DatasetName> {
    let is_due = |dataset: &&DatasetName| {
        // One that has to wait for its network is looked at too: it says so.
        let network = TrainingNetwork::of_dataset(known.ledger.best_model(dataset), settings, workspace);
        let weights = network.unwrap_or_default().sha256(known.configured);
        retrain_check::due(&known.ledger, dataset, settings, weights).is_some()
            || unread::is_any(&known.ledger, dataset)
            || derived::incomplete(&known.ledger, dataset, settings, workspace).is_some()
            || is_seen_otherwise(&known.ledger, dataset, settings)
    };
    known.ledger.datasets().filter(is_due).cloned().collect()
}

fn plan(
    dataset: &DatasetName,
    (samples, network): (Vec<Sample>, TrainingNetwork),
    ledger: &Ledger,
    settings: &Settings,
    workspace: &Workspace,
) -> TrainingPlan {
    TrainingPlan::new(
        dataset.clone(),
        samples,
        settings.watch.inbox.clone(),
        workspace.expansion(dataset),
        ledger.runs_of(dataset).map(|model| &model.run_id),
        (Incumbent::of(ledger, dataset), network),
        settings,
    )
}

/// The dataset's samples as `groups.csv` groups them now, and what is to be said of them. One that changes its group is split anew.
pub(super) fn grouped(
    ledger: &Ledger,
    dataset: &DatasetName,
    settings: &Settings,
) -> Result<(Vec<Sample>, DataFindings), GroupsError> {
    let prefix = format!("datasets/{dataset}/");
    let folder = settings.watch.inbox.join(&prefix);
    let groups = Groups::read(&folder, settings.of(dataset).split.group_pattern.as_ref())?;
    let regroup = |sample: &Sample| {
        let group = groups.of(sample.path.strip_prefix(&prefix).unwrap_or(&sample.path), sample.dicom.as_deref());
        let split = if group == sample.group { sample.split } else { None };
        Sample { group, split, ..sample.clone() }
    };
    let samples: Vec<Sample> = ledger.samples_of(dataset).map(regroup).collect();
    let files = ledger.files_below(&prefix).filter_map(|file| file.path.strip_prefix(&prefix)).collect();
    let own_pattern = settings.is_own(dataset, "split.group_pattern");
    let check = DataCheck { dataset, groups: &groups, own_pattern, files, prefix: &prefix };
    let findings = check.of(&samples);
    Ok((samples, findings))
}

/// Whether the settings group its images otherwise than when they were split, or find something else to say of them.
fn is_seen_otherwise(ledger: &Ledger, dataset: &DatasetName, settings: &Settings) -> bool {
    let Ok((samples, DataFindings { obstacle, mut warnings })) = grouped(ledger, dataset, settings) else {
        return true;
    };
    warnings.extend(ingest::unmeasured_classes(&samples));
    let said = ledger.last_trained(dataset).map_or(&[][..], |model| &model.data_warnings);
    obstacle.is_some() || warnings != said || samples.iter().any(|sample| sample.split.is_none())
}

/// Logs the samples that move from validation to training.
fn log_moves(before: &[Sample], decided: &[Sample]) {
    let measured: BTreeSet<_> =
        before.iter().filter(|sample| sample.split == Some(Split::Validation)).map(|sample| sample.hash).collect();
    let moved = decided.iter().filter(|s| s.split == Some(Split::Train) && measured.contains(&s.hash));
    let names_validation = before.iter().any(|sample| sample.side == Some(Split::Validation));
    let (given_back, leaked): (Vec<_>, Vec<_>) =
        moved.partition(|sample| names_validation && sample.side == Some(Split::Train));
    if !given_back.is_empty() {
        let n = given_back.len();
        tracing::info!(n_images = n, "Images return to training, because the dataset has a validation folder now");
    }
    for sample in leaked {
        tracing::warn!(
            file = %shown(&sample.path),
            "Moved from validation to training, as near-duplicate or group member of a training image"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    fn prepared(names: [&str; 4]) -> Readiness {
        let dir = tempfile::tempdir().unwrap();
        let inbox = format!("watch.inbox={}", dir.path().display());
        let set = vec![inbox, "split.group_pattern=^([a-z]+)".to_owned()];
        let settings = load(&Overrides { set, ..Overrides::default() }).unwrap();
        let mut ledger = Ledger::default();
        for (class, name) in ["a", "a", "b", "b"].iter().zip(names) {
            let undecided = Sample { split: None, ..retrain_check::tests::sample(name, class, Split::Train) };
            ledger.apply(&LedgerEvent::Sample(undecided));
        }
        let dataset = DatasetName::new("d").unwrap();
        prepare(
            &dataset,
            Known { ledger, configured: None, missed: None },
            &settings,
            &Workspace::new(dir.path().join("state")),
        )
        .readiness
    }

    #[test]
    fn every_image_of_a_dataset_gets_its_side_and_a_training_is_due() {
        let Readiness::Split { changed, plan } = prepared(["p1", "q1", "r1", "s1"]) else { panic!("held up") };
        assert_eq!((changed.len(), plan.unwrap().samples.len()), (4, 4));
        assert!(changed.iter().any(|sample| sample.split == Some(Split::Validation)));
    }

    #[test]
    fn images_of_one_patient_alone_cannot_be_measured_on() {
        let Readiness::HeldUp(obstacle) = prepared(["p1", "p2", "p3", "p4"]) else { panic!("not held up") };
        assert!(obstacle.contains("dataset `d` has no validation image"), "{obstacle}");
    }
}
