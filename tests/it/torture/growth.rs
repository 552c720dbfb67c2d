//! A running service whose inbox grows: what it must have done, and whether it does it by itself once a fault has ended.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::facts::Facts;
use super::scene::Scene;
use crate::bed;
use crate::service::{NotMet, Service};

/// What a service must have done before it is at rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    trainings: u64,
    scans: u64,
}

impl Goal {
    /// After a first life in which the inbox grew so often.
    pub(super) fn after(n_times: u64) -> Self {
        Self { trainings: 1 + n_times, scans: 1 + n_times }
    }

    /// Whether all of it is done, and nothing else waits or failed.
    pub(super) fn is_reached(self, service: &Service) -> Option<()> {
        let status = service.status()?;
        let reached = |counter: &str, n| status["counters"][counter].as_u64() >= Some(n);
        let all = reached("trainings", self.trainings) && reached("scans_explained", self.scans);
        (all && status["state"] == "idle" && status["failures"].as_array()?.is_empty()).then_some(())
    }
}

/// Whether it says that it waits, and for what.
pub(super) fn says_what_it_waits_for(service: &Service) -> bool {
    // Other work may be in hand meanwhile.
    service.status().is_some_and(|status| status["waits_for"].is_string())
}

/// How often it warned or reported an error so far.
pub(super) fn n_complaints(service: &Service) -> usize {
    service.log.iter().filter(|line| line.contains(" WARN ") || line.contains("ERROR ")).count()
}

/// Its first life, without a fault: the network is loaded, which takes long on a busy machine.
pub(super) fn settles(service: &mut Service) -> Result<(), String> {
    let done = service.wait_within(bed::LIMIT, |service| Goal::after(0).is_reached(service));
    done.map_err(|not_met| format!("without a fault {}", why(service, not_met)))
}

/// After the fault's end: the seconds until all is done, or what stands in the way.
pub(super) fn resumes(service: &mut Service, goal: Goal, limit: Duration) -> Result<f64, String> {
    let begin = Instant::now();
    let done = service.wait_within(limit, |service| goal.is_reached(service));
    done.map(|()| begin.elapsed().as_secs_f64()).map_err(|not_met| format!("after the fault {}", why(service, not_met)))
}

/// What it does instead of what was waited for.
pub(super) fn why(service: &Service, not_met: NotMet) -> String {
    match not_met {
        NotMet::Ended => format!("it ended: {}", service.log.last().map_or("no line in its log", String::as_str)),
        NotMet::Late => {
            let status = service.status().unwrap_or_default();
            let part = |name: &str| status[name].to_string();
            format!("it is {} and waits for {} ({})", part("state"), part("waits_for"), part("counters"))
        }
    }
}

/// What is there after a first life in which the inbox grew so often, each time at rest.
pub(super) fn undisturbed(n_times: u64) -> Facts {
    static KNOWN: Mutex<BTreeMap<u64, Facts>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(n_times).or_insert_with(|| live(n_times)).clone()
}

fn live(n_times: u64) -> Facts {
    let scene = Scene::before_the_first_life().with_one_model();
    let mut service = Service::spawn(&scene.bed, scene.command(&["run"]));
    for n in 0..=n_times {
        if n > 0 {
            scene.grow(n);
        }
        service.wait_for("rest", |service| Goal::after(n).is_reached(service));
    }
    assert_eq!(service.stop().code, Some(0));
    scene.facts()
}
