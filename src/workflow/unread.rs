//! Images that a training could not read: the model was made without them, and is made again when they can be read.

use std::collections::BTreeSet;

use crate::config::Settings;
use crate::content::{FileFailure, Reader};
use crate::domain::{ContentHash, DatasetName, Ledger, ModelRecord, Sample};

use super::failed_work::{FailedWork, Work};

/// The images among `samples` that `run` was made without and that can be read now.
pub(super) fn readable(run: &ModelRecord, samples: &[Sample], settings: &Settings) -> Vec<ContentHash> {
    let looked_at = looked_at(&[run], samples.iter(), settings);
    looked_at.into_iter().filter(|(_, failure)| failure.is_none()).map(|(hash, _)| hash).collect()
}

/// What a dataset's best model and its last one were made without, as far as it still cannot be read.
pub(super) fn failures(ledger: &Ledger, dataset: &DatasetName, settings: &Settings) -> Vec<FailedWork> {
    let looked_at = looked_at(&runs(ledger, dataset), ledger.samples_of(dataset), settings);
    looked_at.iter().filter_map(|(_, failure)| Some(FailedWork::of_file(Work::Image, failure.as_ref()?))).collect()
}

/// Whether they were made without any image that the dataset still has.
pub(super) fn is_any(ledger: &Ledger, dataset: &DatasetName) -> bool {
    let mut unread = runs(ledger, dataset).into_iter().flat_map(|run| &run.unread);
    unread.any(|hash| ledger.samples.contains_key(&(dataset.clone(), *hash)))
}

fn runs<'a>(ledger: &'a Ledger, dataset: &'a DatasetName) -> Vec<&'a ModelRecord> {
    ledger.best_model(dataset).into_iter().chain(ledger.last_trained(dataset)).collect()
}

/// Each image that one of the runs was made without, and why it cannot be read now.
fn looked_at<'a>(
    runs: &[&ModelRecord],
    samples: impl Iterator<Item = &'a Sample>,
    settings: &Settings,
) -> Vec<(ContentHash, Option<FileFailure>)> {
    let unread: BTreeSet<ContentHash> = runs.iter().flat_map(|run| run.unread.iter().copied()).collect();
    let inbox = &settings.watch.inbox;
    let reader = Reader::of(settings).below(inbox);
    let look = |sample: &Sample| (sample.hash, reader.read(&inbox.join(&sample.path), Some(sample.hash)).err());
    if unread.is_empty() {
        return Vec::new();
    }
    samples.filter(|sample| unread.contains(&sample.hash)).map(look).collect()
}
