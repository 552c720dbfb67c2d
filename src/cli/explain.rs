//! `gradwatch explain`: scores, heat maps and reports for given pictures, once, outside the service.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::json;
use walkdir::WalkDir;

use super::failure::{Exit, Failure};
use super::models;
use super::output;
use super::progress::TerminalProgress;
use crate::config::Settings;
use crate::daemon::{self, EngineCell, Explainer, ServeError, Served};
use crate::domain::{ClassName, ModelRecord, Progress, StopFlag};
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Pictures, or folders of pictures
    #[arg(required = true, value_name = "IMAGE|DIR")]
    paths: Vec<PathBuf>,

    /// The model's run id [default: the best model]
    #[arg(long, value_name = "ID")]
    model: Option<String>,

    /// The dataset whose model shall speak, when there are several
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,

    /// Folder for the reports and their gallery
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,

    /// Print one JSON document: each picture's report, or why it has none
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let pictures = pictures(&args.paths)?;
    let model = models::speaker(settings, args.model.as_deref(), args.dataset.as_deref())?;
    let stop = StopFlag::default();
    daemon::stop_on_signals(stop.clone(), || {}).map_err(|error| Failure::new(Exit::Io, error))?;
    let engine = EngineCell::new(settings, &stop);
    // A network that cannot start is one failure, not one for each picture.
    engine.get()?;
    let mut explainer = Explainer::new(settings, engine);
    let outcomes = explain_all(&mut explainer, &pictures, &model, &args.out, &stop);
    report::write_gallery(&args.out)?;
    if args.json {
        print_json(&outcomes, &args.out);
    } else {
        print(&outcomes, &args.out);
    }
    if outcomes.len() < pictures.len() {
        return Err(Failure::new(Exit::TryLater, "stopped on request; the reports that are written are whole"));
    }
    let n_failed = outcomes.iter().filter(|(_, outcome)| outcome.is_err()).count();
    if n_failed > 0 {
        return Err(Failure::new(
            Exit::Data,
            format!("{n_failed} of {} pictures could not be explained", outcomes.len()),
        ));
    }
    Ok(())
}

type Outcome<'a> = (&'a Path, Result<Served, ServeError>);

fn explain_all<'a>(
    explainer: &mut Explainer,
    pictures: &'a [PathBuf],
    model: &ModelRecord,
    out: &Path,
    stop: &StopFlag,
) -> Vec<Outcome<'a>> {
    let progress = TerminalProgress::default();
    progress.begin("explain", pictures.len() as u64, "scans");
    let mut outcomes = Vec::new();
    for picture in pictures.iter().take_while(|_| !stop.is_raised()) {
        outcomes.push((picture.as_path(), explainer.explain(picture, None, model, out, "")));
        progress.advance(1);
    }
    progress.end();
    outcomes
}

/// The files that were named, and those in the folders that were named, in the order of their names; hidden ones are left out.
fn pictures(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut pictures = Vec::new();
    for path in paths {
        let missing = |error: &dyn fmt::Display| {
            Failure::new(
                Exit::NoInput,
                format!("cannot read `{}`: {error}; give a picture or a folder", path.display()),
            )
        };
        for entry in
            WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|e| e.depth() == 0 || !is_hidden(e))
        {
            let entry =
                entry.map_err(|error| missing(&error.io_error().map_or_else(String::new, ToString::to_string)))?;
            if entry.file_type().is_file() {
                pictures.push(entry.into_path());
            }
        }
    }
    if pictures.is_empty() {
        return Err(Failure::new(
            Exit::NoInput,
            "there are no files in what was named; give pictures or folders of pictures",
        ));
    }
    Ok(pictures)
}

fn is_hidden(entry: &walkdir::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

fn print(outcomes: &[Outcome<'_>], out: &Path) {
    for (path, outcome) in outcomes {
        match outcome {
            Ok(served) => {
                let said = &served.explanation;
                let scores = said.classes.iter().zip(&said.scores).map(|(class, score)| format!("{class} {score:.3}"));
                let report = out.join(&served.report).join("report.html");
                let scores = scores.collect::<Vec<_>>().join(", ");
                output::line(&format!(
                    "{}: {} ({scores})  {}",
                    path.display(),
                    said.classes[said.predicted],
                    report.display()
                ));
            }
            Err(error) => output::error(&error.to_string()),
        }
    }
    output::line(&format!("Gallery: {}", out.join("index.html").display()));
}

fn print_json(outcomes: &[Outcome<'_>], out: &Path) {
    let scans: Vec<_> = outcomes
        .iter()
        .map(|(path, outcome)| match outcome {
            Ok(Served { explanation, report }) => json!({
                "scan": path,
                "model": explanation.model,
                "predicted": explanation.classes[explanation.predicted],
                "scores": explanation.classes.iter().map(ClassName::as_str).zip(&explanation.scores).collect::<BTreeMap<_, _>>(),
                "warnings": explanation.warnings,
                "report": out.join(report).join("report.html"),
            }),
            Err(error) => json!({ "scan": path, "error": error.to_string() }),
        })
        .collect();
    output::json(&json!({ "scans": scans, "gallery": out.join("index.html") }));
}
