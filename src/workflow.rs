//! The use cases that commands and the service share: training, cross-validation, ablation, promotion, whether a retrain is due,
//! explaining. They decide and compute; whoever calls them records what they return.
//!
//! This room must not know of threads, queues, the inbox or the registry.

mod ablation;
mod augmentation_record;
mod contact_sheet;
mod cross_validation;
mod dataset_folder;
mod dataset_pages;
mod derived;
mod engines;
mod error;
mod exclusive;
mod explainer;
mod failed_work;
mod fault;
mod feature_pages;
mod finished_training;
mod forget;
mod ground_truth;
mod import_check;
mod incumbent;
mod job_identity;
mod leftovers;
mod map_benchmark;
mod perturbation;
mod prepare;
mod promotion;
mod retention;
mod retrain_check;
mod training;
mod training_network;
mod training_plan;
mod trial;
mod unread;

pub use ablation::{Ablation, Component, ablate};
pub use contact_sheet::{draw_preview, draw_sheet};
pub use cross_validation::{CrossValidated, cross_validate};
pub use dataset_folder::{read_samples, split_samples};
pub use dataset_pages::DatasetPages;
pub use derived::RecordedModel;
pub use engines::{Engines, check_device, self_test};
pub use error::WorkflowError;
pub use exclusive::train_exclusively;
pub use explainer::{ExplainedScan, Explainer, MapRequest, ReportPlace, ScanError};
pub use failed_work::{FailedWork, Work};
pub use fault::Fault;
pub use feature_pages::FeaturePages;
pub use finished_training::{FinishedTraining, TrainedModel};
pub use forget::{
    ForgetError, ForgetName, ForgetRequest, ForgetTargets, erase, find_other_training, forgotten, n_forgotten_of,
    preview_erasure, unfinished,
};
pub use import_check::{ImportCheck, LabelledScores, check_import};
pub use incumbent::Incumbent;
pub use leftovers::remove_leftovers;
pub use map_benchmark::benchmark_maps;
pub use prepare::{Known, Prepared, Readiness, find_due, prepare};
pub use promotion::{promote_by_hand, roll_back};
pub use retention::{Exceeding, RetentionOutcome, find_exceeding, remove_exceeding};
pub use retrain_check::obstacle;
pub use training::train_model;
pub use training_network::TrainingNetwork;
pub use training_plan::{TrainingContext, TrainingPlan};
