//! The nouns every room speaks in. Pure: no files, no clock, no randomness, no threads of its own, no foreign engine.
//!
//! A noun used by two rooms lives here; a noun used by one stays home.

mod arrival;
mod border;
mod clock;
mod counters;
mod dhash;
mod dicom_facts;
mod drawn_map;
mod erased;
mod explanation;
mod hash;
mod heat_map;
mod image_facts;
mod label_conflict;
mod labelled_image;
mod ledger;
mod map_benchmark;
mod map_check;
mod map_figures;
mod model;
mod names;
mod neighbours;
mod preset;
mod progress;
mod recipe;
mod reexplanation;
mod reserve;
mod resize;
mod retention;
mod sample;
mod shortcut;
mod split;
mod stop;
mod transform;
mod versions;
pub mod vgg16;

pub use arrival::Arrival;
pub use border::{Border, BorderParseError};
pub use clock::Clock;
pub use counters::{Counter, Counters};
pub use dhash::PerceptualHash;
pub use dicom_facts::DicomFacts;
pub use drawn_map::{DrawnMap, rectified, window_sums};
pub use erased::Erased;
pub use explanation::{Evidence, Explanation, ExplanationStatus, Misclassified, TrainingDistance};
pub use hash::{ContentHash, HashParseError};
pub use heat_map::{ClassMap, ContrastMap, MapMethod};
pub use image_facts::{ImageFacts, NonContentFacts};
pub use label_conflict::LabelConflict;
pub use labelled_image::{AugmentedImage, LabelledImage};
pub use ledger::{CurrentClasses, Decision, FileOutcome, FileRecord, FileStamp, Ledger, LedgerEvent, ScanKey};
pub use map_benchmark::{MapBenchmark, MapScore};
pub use map_check::MapCheck;
pub use map_figures::{MapFigure, MapFigures, Perturbation};
pub use model::{
    Assessment, BackboneRecord, ClassCount, EpochRecord, FeaturesRecord, HeadRecord, ModelRecord, StopReason,
    TestRecord,
};
pub use names::{ClassName, DatasetName, NameError, RunId, safe_stem};
pub use neighbours::{Neighbour, SECOND_OPINION, vote};
pub use preset::{Breach, Preset};
pub use progress::{Phase, Progress, Silent};
pub use recipe::{COPY_SIDE, Fill, Interpolation, Recipe, Semantics};
pub use reexplanation::Reexplanation;
pub use reserve::Reserve;
pub use resize::Resize;
pub use retention::{RetentionLimits, StoredItem};
pub use sample::{Role, Sample, Scan, ScanState};
pub use shortcut::{Baseline, ProportionCorrect, ShortcutAnswers, ShortcutAudit};
pub use split::{Split, side_and_class};
pub use stop::{StopFlag, Stopped};
pub use transform::Transform;
pub use versions::Versions;
