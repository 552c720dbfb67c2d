//! `gradwatch explain`: scores, heat maps and reports of given images, once, outside the service.

use std::collections::BTreeMap;
use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::failure::{Exit, Failure};
use super::models;
use super::output;
use super::progress::TerminalProgress;
use crate::config::Settings;
use crate::content::{self, FileFailure, Listing, NoInputs};
use crate::domain::{
    ClassName, CurrentClasses, Explanation, ExplanationStatus, MapMethod, ModelRecord, Phase, Progress, StopFlag,
    TrainingDistance,
};
use crate::privacy::{self, shown, shown_unseen};
use crate::report::Gallery;
use crate::service;
use crate::stats::shortest_single;
use crate::workflow::{Engines, ExplainedScan, Explainer, FailedWork, MapRequest, ReportPlace, ScanError, Work};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Images, or folders of images
    #[arg(required = true, value_name = "IMAGE|DIR")]
    paths: Vec<PathBuf>,

    /// Run ID of the model [default: the best model]
    #[arg(long, value_name = "ID")]
    model: Option<String>,

    /// Dataset whose best model is used; required if several datasets have models
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,

    /// Output folder of the reports and their gallery
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,

    /// Method of the heat map that is shown first
    #[arg(long, value_name = "METHOD", default_value = MapMethod::GradCam.argument(), value_parser = methods())]
    method: MapMethod,

    /// Also write all maps as numbers: maps.npy, 32-bit floats [map, class, row, column]
    #[arg(long)]
    raw_maps: bool,

    /// Also measure deletion and insertion of the heat map: 20 more images through the network each
    #[arg(long)]
    deletion_insertion: bool,

    /// Print one JSON document: the report of each image, or why there is none, and the number of its argument
    #[arg(long)]
    json: bool,
}

fn methods() -> impl TypedValueParser<Value = MapMethod> {
    let value = |method: MapMethod| PossibleValue::new(method.argument()).aliases(other_names(method));
    let is_of = |method: MapMethod, name: &str| method.argument() == name || other_names(method).contains(&name);
    let named = move |name: String| MapMethod::ALL.into_iter().find(|method| is_of(*method, &name)).unwrap_or_default();
    PossibleValuesParser::new(MapMethod::ALL.map(value)).map(named)
}

/// As papers and other programs call it.
fn other_names(method: MapMethod) -> [&'static str; 2] {
    match method {
        MapMethod::GradCam => ["gradcam", "Grad-CAM"],
        MapMethod::HiresCam => ["hirescam", "HiResCAM"],
        MapMethod::GradCamPlusPlus => ["gradcam++", "Grad-CAM++"],
        MapMethod::LayerCam => ["layercam", "LayerCAM"],
    }
}

impl Args {
    fn maps(&self) -> MapRequest {
        MapRequest { method: self.method, is_raw: self.raw_maps, is_perturbed: self.deletion_insertion }
    }

    /// What failed when nothing was explained, for the document that lists it.
    pub(super) fn listed_as(&self) -> Option<(Work, String)> {
        let paths = || self.paths.iter().map(shown).collect::<Vec<_>>().join(", ");
        self.json.then(|| (Work::Scan, paths()))
    }
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    if let Ok(here) = std::env::current_dir() {
        privacy::use_folder(&here);
    }
    let NamedInputs { pictures, failed, folders } = NamedInputs::find(&args.paths)?;
    let model = models::explaining_model(settings, args.model.as_deref(), args.dataset.as_deref())?;
    let stop = StopFlag::default();
    service::stop_on_signals(stop.clone(), || {}).map_err(|error| Failure::new(Exit::Io, error))?;
    let engines = Engines::new(settings, &stop);
    // A network that cannot start is one failure, not one per image.
    engines.of_model(&model.backbone_detail)?;
    let explainer = Explainer::new(settings, engines).with_results_beside().with_maps(args.maps());
    let explainer = folders.iter().fold(explainer, |explainer, it| explainer.below(it));
    let mut outcomes: Vec<ScanOutcome> = failed;
    let n_named = outcomes.len() + pictures.len();
    outcomes.extend(explain_all(&explainer, &pictures, &model, &args.out, &stop));
    let is_stopped = outcomes.len() < n_named;
    skip_no_inputs(&mut outcomes);
    let gallery = write_gallery(&outcomes, &args.out)?;
    if args.json {
        print_json(&outcomes, &args.out, gallery.as_deref());
    } else {
        print(&outcomes, args.paths.len() > 1, &args.out, gallery.as_deref());
    }
    if is_stopped {
        let message = "stopped on request; the reports written so far are complete";
        return Err(Failure::new(Exit::TryLater, message).listed());
    }
    let failures = failures(&outcomes);
    match failures.iter().map(|failed| failed.fault).max() {
        None => Ok(()),
        Some(worst) => {
            let message = format!("{} of {} images could not be explained", failures.len(), outcomes.len());
            Err(Failure::new(worst.into(), message).listed())
        }
    }
}

fn failures(outcomes: &[ScanOutcome]) -> Vec<FailedWork> {
    let failed = |(file, outcome): &ScanOutcome| {
        outcome.as_ref().err().map(|error| FailedWork::of_scan(shown(&file.path), error))
    };
    outcomes.iter().filter_map(failed).collect()
}

type ScanOutcome = (NamedFile, Result<ExplainedScan, ScanError>);

/// In their order. While the network has one, another is decoded or drawn.
fn explain_all(
    explainer: &Explainer,
    pictures: &[NamedFile],
    model: &ModelRecord,
    out: &Path,
    stop: &StopFlag,
) -> Vec<ScanOutcome> {
    let progress = TerminalProgress::default();
    progress.begin(Phase::Explain, pictures.len() as u64);
    let place = ReportPlace { reports: out, prefix: "", replaces: None };
    let next = AtomicUsize::new(0);
    let work = |mut explainer: Explainer| {
        let mut done = BTreeMap::new();
        while !stop.is_raised() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(picture) = pictures.get(at) else { break };
            done.insert(at, (picture.clone(), explainer.explain(&picture.path, None, model, None, place)));
            progress.advance(1);
        }
        done
    };
    let outcomes = thread::scope(|scope| {
        let beside = scope.spawn(|| work(explainer.another()));
        let mut outcomes = work(explainer.another());
        outcomes.extend(beside.join().unwrap_or_else(|panic| resume_unwind(panic)));
        outcomes
    });
    progress.end();
    outcomes.into_values().collect()
}

/// Reports in DICOM come in folders with images; one that was named itself was meant to be explained, alone or among others.
fn skip_no_inputs(outcomes: &mut Vec<ScanOutcome>) {
    let mut no_inputs = NoInputs::default();
    outcomes.retain(|(file, outcome)| {
        !(file.is_in_folder && matches!(outcome, Err(ScanError::File(failure)) if no_inputs.count(failure)))
    });
    no_inputs.log();
}

/// A file, or a folder that cannot be read, and the argument that names it.
#[derive(Debug, Clone)]
struct NamedFile {
    /// Its number on the command line, from 1: hidden names cannot be compared with the arguments.
    argument: usize,
    path: PathBuf,
    /// The argument is a folder, in which it was found.
    is_in_folder: bool,
}

/// What was named on the command line.
#[derive(Default)]
struct NamedInputs {
    /// The files, and those in the folders, in the order of their names; hidden ones are left out.
    pictures: Vec<NamedFile>,
    /// The folders. They may be links, what is in them may not.
    folders: Vec<PathBuf>,
    /// Folders that cannot be read.
    failed: Vec<ScanOutcome>,
}

impl NamedInputs {
    fn find(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut named = Self::default();
        for (argument, path) in (1..).zip(paths) {
            named.add(argument, path)?;
        }
        if named.pictures.is_empty() && named.failed.is_empty() {
            let message = "the given paths contain no files; give images or folders of images";
            return Err(Failure::new(Exit::NoInput, message));
        }
        Ok(named)
    }

    fn add(&mut self, argument: usize, path: &Path) -> Result<(), Failure> {
        let missing = |error| {
            let name = shown_unseen(path);
            format!("cannot read argument {argument}, `{name}`: {error}; give an image or a folder")
        };
        let metadata = fs::metadata(path).map_err(|error| Failure::new(Exit::NoInput, missing(error)))?;
        let is_in_folder = metadata.is_dir();
        let file = |path: PathBuf| NamedFile { argument, path, is_in_folder };
        match fs::read_dir(path) {
            Err(error) if is_in_folder => {
                self.failed.push((file(path.to_owned()), Err(FileFailure::unreadable(path, &error).into())));
            }
            _ => {
                let Listing { files, skipped } = content::list(path);
                skipped.warn(path);
                self.pictures.extend(files.into_iter().map(file));
                self.folders.extend(is_in_folder.then(|| path.to_owned()));
            }
        }
        Ok(())
    }
}

/// One line for each; with several arguments, it begins with the number of its own.
fn print(outcomes: &[ScanOutcome], are_numbered: bool, out: &Path, gallery: Option<&Path>) {
    for (file, outcome) in outcomes {
        let argument = if are_numbered { format!("argument {}: ", file.argument) } else { String::new() };
        match outcome {
            Ok(served) => output::line(&format!("{argument}{}", said(&file.path, served, out))),
            Err(error) => output::error(&format!("{argument}{error}")),
        }
    }
    if let Some(gallery) = gallery {
        output::line(&format!("Gallery: {}", gallery.display()));
    }
}

/// Name, class, scores and report of a scan.
fn said(path: &Path, ExplainedScan { explanation, report }: &ExplainedScan, out: &Path) -> String {
    let scores = explanation.classes.iter().zip(&explanation.scores);
    let scores = scores.map(|(class, score)| format!("{class} {score:.3}")).collect::<Vec<_>>().join(", ");
    let class = &explanation.classes[explanation.predicted];
    let caution = if explanation.status == ExplanationStatus::Blank { ", no image content" } else { "" };
    let is_unlike = explanation.training_distance.is_some_and(TrainingDistance::is_unlike);
    let unlike = if is_unlike { ", unlike the training images" } else { "" };
    let report = out.join(report).join("report.html");
    format!("{}: {class} ({scores}){caution}{unlike}  {}", shown(path), report.display())
}

/// Lists the reports in `out` if one of them is new; returns the page.
fn write_gallery(outcomes: &[ScanOutcome], out: &Path) -> Result<Option<PathBuf>, Failure> {
    if !outcomes.iter().any(|(_, outcome)| outcome.is_ok()) {
        return Ok(None);
    }
    Gallery::new(out).write(&CurrentClasses::new())?;
    Ok(Some(out.join("index.html")))
}

/// By class, with the digits that the report has.
fn scores(explanation: &Explanation) -> BTreeMap<&str, f64> {
    let rounded = explanation.scores.iter().copied().map(shortest_single);
    explanation.classes.iter().map(ClassName::as_str).zip(rounded).collect()
}

fn print_json(outcomes: &[ScanOutcome], out: &Path, gallery: Option<&Path>) {
    let scans: Vec<_> = outcomes
        .iter()
        .map(|(NamedFile { argument, path, .. }, outcome)| match outcome {
            Ok(ExplainedScan { explanation, report }) => json!({
                "argument": argument,
                "scan": shown(path),
                "model": explanation.model,
                "predicted": explanation.classes[explanation.predicted],
                "scores": scores(explanation),
                "status": explanation.status,
                "warnings": explanation.warnings,
                "training_distance": explanation.training_distance,
                "report": out.join(report).join("report.html"),
            }),
            Err(error) => json!({ "argument": argument, "scan": shown(path), "error": error.to_string() }),
        })
        .collect();
    output::json(&json!({ "scans": scans, "gallery": gallery, "failures": failures(outcomes) }));
}
