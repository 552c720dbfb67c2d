//! The place of one sweep: a small dataset with a scan, a backbone that is ready, features that are known but for one, and what
//! happens to it later.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::facts::{self, Facts};
use super::faultline::{self, Operation, Plan};
use crate::bed::{Ran, TestBed, copy, finish, finish_within};
use crate::dicom::dicom;
use crate::pictures::{self, Look};

/// All records have one time, so that the same work gives the same bytes.
const EPOCH: &str = "1767225600";
/// A run that takes longer hangs.
const HANGS: Duration = Duration::from_secs(120);

pub(super) struct Scene {
    pub(super) bed: TestBed,
}

/// What an undisturbed life leaves, and how it went.
pub(super) struct Reference {
    pub(super) facts: Facts,
    operations: Vec<Operation>,
    /// Those of a run with nothing to do, which each run after a kill repeats.
    idle: Vec<Operation>,
}

/// The program under test: another one than this build's if `GRADWATCH_TORTURE_PROGRAM` names it.
fn program() -> PathBuf {
    std::env::var_os("GRADWATCH_TORTURE_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_gradwatch").into(), PathBuf::from)
}

impl Scene {
    fn empty() -> Self {
        let bed = TestBed::new().set("augment.copies", "1").set("train.max_epochs", "2");
        Self { bed: bed.set("augment.contact_sheet", "true") }
    }

    /// Before its first life: seven images and two scans.
    pub(super) fn before_the_first_life() -> Self {
        let scene = Self::filled();
        copy(&features(), &scene.bed.state("features"));
        scene
    }

    /// One of the images and one of the scans are DICOM; all scenes have one key, so that the same work gives the same bytes.
    fn filled() -> Self {
        let scene = Self::empty();
        scene.bed.drop_dataset(3);
        scene.bed.drop_scan(Look::Bars, 1);
        scene.bed.write("state/site.key", format!("{}\n", "07".repeat(32)));
        scene.bed.write("inbox/datasets/shapes/disc/disc-20.dcm", dicom(Look::Disc, 20));
        scene.bed.write("inbox/scans/shapes/scan-dicom", dicom(Look::Disc, 21));
        scene
    }

    /// Before its second life: the first one is over; an image is gone, one has another label, one was rewritten, a scan came.
    pub(super) fn before_the_second_life() -> Self {
        let scene = Self::empty();
        for folder in ["inbox", "state"] {
            fs::remove_dir_all(scene.bed.path(folder)).unwrap();
            copy(&first_life().join(folder), &scene.bed.path(folder));
        }
        let images = scene.bed.inbox("datasets/shapes");
        scene.bed.write("inbox/datasets/shapes/bars/bars-7.png", pictures::png(Look::Bars, 7));
        fs::remove_file(images.join("disc/disc-0.png")).unwrap();
        fs::rename(images.join("bars/bars-1.png"), images.join("disc/bars-1.png")).unwrap();
        scene.bed.write("inbox/datasets/shapes/disc/disc-2.png", pictures::png(Look::Disc, 9));
        scene.bed.drop_scan(Look::Disc, 2);
        scene
    }

    /// The first model stays the best, so that a scan that is explained after a fault has no other report than one before it.
    pub(super) fn with_one_model(self) -> Self {
        Self { bed: self.bed.set("promotion.policy", "never") }
    }

    /// New images and a scan, the `n`-th time.
    pub(super) fn grow(&self, n: u64) {
        for look in Look::ALL {
            let name = format!("inbox/datasets/shapes/{look}/grown-{n}.png");
            self.bed.write(name, pictures::png(look, 100 + n));
        }
        self.bed.drop_scan(Look::Bars, 100 + n);
    }

    pub(super) fn place(&self) -> PathBuf {
        self.bed.path("").components().collect()
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let of_bed = self.bed.command(args);
        let mut command = Command::new(program());
        command.current_dir(self.place()).env_clear().env("HOME", self.place()).env("SOURCE_DATE_EPOCH", EPOCH);
        command.args(of_bed.get_args()).stdin(Stdio::null());
        command
    }

    /// `run --once`; `None` where it hung.
    pub(super) fn run(&self) -> Option<Ran> {
        finish_within(&mut self.command(&["run", "--once"]), HANGS)
    }

    /// The same under a plan, and what was acted on.
    pub(super) fn run_under(&self, plan: &Plan) -> (Option<Ran>, Vec<Operation>) {
        let ran = finish_within(&mut plan.around(&self.place(), &self.command(&["run", "--once"])), HANGS);
        (ran, faultline::hits(&self.place()))
    }

    /// All that is known and all that lies there.
    pub(super) fn facts(&self) -> Facts {
        let models = finish(self.command(&["models", "list", "--json"]));
        facts::of(&self.bed.state(""), &models)
    }

    /// Its life undisturbed, counted.
    pub(super) fn undisturbed(self) -> Reference {
        let (ran, _) = self.run_under(&Plan::counting(faultline::ALL));
        ran.unwrap().ok();
        let (facts, operations) = (self.facts(), faultline::operations(&self.place()));
        let (ran, _) = self.run_under(&Plan::counting(faultline::ALL));
        ran.unwrap().ok();
        Reference { facts, operations, idle: faultline::operations(&self.place()) }
    }
}

impl Reference {
    /// How many operations of a life, on paths that begin with `below`, are of these kinds, which are a list with commas.
    pub(super) fn count(&self, kinds: &str, below: &str) -> usize {
        count(&self.operations, kinds, below)
    }

    /// How many of them a run begins with that goes on where another one ended: not those with which it ends.
    pub(super) fn count_at_a_start(&self, kinds: &str, below: &str) -> usize {
        count(&self.idle, kinds, below) / 2
    }
}

fn count(operations: &[Operation], kinds: &str, below: &str) -> usize {
    let is_below = |text: &str| text.split_once(' ').is_some_and(|(_, path)| path.starts_with(below));
    let counted = operations.iter().filter(|operation| kinds.split(',').any(|kind| kind == operation.kind));
    counted.filter(|operation| is_below(&operation.text)).count()
}

/// Features of the first life, all but one, which is computed in each.
fn features() -> PathBuf {
    first_life().join("some-features")
}

/// A first life that is over, made once for all sweeps of this process.
fn first_life() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    MADE.get_or_init(|| {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("torture");
        let _ = fs::remove_dir_all(&kept);
        fs::create_dir_all(&kept).unwrap();
        let scene = Scene::filled();
        scene.run().unwrap().ok();
        for folder in ["inbox", "state"] {
            copy(&scene.bed.path(folder), &kept.join(folder));
        }
        copy(&kept.join("state/features"), &kept.join("some-features"));
        let files = walkdir::WalkDir::new(kept.join("some-features")).sort_by_file_name().into_iter();
        let files = files.map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        fs::remove_file(files.into_iter().next().unwrap().path()).unwrap();
        kept
    })
}
