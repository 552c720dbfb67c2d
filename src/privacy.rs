//! What may be shown of persons: keyed hashes in place of identifiers, and of the names of files that may hold one.
//!
//! Hospitals name files and folders after patients. So every path of an input that reaches a log, a report, a status, a
//! table or an error text goes through [`shown`], which alone decides whether the name itself may be read there.

mod key_file;
mod known_files;
mod policy;
mod shown;
mod site_key;

pub use key_file::{KeyError, site_key};
pub use known_files::hide_known;
pub use shown::{
    hidden_digits, hidden_name, hide, is_dicom_under, know_datasets, make_key_in, shown, shown_dataset, shown_folder,
    shown_group, shown_in, shown_in_inbox, shown_name, shown_stem, shown_unseen, shown_unseen_in, shows, use_dataset,
    use_folder, use_key, use_names,
};
pub use site_key::SiteKey;
