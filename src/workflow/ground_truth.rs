//! Of a dataset that the demo generated it is known where the findings are: its models' maps are held against that.

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ContentHash, MapBenchmark, ModelRecord, Phase};
use crate::head::Head;
use crate::imaging::{Phantom, PhantomClass, encode_png};

use super::map_benchmark::benchmark_maps;
use super::training_plan::{TrainingContext, TrainingPlan};

/// Radiographs that a model's maps are held against; the model has seen none of them.
const N_IMAGES: u64 = 100;

/// How well the maps of this model find what is painted; `None` of data that the demo did not generate, and, with a warning, where it
/// cannot be measured.
pub(super) fn ground_truth(
    plan: &TrainingPlan,
    model: &ModelRecord,
    context: &TrainingContext<'_>,
) -> Option<MapBenchmark> {
    let patchy = PhantomClass::Patchy.to_string();
    let class = model.classes.iter().position(|class| class.as_str() == patchy)?;
    if context.stop.is_raised() || !is_generated(plan) {
        return None;
    }
    let found = measured(plan, model, class, context);
    found
        .inspect_err(|error| tracing::warn!(model = %model.run_id, error, "Maps not held against what is painted"))
        .ok()
}

/// Whether it has the demo's first image.
fn is_generated(plan: &TrainingPlan) -> bool {
    let first = encode_png(&Phantom { class: PhantomClass::Patchy, seed: 0 }.image().picture);
    first.is_ok_and(|first| {
        let first = ContentHash::of(&first);
        plan.samples.iter().any(|sample| sample.hash == first)
    })
}

fn measured(
    plan: &TrainingPlan,
    model: &ModelRecord,
    class: usize,
    context: &TrainingContext<'_>,
) -> Result<MapBenchmark, String> {
    let Settings { state_dir, .. } = context.settings;
    let run_dir = Workspace::new(state_dir).run(&model.dataset, &model.run_id);
    let head = Head::load(&run_dir, &model.head).map_err(|error| error.to_string())?;
    let engine = plan.network.engine(context.engines).map_err(|error| error.to_string())?;
    context.progress.begin(Phase::Explain, N_IMAGES);
    let found = benchmark_maps((&engine, &head), &model.backbone_detail, class, N_IMAGES, context.progress);
    context.progress.end();
    found.map_err(|error| error.to_string())
}
