//! The pages that show how a dataset's best model sees its training images and scans: which there are, and when one is made again.

use std::collections::BTreeMap;

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ContentHash, DatasetName, Ledger, ModelRecord, RunId};
use crate::head::{TrainingFeatures, TrainingMap};
use crate::report::{self, Gallery, LearnedPositions, ReportError};

/// The pages of all datasets in the folder of reports.
pub struct FeaturePages {
    workspace: Workspace,
    known: BTreeMap<DatasetName, KnownFeatures>,
}

/// Of the best model of a dataset.
struct KnownFeatures {
    model: RunId,
    map: TrainingMap,
    /// What the page shows.
    shown: Option<ContentHash>,
}

impl FeaturePages {
    /// Of the state folder in `settings`; nothing is read yet.
    pub fn new(settings: &Settings) -> Self {
        Self { workspace: Workspace::new(&settings.state_dir), known: BTreeMap::new() }
    }

    /// Brings the pages up to the best models of datasets and the reports that the gallery knows. A model without a record of what
    /// its training images look like has none.
    ///
    /// # Errors
    /// [`ReportError`] when a page cannot be written or removed.
    pub fn write(&mut self, ledger: &Ledger, gallery: &Gallery) -> Result<(), ReportError> {
        self.known.retain(|dataset, known| ledger.best.get(dataset) == Some(&known.model));
        for dataset in ledger.known_datasets() {
            self.write_one(ledger.best_model(&dataset), &dataset, gallery)?;
        }
        Ok(())
    }

    fn write_one(
        &mut self,
        model: Option<&ModelRecord>,
        dataset: &DatasetName,
        gallery: &Gallery,
    ) -> Result<(), ReportError> {
        let Some((model, known)) = model.and_then(|model| Some((model, self.known(model)?))) else {
            return Ok(report::remove_feature_page(&self.workspace.reports(), dataset)?);
        };
        let learned = LearnedPositions {
            dataset,
            model: &model.run_id,
            classes: &model.classes,
            positions: &known.map.positions,
            of_class: &known.map.classes,
        };
        known.shown = Some(report::write_feature_page(gallery, &learned, known.shown)?);
        Ok(())
    }

    /// Whether the best model of its dataset has what its page is made from; a damaged file has not.
    pub(super) fn have(&mut self, model: &ModelRecord) -> bool {
        self.known(model).is_some()
    }

    /// `None` where they are not there any more, too: an erasure removes them.
    fn known(&mut self, model: &ModelRecord) -> Option<&mut KnownFeatures> {
        let folder = self.workspace.run(&model.dataset, &model.run_id);
        let record = model.training_features.as_ref().filter(|record| folder.join(&record.file).is_file());
        let is_known = self.known.get(&model.dataset).is_some_and(|known| known.model == model.run_id);
        if record.is_none() || !is_known {
            self.known.remove(&model.dataset);
            let map = TrainingFeatures::load(&folder, record?).ok()?.map().clone();
            self.known.insert(model.dataset.clone(), KnownFeatures { model: model.run_id.clone(), map, shown: None });
        }
        self.known.get_mut(&model.dataset)
    }
}
