//! What is to be trained, and what a training works with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::Settings;
use crate::content::Reader;
use crate::disk::Workspace;
use crate::domain::{
    COPY_SIDE, ContentHash, DatasetName, LabelledImage, NonContentFacts, Progress, RunId, Sample, StopFlag,
};
use crate::train::{Augmented, FeatureFolder, TrainJob};

use super::augmentation_record::augmentation_record;
use super::derived::RecordedModel;
use super::engines::Engines;
use super::failed_work::FailedWork;
use super::incumbent::Incumbent;
use super::job_identity::{self, VERSIONS};
use super::training_network::TrainingNetwork;

/// What to train on. Every sample's side of the split is decided.
#[derive(Debug, Clone)]
pub struct TrainingPlan {
    /// The dataset's name.
    pub dataset: DatasetName,
    /// Its samples; paths are relative to `root`.
    pub samples: Vec<Sample>,
    /// The folder that samples' paths start at.
    pub root: PathBuf,
    /// Where copies and their manifest go.
    pub expansion: PathBuf,
    /// The run to be made.
    pub run_id: RunId,
    /// Identity of data and settings.
    pub job_hash: ContentHash,
    /// What it is trained on.
    pub network: TrainingNetwork,
    /// The best model when it starts.
    pub incumbent: Incumbent,
    /// What a person should know of the dataset: one sentence each.
    pub warnings: Vec<String>,
    /// The model that it makes once more, where that is what it is for.
    pub recorded: Option<Box<RecordedModel>>,
    /// Whether it goes without images that a disk, a share or a permission keeps from being read now.
    pub may_leave_out: bool,
}

impl TrainingPlan {
    /// A training of `samples`, numbered after the highest of `runs`.
    pub fn new<'a>(
        dataset: DatasetName,
        samples: Vec<Sample>,
        root: PathBuf,
        expansion: PathBuf,
        runs: impl Iterator<Item = &'a RunId>,
        (incumbent, network): (Incumbent, TrainingNetwork),
        settings: &Settings,
    ) -> Self {
        let like = network.asked_for().map(|(_, record)| record);
        let job_hash = job_identity::job_hash(&samples, settings.of(&dataset), VERSIONS, like);
        let highest = runs.filter_map(RunId::number).max().unwrap_or(0);
        let run_id = RunId::numbered(highest + 1, &job_hash);
        Self {
            dataset,
            samples,
            root,
            expansion,
            run_id,
            job_hash,
            network,
            incumbent,
            warnings: Vec::new(),
            recorded: None,
            may_leave_out: true,
        }
    }

    /// Its images.
    pub(super) fn images(&self) -> Vec<LabelledImage> {
        self.samples.iter().map(|sample| sample.labelled(&self.root)).collect()
    }

    /// What is known of its images apart from what they show, by content.
    pub(super) fn non_content(&self) -> BTreeMap<ContentHash, NonContentFacts> {
        self.samples.iter().map(|sample| (sample.hash, sample.non_content())).collect()
    }

    /// The training of `samples`, as this and the settings describe it.
    pub(super) fn train_job<'a>(
        &'a self,
        settings: &Settings,
        samples: &'a [LabelledImage],
        non_content: &'a BTreeMap<ContentHash, NonContentFacts>,
        augmented: Augmented<'a>,
    ) -> TrainJob<'a> {
        let workspace = Workspace::new(&settings.state_dir);
        TrainJob {
            run_id: self.run_id.clone(),
            job_hash: self.job_hash,
            data_hash: job_identity::data_hash(&self.samples),
            like: self.network.asked_for().map(|(run, _)| run.clone()),
            dataset: self.dataset.clone(),
            run_dir: workspace.run(&self.dataset, &self.run_id),
            features: FeatureFolder { path: workspace.features(), reserve: settings.reserve },
            samples,
            non_content,
            augmented,
            recorded: self.recorded.as_ref().map(|recorded| &recorded.model),
            unread: &[],
            may_leave_out: self.may_leave_out,
            augmentation: augmentation_record(settings),
            warnings: &self.warnings,
            settings: settings.train,
            reader: self.reader(settings),
            clock: settings.clock,
        }
    }

    /// The limits are for images of others: the program's own copies are within them, whatever the settings say.
    fn reader(&self, settings: &Settings) -> Reader {
        let mut reader = Reader::of(settings).below(&self.root);
        let limits = &mut reader.decoding;
        limits.max_side = limits.max_side.max(COPY_SIDE);
        limits.max_pixels = limits.max_pixels.max(u64::from(COPY_SIDE).pow(2));
        reader
    }
}

/// What a training works with.
pub struct TrainingContext<'a> {
    /// The settings of the dataset in hand: [`Settings::of`].
    pub settings: &'a Settings,
    /// Where the networks come from.
    pub engines: &'a Engines,
    /// Asked between files, batches and epochs.
    pub stop: &'a StopFlag,
    /// Told how far it is.
    pub progress: &'a dyn Progress,
    /// Receives what failed besides the model: copies of an image, a sheet, a page.
    pub failed: &'a dyn Fn(FailedWork),
}
