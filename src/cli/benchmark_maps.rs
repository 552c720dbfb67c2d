//! `gradwatch benchmark-maps`: how well heat maps find what is painted into generated radiographs.

use super::failure::{Exit, Failure};
use super::progress::TerminalProgress;
use super::{models, output};
use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{MapBenchmark, ModelRecord, Phase, Progress, StopFlag};
use crate::head::Head;
use crate::imaging::PhantomClass;
use crate::stats::Estimate;
use crate::workflow::{Engines, benchmark_maps};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run ID of the model [default: the best model]
    #[arg(long, value_name = "ID")]
    model: Option<String>,

    /// Dataset whose best model is used; required if several datasets have models
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,

    /// Number of generated radiographs
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    images: u64,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let model = models::explaining_model(settings, args.model.as_deref(), args.dataset.as_deref())?;
    let class = patchy(&model)?;
    let head = Head::load(&Workspace::new(&settings.state_dir).run(&model.dataset, &model.run_id), &model.head)?;
    let engine = Engines::new(settings, &StopFlag::default()).of_model(&model.backbone_detail)?;
    let progress = TerminalProgress::default();
    progress.begin(Phase::Explain, args.images);
    let found = benchmark_maps((&engine, &head), &model.backbone_detail, class, args.images, &progress)?;
    progress.end();
    if args.json {
        output::json(&serde_json::json!({ "model": model.run_id, "dataset": model.dataset, "benchmark": found }));
    } else {
        output::line(&table(&found, &model));
    }
    Ok(())
}

/// The class whose finding is painted.
fn patchy(model: &ModelRecord) -> Result<usize, Failure> {
    let name = PhantomClass::Patchy.to_string();
    model.classes.iter().position(|class| class.as_str() == name).ok_or_else(|| {
        let message = format!(
            "model {} has no class {name}: the radiographs are those of `gradwatch demo`; give --config with the \
             configuration of a demo",
            model.run_id
        );
        Failure::new(Exit::Usage, message)
    })
}

fn table(found: &MapBenchmark, model: &ModelRecord) -> String {
    let head = format!(
        "Model {} of {}, {} generated radiographs with patches; classified correctly: {}.\n\
         On average {:.1} % of a radiograph is painted.\n\
         {:<14}{:<32}{}",
        model.run_id,
        model.dataset,
        found.n_images,
        estimate(found.recognised),
        100.0 * found.painted,
        "Method",
        "Hottest cell in a patch (95 %)",
        "Heat in patches"
    );
    let rows = found.methods.iter().map(|score| {
        format!("{:<14}{:<32}{:.1} %", score.method.to_string(), estimate(score.pointing), 100.0 * score.inside)
    });
    std::iter::once(head).chain(rows).chain([found.advice()]).collect::<Vec<_>>().join("\n")
}

fn estimate(Estimate { value, interval }: Estimate) -> String {
    format!("{value:.3} ({:.3} to {:.3})", interval.low, interval.high)
}
