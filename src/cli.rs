//! The command line: one file a subcommand, and the only room that prints.
//!
//! Results go to stdout, logs and progress bars to stderr, JSON where a script would read it.

mod args;
mod augment;
mod bench;
mod benchmark_maps;
mod check;
mod demo;
mod explain;
mod failure;
mod find;
mod forget;
mod journal;
mod manual;
mod models;
mod output;
mod preview;
mod progress;
mod registering;
mod replay;
mod run;
mod shortcuts;
mod statistics;
mod status;
mod telemetry;
mod train;
mod weights;
mod weights_in_use;

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use serde_json::json;

use crate::config::{self, Settings};
use crate::disk::Workspace;
use crate::domain::DatasetName;
use crate::privacy;
use crate::registry;
use crate::service;
use args::{Command, CommandLine};
use failure::{Exit, Failure};

/// Parses the arguments, runs the subcommand, and returns the exit code of its outcome.
pub fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return usage(&error),
    };
    // A panic is a fault of the program; its user gets one line and the code for it, and no backtrace.
    panic::set_hook(Box::new(report_panic));
    let listed_as = match &command_line.command {
        Command::Run(args) => args.listed_as(),
        Command::Train(args) => args.listed_as(),
        Command::Explain(args) => args.listed_as(),
        _ => None,
    };
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| dispatch(command_line)));
    let failure = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure),
        Err(_) => Some(Failure::new(Exit::Software, "internal error; please report the line above")),
    };
    if let Some(failure) = failure.as_ref().filter(|failure| !failure.is_listed())
        && let Some((what, place)) = listed_as
    {
        output::json(&json!({ "failures": [failure.as_work(what, place)] }));
    }
    service::leave(i32::from(report(failure)))
}

/// Prints why a command failed, and why its output could not be written; returns the exit code, 0 when neither happened.
fn report(failure: Option<Failure>) -> u8 {
    let failures: Vec<Failure> = failure.into_iter().chain(output::undelivered()).collect();
    for failure in &failures {
        output::error(&failure.to_string());
    }
    let worst = failures.iter().map(Failure::exit).max_by_key(|exit| (*exit == Exit::Software, *exit == Exit::Io));
    worst.map_or(0, |exit| exit as u8)
}

fn report_panic(info: &PanicHookInfo<'_>) {
    let error = info.to_string().replace('\n', " ");
    if registry::is_in_sled(info) {
        // It is how sled answers a disk that fails; whoever called it is told, and says what follows from it.
        tracing::debug!(error, "Panic in sled");
    } else {
        tracing::error!(error, "Internal error");
    }
}

fn dispatch(command_line: CommandLine) -> Result<(), Failure> {
    if !command_line.command.ends_in_order() {
        service::release_signals();
    }
    // The manual page and the completions depend on no configuration.
    match &command_line.command {
        Command::Man(args) => return manual::man(args, CommandLine::command()),
        Command::Completions(args) => return manual::completions(args, CommandLine::command()),
        _ => {}
    }
    let overrides = overrides(&command_line)?;
    let settings = config::load(&overrides)?;
    telemetry::init(&settings.log, command_line.verbosity());
    use_names(&settings, command_line.command.keeps_names());
    settings.warnings.iter().for_each(|warning| tracing::warn!(%warning, "Configuration"));
    use_threads(settings.compute.threads)?;
    match command_line.command {
        Command::Augment(args) => augment::run(&args, &settings),
        Command::Preview(args) => preview::run(&args, &settings),
        Command::Replay(args) => replay::run(&args, &settings),
        Command::Man(_) | Command::Completions(_) => Ok(()),
        Command::Bench(args) => bench::run(&args, &settings),
        Command::BenchmarkMaps(args) => benchmark_maps::run(&args, &settings),
        Command::Run(args) => run::run(&args, settings, overrides),
        Command::Demo(args) => demo::run(&args, settings),
        Command::Train(args) => train::run(&args, &settings),
        Command::Explain(args) => explain::run(&args, &settings),
        Command::Weights(args) => weights::run(&args, &settings),
        Command::Check(args) => check::run(&args, &settings),
        Command::Models(args) => models::run(&args, &settings),
        Command::Forget(args) => forget::run(&args, &settings),
        Command::Find(args) => find::run(&args, &settings),
        Command::Statistics(args) => statistics::run(&args, &settings),
        Command::Status(args) => status::run(&args, &settings),
    }
}

/// What files are called in everything that is printed: the same as in other programs that use the state folder, once it
/// has a key. Commands whose files keep names make it, so that `find` knows those names later.
fn use_names(settings: &Settings, keeps_names: bool) {
    privacy::use_names(settings);
    let workspace = Workspace::new(&settings.state_dir);
    if keeps_names {
        privacy::make_key_in(&workspace);
    }
    privacy::know_datasets(&trained_datasets(&workspace));
    if workspace.site_key().is_file()
        && let Ok(key) = privacy::site_key(&workspace)
    {
        privacy::use_key(key);
    }
}

/// Datasets that were ever trained on.
fn trained_datasets(workspace: &Workspace) -> Vec<DatasetName> {
    let folders = std::fs::read_dir(workspace.runs()).into_iter().flatten().filter_map(Result::ok);
    folders.filter_map(|folder| DatasetName::new(folder.file_name().into_string().ok()?).ok()).collect()
}

/// From where the settings of this command come.
fn overrides(command_line: &CommandLine) -> Result<config::Overrides, Failure> {
    // Variables that are not Unicode are not gradwatch's.
    let environment = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let file = match &command_line.command {
        Command::Demo(args) => Some(demo::prepare(args)?),
        _ => command_line.config.clone(),
    };
    Ok(config::Overrides {
        file,
        set: command_line.set.clone(),
        command: command_line.command.overrides(),
        environment: environment.collect(),
    })
}

/// Sets the number of threads that process images; 0 means one per core.
fn use_threads(n_threads: usize) -> Result<(), Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).thread_name(|n| format!("gw-pixels-{n}"));
    pool.build_global().map_err(|error| {
        Failure::new(Exit::Io, format!("cannot start worker threads: {error}; set compute.threads to a smaller number"))
    })
}

/// Help and version are results; everything else is an error in the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let message = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                "no command given; --help lists the commands".to_owned()
            }
            _ => output::one_line(&error.render().to_string()),
        };
        output::error(&message);
        return Exit::Usage.into();
    }
    output::text(&error.render().to_string());
    report(None).into()
}
