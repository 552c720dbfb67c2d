//! The arguments every subcommand takes, and the list of subcommands.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};

use super::{
    augment, bench, check, demo, explain, manual, models, preview, replay, run, statistics, status, train, weights,
};

/// Watches a folder of labelled images, augments them, retrains a frozen-VGG16 classifier on libtorch, and explains
/// every new scan with a Grad-CAM report. Works offline; nothing leaves the machine.
#[derive(Debug, Parser)]
#[command(name = "gradwatch", version, max_term_width = 100, propagate_version = true)]
pub(super) struct CommandLine {
    /// Configuration file [default: ./config.toml, else the user's, else /etc/gradwatch/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Override one configuration key, as `--set train.max_epochs=20`; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,

    /// Tell more; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// Tell less; twice for errors only
    #[arg(short, long, global = true, action = ArgAction::Count)]
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
    /// Run the service, or with --once work off everything that is present
    Run(run::Args),
    /// Make a small synthetic dataset and scans, run everything, and print the reports' path
    Demo(demo::Args),
    /// Expand a class-folder dataset to disk, once
    Augment(augment::Args),
    /// Show what the recipe makes of one picture
    Preview(preview::Args),
    /// Print the mean and deviation of a dataset's pixels, for backbone.preprocessing
    Statistics(statistics::Args),
    /// Make copies again from the lines of their manifest
    Replay(replay::Args),
    /// Train once on a folder of class folders, outside the service
    Train(train::Args),
    /// Predict, draw heat maps and write reports for given pictures, once
    Explain(explain::Args),
    /// VGG16 weight files
    Weights(weights::Args),
    /// Check the configuration and its surroundings; used before start and reload
    Check(check::Args),
    /// The trained models
    Models(models::Args),
    /// Images a second of decoding, of the network, and of both, on each device
    Bench(bench::Args),
    /// What the service is doing; also when it is dead
    Status(status::Args),
    /// Print the manual page
    Man(manual::ManArgs),
    /// Print a shell's completions
    Completions(manual::CompletionsArgs),
}

impl Command {
    /// Whether it takes SIGTERM and Ctrl-C over, to end with whole files. The others are ended by them.
    pub(super) fn ends_in_order(&self) -> bool {
        !matches!(
            self,
            Self::Preview(_)
                | Self::Weights(_)
                | Self::Check(_)
                | Self::Models(_)
                | Self::Status(_)
                | Self::Man(_)
                | Self::Completions(_)
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
