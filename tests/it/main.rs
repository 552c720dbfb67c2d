//! The built program, driven as a user drives it: real files, real sled, real libtorch.
//!
//! One binary, so that it is linked once. Nothing sleeps: a test waits for an event, with a deadline. Everything that a
//! test looks at is generated; `bed` gives it a place, `service` a running gradwatch, `browser` a
//! browser, `pictures` something to look at.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "tests break things on purpose, and say so by panicking"
)]
mod bed;
mod browser;
mod dicom_scans;
mod pictures;
mod scaled;
mod service;

mod attempts; // what ends the program
mod augment; // `gradwatch augment`
mod check; // `gradwatch check`, and how the configuration is found
mod circles; // no file imports another that imports it
mod dataset_page; // the page of a dataset: counts, links, kept current, forgotten images
mod datasets; // settings of one dataset
mod decisions; // which model is the best one when a training ends, and when a training is due
mod demo; // `gradwatch demo`, and its pages in a browser
mod derived; // what was made of what is recorded and is lost or damaged comes back
mod dicom; // DICOM files are read, their patients stay in them
mod dicom_facts; // groups, repeated images and shortcuts by what DICOM files say of themselves
mod dicom_results; // results of DICOM scans as DICOM
mod docs; // the documents and config.toml against the program
mod ends; // failures: exit codes, summaries, tries that follow
mod files; // what is no image file, and two programs on one dataset
mod forget; // `gradwatch forget`
mod fuzz_reports; // reports of odd scans; `make fuzz-reports` for many
mod gallery; // many reports: search, filters, order and pages in a browser
mod gpu; // scripts/gpu-check, small
mod groups; // groups.csv in the inbox
mod identical; // the same bytes from the same work, under SOURCE_DATE_EPOCH
mod labels; // labels that change, and what is in the wrong place
mod layout; // the walls of the house that clippy cannot hold
mod libtorch; // what needs libtorch, and what does not
mod live; // the service: what is dropped, stopped, killed while it runs
mod lives; // the service outlives what passes: disks, inboxes, what stands in the way
mod log_texts; // the texts of log messages
mod manual; // `gradwatch man` and `gradwatch completions`
mod maps; // heat maps: methods, figures, odd images, and what is painted
mod messages; // every mistake gets one line: pinned by snapshot
mod models; // many models side by side, each with its own network
mod mounts; // mounted folders that go away, files that cannot be read for a while
mod neighbours; // the nearest training images on a report
mod output; // output that cannot be written, and readers that have gone
mod outside; // `gradwatch train` and `gradwatch explain`
mod pipeline; // `run --once`: from dropped pictures to reports
mod planted; // a marker planted in one class is found by the audit and by the maps
mod privacy; // nothing that says who a patient is leaves a DICOM file or its name
mod reexplain; // a better model explains scans again, as the policy says, and last
mod reserve; // the room on the disk that work leaves free
mod retention; // what is removed when it gets old or too much
mod run_page; // a run's page in a browser
mod scan_page; // a scan's page in a browser
mod shortcuts; // what gives classes away beside the content: the audit of a training
mod sides; // folders train, val and test
mod torture; // sweeps of kills, errors and full disks
mod unit; // the systemd unit
mod unlike; // scans that are unlike the training images
mod words; // the words to avoid, in help and messages
