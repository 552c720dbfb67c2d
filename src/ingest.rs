//! Arrivals to samples and scans: what a file is for, whether it can be read, what it replaces, on which side it stands.
//!
//! It reads the inbox and never writes there; all it writes are the reason files of the quarantine. What it decides it
//! hands back as events: it does not know who keeps them, nor what is done with samples and scans.

mod blank;
mod burned_in;
mod crowded;
mod data_check;
mod depths;
mod duplicates;
mod folder;
mod folder_conflicts;
mod folder_names;
mod group_coverage;
mod group_list;
mod groups;
mod inspect;
mod intake;
mod label_conflicts;
mod leaks;
mod ledger_draft;
mod modalities;
mod pseudonymize;
mod quarantine;
mod recorded_reasons;
mod role;
mod same_patient;
mod split;
#[cfg(test)]
mod test_dicom;
mod unchanged;

pub use data_check::{DataCheck, DataFindings, unmeasured_classes};
pub use folder::{DatasetFolder, FolderError, find_images, inspect_images, labelled_files};
pub use folder_conflicts::{contested_files, warn_of_differing_repeats};
pub use groups::{Groups, GroupsError};
pub use inspect::{Inspected, inspect};
pub use intake::{Intake, IntakeOutcome, UnfinishedFile};
pub use leaks::{classless_message, duplicate_across_message, excluded_message};
pub use pseudonymize::instance;
pub use quarantine::{clear_reason, restore_reasons, write_reason};
pub use recorded_reasons::recorded_reasons;
pub use role::{group_of, role_of};
pub use split::{assign_folds, assign_split};
