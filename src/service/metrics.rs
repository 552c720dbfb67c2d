//! The status for Prometheus' textfile collector: text exposition format 0.0.4, base units, no time stamps.
//!
//! Labels come from closed sets and dataset names; no label ever holds the name of a file.

use std::fmt::Write;
use std::time::UNIX_EPOCH;

use super::status::{DiskStatus, ServiceState, Status};

/// The whole of `gradwatch.prom`.
pub(super) fn text(status: &Status) -> String {
    let mut page = Page::default();
    page.metric(
        "gradwatch_build_info",
        "gauge",
        "Version of gradwatch.",
        [(labels(&[("version", &status.version)]), 1.0)],
    );
    let rows = ServiceState::ALL.map(|state| {
        let now = if state == status.state { 1.0 } else { 0.0 };
        (labels(&[("state", state.word())]), now)
    });
    page.metric("gradwatch_state", "gauge", "State of the service, 1 for the current one.", rows);
    page.single(
        "gradwatch_updated_timestamp_seconds",
        "gauge",
        "Time of the last status update.",
        seconds(&status.updated),
    );
    counters(&mut page, status);
    let queues = [
        ("arrivals", status.queues.arrivals),
        ("untrained", status.queues.untrained),
        ("scans", status.queues.scans),
        ("explain_again", status.queues.explain_again),
        ("failed", status.queues.failed),
    ];
    let queues = queues.map(|(stage, n)| (labels(&[("stage", stage)]), n as f64));
    page.metric("gradwatch_queue_depth", "gauge", "Waiting or failed work, by stage.", queues);
    disk(&mut page, status);
    datasets(&mut page, status);
    page.single(
        "gradwatch_registry_repairs",
        "gauge",
        "Repairs when the registry was opened.",
        status.repairs.len() as f64,
    );
    page.0
}

fn counters(page: &mut Page, status: &Status) {
    for (counter, n) in status.counters.iter() {
        page.single(&format!("gradwatch_{}_total", counter.name()), "counter", counter.help(), n as f64);
    }
}

fn disk(page: &mut Page, status: &Status) {
    let Some(DiskStatus { free_bytes, reserve_bytes }) = status.disk else { return };
    page.single("gradwatch_disk_free_bytes", "gauge", "Free space on the disk of the state folder.", free_bytes as f64);
    page.single("gradwatch_disk_reserve_bytes", "gauge", "Free space that work must leave.", reserve_bytes as f64);
}

fn datasets(page: &mut Page, status: &Status) {
    let samples = status.datasets.iter().flat_map(|(name, dataset)| {
        let sum = |side: fn(&super::status::ClassStatus) -> u64| dataset.classes.values().map(side).sum::<u64>() as f64;
        let row = |split, n| (labels(&[("dataset", name.as_str()), ("split", split)]), n);
        [
            row("train", sum(|class| class.train)),
            row("validation", sum(|class| class.validation)),
            row("test", sum(|class| class.test)),
            row("excluded", sum(|class| class.excluded)),
            row("undecided", sum(|class| class.undecided)),
        ]
    });
    page.metric("gradwatch_dataset_samples", "gauge", "Labelled images, by side of the split.", samples);
    let best = status.datasets.iter().filter_map(|(name, dataset)| {
        let best = dataset.best.as_ref()?;
        Some((labels(&[("dataset", name.as_str()), ("split", "validation")]), best.val_accuracy?))
    });
    page.metric("gradwatch_model_accuracy_ratio", "gauge", "Argmax accuracy of the best model, 0 to 1.", best);
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn single(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.metric(name, kind, help, [(String::new(), value)]);
    }

    fn metric(&mut self, name: &str, kind: &str, help: &str, rows: impl IntoIterator<Item = (String, f64)>) {
        // Writing into a string cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (labels, value) in rows {
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn seconds(rfc3339: &str) -> f64 {
    let time = humantime::parse_rfc3339(rfc3339).unwrap_or(UNIX_EPOCH);
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Counter, DatasetName, RunId};
    use crate::service::status::{BestModel, DatasetStatus};

    #[test]
    fn the_status_is_in_prometheus_format() {
        let mut status = Status::starting("watch");
        status.updated = "2026-01-02T03:04:05Z".to_owned();
        status.counters[Counter::Trainings] = 3;
        let best =
            BestModel { run_id: RunId::new("0001-a").unwrap(), val_accuracy: Some(0.925), created: String::new() };
        let dataset = DatasetStatus { best: Some(best), ..DatasetStatus::default() };
        status.datasets.insert(DatasetName::new("x \"y\"").unwrap(), dataset);
        let page = text(&status);
        for line in [
            "# TYPE gradwatch_trainings_total counter",
            "gradwatch_trainings_total 3",
            "gradwatch_state{state=\"starting\"} 1",
            "gradwatch_state{state=\"idle\"} 0",
            "gradwatch_updated_timestamp_seconds 1767323045",
            "gradwatch_model_accuracy_ratio{dataset=\"x \\\"y\\\"\",split=\"validation\"} 0.925",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
        assert!(page.ends_with('\n'));
    }
}
