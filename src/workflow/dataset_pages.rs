//! The pages of datasets: which there are, what each is made from, and when one is made again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Settings;
use crate::content::Reader;
use crate::disk::Workspace;
use crate::domain::{
    DatasetName, Decision, FileOutcome, FileRecord, FileStamp, Ledger, MapCheck, ModelRecord, RunId, Sample,
    ShortcutAudit, Split,
};
use crate::ingest::{self, DataFindings};
use crate::privacy::shown;
use crate::report::{self, DatasetReport, ExampleThumbnails, FileTotals, PastModel, ReportError, UnusedFiles};

use super::feature_pages::FeaturePages;
use super::prepare::grouped;
use super::retrain_check;

/// Files that are named of those that are left out for one reason.
const NAMED: usize = 5;
/// Pixels a side at which images are read, where the format can be read smaller.
const SIDE: u32 = 160;

/// The pages of all datasets in the folder of reports. It knows which it has seen to be right, so that others are looked at.
pub struct DatasetPages {
    settings: Settings,
    reader: Reader,
    reports: PathBuf,
    known: BTreeMap<DatasetName, KnownPage>,
}

/// What is known of a page.
#[derive(Default)]
struct KnownPage {
    /// Its file, when it was as right as it could be.
    seen: Option<FileStamp>,
    /// It lacks an example that could not be read.
    lacks: bool,
    thumbnails: ExampleThumbnails,
}

impl DatasetPages {
    /// Of the state folder in `settings`; nothing is read yet.
    pub fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            reader: Reader::of(settings).below(&settings.watch.inbox).scaled(true).for_side(SIDE),
            reports: Workspace::new(&settings.state_dir).reports(),
            known: BTreeMap::new(),
        }
    }

    /// Has the next [`Self::write`] write pages again that lack an example, which may be readable by now.
    pub fn look_again(&mut self) {
        self.known.values_mut().filter(|page| page.lacks).for_each(|page| page.seen = None);
    }

    /// Writes the pages of `changed` datasets and those that are not as they were left, and removes those of datasets of which
    /// nothing is known any more. A page leads to the map of the features where `features` can make one. Whether a page came or went.
    ///
    /// # Errors
    /// [`ReportError`]; the other pages are written and removed all the same, unless it cannot be listed which there are. With
    /// [`ReportError::Unread`] all of them are there, and one lacks an example that the system refuses to read.
    pub fn write(
        &mut self,
        ledger: &Ledger,
        changed: &BTreeSet<DatasetName>,
        features: &mut FeaturePages,
    ) -> Result<bool, ReportError> {
        let (before, datasets) = (report::dataset_pages(&self.reports)?, ledger.known_datasets());
        self.known.retain(|dataset, _| datasets.contains(dataset));
        let gone = before.difference(&datasets);
        let removed: Vec<_> = gone.map(|gone| report::remove_dataset_page(&self.reports, gone)).collect();
        let due = datasets.iter().filter(|dataset| changed.contains(*dataset) || !self.is_as_seen(dataset));
        let due: Vec<&DatasetName> = due.collect();
        let written: Vec<_> = due.into_iter().map(|dataset| self.write_one(ledger, dataset, features)).collect();
        removed.into_iter().collect::<Result<(), _>>()?;
        written.into_iter().collect::<Result<(), _>>()?;
        Ok(before != datasets)
    }

    fn is_as_seen(&self, dataset: &DatasetName) -> bool {
        let seen = self.known.get(dataset).and_then(|page| page.seen);
        seen.is_some_and(|seen| seen == stamp(&self.reports, dataset))
    }

    fn write_one(
        &mut self,
        ledger: &Ledger,
        dataset: &DatasetName,
        features: &mut FeaturePages,
    ) -> Result<(), ReportError> {
        let (samples, mut warnings) = self.findings(ledger, dataset);
        warnings.extend(ledger.best_model(dataset).into_iter().flat_map(model_warnings));
        let folder = format!("datasets/{dataset}/");
        let files: Vec<&FileRecord> = ledger.files_below(&folder).filter(|file| !is_forgotten(ledger, file)).collect();
        let report = DatasetReport {
            dataset,
            samples: &samples,
            files: totals(&files),
            warnings,
            left_out: left_out(ledger, &files, &samples),
            has_features: ledger.best_model(dataset).is_some_and(|model| features.have(model)),
            models: models(ledger, dataset),
        };
        let unread = RefCell::new(None);
        let picture = |sample: &Sample| {
            let path = self.settings.watch.inbox.join(&sample.path);
            match self.reader.picture(&path, Some(sample.hash)) {
                Ok((_, image)) => return Some(image.into_picture()),
                // One that went or changed is an arrival, after which the page is written again.
                Err(failure) if failure.is_refused() => drop(unread.replace(Some(failure))),
                Err(_) => {}
            }
            None
        };
        let page = self.known.entry(dataset.clone()).or_default();
        page.seen = None;
        page.lacks = !report::write_dataset(&self.reports, &report, &mut page.thumbnails, &picture)?;
        if let Some(failure) = unread.into_inner() {
            return Err(ReportError::Unread(failure.sentence()));
        }
        page.seen = Some(stamp(&self.reports, dataset));
        Ok(())
    }

    /// The images as they are grouped now, and what is to be said of them: what keeps a model from being trained first.
    fn findings(&self, ledger: &Ledger, dataset: &DatasetName) -> (Vec<Sample>, Vec<String>) {
        if !ledger.has_samples(dataset) {
            return (Vec::new(), Vec::new());
        }
        match grouped(ledger, dataset, &self.settings) {
            Ok((samples, DataFindings { obstacle, warnings })) => {
                let obstacle = retrain_check::obstacle(dataset, &samples).or(obstacle);
                let unmeasured = ingest::unmeasured_classes(&samples);
                (samples, obstacle.into_iter().chain(warnings).chain(unmeasured).collect())
            }
            Err(error) => (ledger.samples_of(dataset).cloned().collect(), vec![error.to_string()]),
        }
    }
}

/// Of the page of a dataset.
fn stamp(reports: &Path, dataset: &DatasetName) -> FileStamp {
    let page = report::dataset_page(reports, dataset);
    fs::metadata(page).map_or(FileStamp::NONE, |metadata| FileStamp::from(&metadata))
}

/// What its shortcut audit and the check of its maps warn of: one sentence each, which names the model.
fn model_warnings(model: &ModelRecord) -> impl Iterator<Item = String> + use<'_> {
    let audit = model.shortcuts.iter().filter_map(ShortcutAudit::warning);
    let maps = model.map_check.iter().flat_map(MapCheck::warnings);
    audit.chain(maps).map(|warning| format!("best model {}: {warning}", model.run_id))
}

/// Whether a person had it erased, though that may wait.
fn is_forgotten(ledger: &Ledger, file: &FileRecord) -> bool {
    let is_image_forgotten = file.outcome.content().is_some_and(|hash| ledger.forgotten.contains_key(&hash));
    is_image_forgotten || ledger.forgotten_files.contains(&file.path)
}

fn totals(files: &[&FileRecord]) -> FileTotals {
    let (mut totals, mut images) = (FileTotals::default(), BTreeSet::new());
    for file in files {
        match &file.outcome {
            FileOutcome::Groups { .. } => continue,
            FileOutcome::Sample { hash, .. } if !images.insert(*hash) => totals.copies += 1,
            FileOutcome::Repeated { .. } => totals.repeats += 1,
            _ => {}
        }
        totals.n += 1;
    }
    totals
}

/// Most files first.
fn left_out(ledger: &Ledger, files: &[&FileRecord], samples: &[Sample]) -> Vec<UnusedFiles> {
    let mut by_code: BTreeMap<&str, Vec<&FileRecord>> = BTreeMap::new();
    for file in files {
        if let FileOutcome::Quarantined { code, .. } = &file.outcome {
            by_code.entry(code).or_default().push(file);
        }
    }
    let quarantined = by_code.into_values().filter_map(|files| quarantined(ledger, &files));
    let mut all: Vec<UnusedFiles> = quarantined.chain(excluded(samples)).collect();
    all.sort_by_key(|reason| std::cmp::Reverse(reason.n));
    all
}

/// Files that are left out for one reason. Reasons are those of now: names in them may have been shown when they were recorded.
fn quarantined(ledger: &Ledger, files: &[&FileRecord]) -> Option<UnusedFiles> {
    let named = ingest::recorded_reasons(ledger, files.iter().take(NAMED).copied());
    let [code, _, fix] = named.first()?.1.clone();
    let files_named = named.into_iter().map(|(path, [_, reason, _])| (shown(path), reason)).collect();
    Some(UnusedFiles { code, n: files.len() as u64, fix, files: files_named })
}

/// Images that the split leaves out.
fn excluded(samples: &[Sample]) -> Option<UnusedFiles> {
    let excluded: Vec<&Sample> = samples.iter().filter(|sample| sample.split == Some(Split::Excluded)).collect();
    let reason = "a near-duplicate or group member of an image in a validation or test folder";
    let named = excluded.iter().take(NAMED).map(|sample| (shown(&sample.path), reason.to_owned())).collect();
    (!excluded.is_empty()).then(|| UnusedFiles {
        code: "excluded-from-split".to_owned(),
        n: excluded.len() as u64,
        fix: "move them into the folder of the side that their near-duplicates or groups are on, or correct the groups"
            .to_owned(),
        files: named,
    })
}

/// The newest first.
fn models<'a>(ledger: &'a Ledger, dataset: &'a DatasetName) -> Vec<PastModel<'a>> {
    let of_dataset = ledger.decisions.iter().filter(|decision| decision.dataset == *dataset);
    let decisions: BTreeMap<&RunId, &Decision> = of_dataset.map(|decision| (&decision.run_id, decision)).collect();
    let best = ledger.best.get(dataset);
    let past = ledger.runs_of(dataset).map(|model| PastModel {
        model,
        decision: decisions.get(&model.run_id).copied(),
        is_best: best == Some(&model.run_id),
    });
    let mut models: Vec<_> = past.collect();
    models.sort_by_key(|past| std::cmp::Reverse(past.model.run_id.number()));
    models
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overrides};
    use crate::domain::{ContentHash, LedgerEvent};
    use crate::imaging::{Picture, Pixels, encode_png};

    fn settings(dir: &Path) -> Settings {
        let set = ["storage.state_dir", "watch.inbox"].map(|key| format!("{key}={}", dir.join(key).display()));
        config::load(&Overrides { set: set.into(), ..Overrides::default() }).unwrap()
    }

    #[test]
    fn an_example_that_could_not_be_read_is_tried_again_when_it_is_looked_again() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        let image = encode_png(&Picture::new(64, 64, 1, Pixels::U8((0..64).cycle().take(4096).collect())).unwrap());
        let sample = Sample { hash: ContentHash::of(image.as_ref().unwrap()), ..Sample::example("a", "plain") };
        let (mut pages, mut ledger) = (DatasetPages::new(&settings), Ledger::default());
        ledger.apply(&LedgerEvent::Sample(sample.clone()));
        let lacks = |pages: &mut DatasetPages| {
            pages.write(&ledger, &BTreeSet::new(), &mut FeaturePages::new(&settings)).unwrap();
            let page = report::dataset_page(&pages.reports, &sample.dataset);
            fs::read_to_string(page).unwrap().contains("Cannot be read")
        };
        assert!(lacks(&mut pages));
        let file = settings.watch.inbox.join(&sample.path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, image.unwrap()).unwrap();
        assert!(lacks(&mut pages), "not with every gallery");
        pages.look_again();
        assert!(!lacks(&mut pages));
    }

    #[test]
    fn an_example_that_the_system_refuses_to_read_is_an_error_and_is_tried_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        // The system refuses names of this length.
        let path = format!("datasets/x/plain/{}.png", "a".repeat(300));
        let sample = Sample { path, ..Sample::example("a", "plain") };
        let (mut pages, mut ledger) = (DatasetPages::new(&settings), Ledger::default());
        ledger.apply(&LedgerEvent::Sample(sample.clone()));
        let file = settings.watch.inbox.join(&sample.path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        for _ in 0..2 {
            let error = pages.write(&ledger, &BTreeSet::new(), &mut FeaturePages::new(&settings)).unwrap_err();
            assert!(matches!(&error, ReportError::Unread(text) if text.contains("the file cannot be read")), "{error}");
        }
        assert!(report::dataset_page(&pages.reports, &sample.dataset).is_file(), "the page is there without it");
    }
}
