//! The arguments every subcommand takes, and the list of subcommands.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};

use super::{
    augment, bench, benchmark_maps, check, demo, explain, find, forget, manual, models, preview, replay, run,
    statistics, status, train, weights,
};

/// Watches a folder of labelled images, augments them, trains a classifier head on features of a frozen VGG16, and
/// explains every new scan with a Grad-CAM report. Works offline and sends no data.
#[derive(Debug, Parser)]
#[command(name = "gradwatch", version, max_term_width = 100, propagate_version = true)]
pub(super) struct CommandLine {
    /// Configuration file [default: ./config.toml, else the user's, else /etc/gradwatch/config.toml]
    #[arg(long, global = true, help_heading = "Global options", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Set one configuration key, for example `--set train.max_epochs=20`; may be repeated
    #[arg(long, global = true, help_heading = "Global options", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,

    /// Raise the log level by one step; may be repeated
    #[arg(short, long, global = true, help_heading = "Global options", action = ArgAction::Count)]
    verbose: u8,

    /// Lower the log level by one step; may be repeated
    #[arg(short, long, global = true, help_heading = "Global options", action = ArgAction::Count)]
    quiet: u8,

    #[command(subcommand)]
    pub(super) command: Command,
}

impl CommandLine {
    /// Steps up (positive) or down from the configured log level.
    pub(super) fn verbosity(&self) -> i16 {
        i16::from(self.verbose) - i16::from(self.quiet)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the service, or process everything present with --once
    Run(run::Args),
    /// Generate a small dataset, process it, and print the path of the reports
    Demo(demo::Args),
    /// Write augmented copies of a class-folder dataset to disk, once
    Augment(augment::Args),
    /// Draw example copies of one image
    Preview(preview::Args),
    /// Print mean and standard deviation of a dataset's pixels, for backbone.preprocessing
    Statistics(statistics::Args),
    /// Recreate copies from their manifest
    Replay(replay::Args),
    /// Train once on a folder of class folders, outside the service
    Train(train::Args),
    /// Explain images once: scores, heat maps and reports
    Explain(explain::Args),
    /// List or import VGG16 weight files
    Weights(weights::Args),
    /// Check the configuration and its folders, for example before a start or restart
    Check(check::Args),
    /// List, show, import, promote or roll back models
    Models(models::Args),
    /// Remove images, or all images of a group, with everything that was made of them
    Forget(forget::Args),
    /// Print the paths of the files that a hidden name stands for
    Find(find::Args),
    /// Measure images per second of decoding, of the network, and of both, on each device
    Bench(bench::Args),
    /// Measure how well heat maps find what is painted into generated radiographs, with a model of a demo
    BenchmarkMaps(benchmark_maps::Args),
    /// Show what the service is doing, also when it is not running
    Status(status::Args),
    /// Print the manual page
    Man(manual::ManArgs),
    /// Print the completions of a shell
    Completions(manual::CompletionsArgs),
}

impl Command {
    /// Whether it handles SIGTERM and Ctrl-C itself, to end with complete files. The others are ended by the signal.
    pub(super) fn ends_in_order(&self) -> bool {
        !matches!(
            self,
            Self::BenchmarkMaps(_)
                | Self::Preview(_)
                | Self::Weights(_)
                | Self::Check(_)
                | Self::Models(_)
                | Self::Find(_)
                | Self::Status(_)
                | Self::Man(_)
                | Self::Completions(_)
        )
    }

    /// Whether names of inputs are in what it leaves behind.
    pub(super) fn keeps_names(&self) -> bool {
        matches!(
            self,
            Self::Augment(_) | Self::Train(_) | Self::Explain(_) | Self::Preview(_) | Self::Replay(_) | Self::Run(_)
        )
    }

    /// Configuration keys that the subcommand's own arguments set.
    pub(super) fn overrides(&self) -> Vec<String> {
        match self {
            Self::Augment(args) => args.overrides(),
            Self::Preview(args) => args.overrides(),
            _ => Vec::new(),
        }
    }
}
