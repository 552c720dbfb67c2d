//! Whole datasets of generated images, expanded, interrupted, changed and expanded again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::augment::manifest::ManifestEntry;
use crate::augment::{Encoding, OnTheFlyCopies, Replay, Replayed, preview, sheets};
use crate::config::{Balance, CopyFormat, LimitSettings, Quota};
use crate::content::Reader;
use crate::domain::{Phase, Preset, Recipe, Reserve, Semantics, Silent, Split, Transform};
use crate::imaging::{Pixels, decode, encode_png};
use crate::ingest::find_images;

mod output;
mod replay;

/// A destination's files by relative path.
type Tree = BTreeMap<String, Vec<u8>>;

struct TestDataset {
    dir: TempDir,
    options: ExpandOptions,
}

impl TestDataset {
    /// Two classes of three grey images and one in colour.
    fn new() -> Self {
        let options = ExpandOptions {
            quota: Quota { copies: 3, balance: Balance::None, target_per_class: 0 },
            originals_count: false,
            size: 32,
            seed: 1,
            recipe: Recipe::of(Preset::Natural),
            preset: Preset::Natural,
            encoding: Encoding { format: CopyFormat::Png, quality: 90 },
            folder: "augmented",
            may_replace_all: false,
            may_remove: true,
            reader: Reader::new(
                &LimitSettings { max_file_mib: 1, max_side: 1000, max_megapixels: 1, memory_mib: 64 },
                0,
            ),
            reserve: Reserve::NONE,
            threads: 2,
        };
        let dataset = Self { dir: TempDir::new().unwrap(), options };
        for i in 0..3 {
            dataset.add(&format!("covid/a{i}.png"), &picture(i, 1));
            dataset.add(&format!("normal/{i}/same.png"), &picture(10 + i, 1));
        }
        dataset.add("normal/colour.png", &picture(20, 3));
        dataset
    }

    fn src(&self) -> PathBuf {
        self.dir.path().join("src")
    }

    fn dst(&self) -> PathBuf {
        self.dir.path().join("dst")
    }

    fn add(&self, relative: &str, picture: &Picture) {
        self.put(relative, &encode_png(picture).unwrap());
    }

    fn put(&self, relative: &str, bytes: &[u8]) {
        let path = self.src().join(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn sources(&self) -> Vec<LabelledImage> {
        find_images(&self.src(), &self.options.reader, 2, &StopFlag::default(), &Silent).unwrap().images
    }

    fn expand(&self) -> Expansion {
        self.expand_sources(&self.sources())
    }

    fn expand_sources(&self, sources: &[LabelledImage]) -> Expansion {
        expand(&self.options, sources, &self.dst(), &StopFlag::default(), &Silent).unwrap()
    }

    fn replay_of(&self, line: Option<usize>, out: Option<&Path>) -> Result<Replayed, AugmentError> {
        let ExpandOptions { ref reader, threads, .. } = self.options;
        let manifest = self.dst().join(manifest::NAME);
        let sources = Some(self.src());
        let reader = reader.clone();
        let replay = Replay { manifest: &manifest, line, sources: sources.as_deref(), out, reader, threads };
        replay.run(&StopFlag::default(), &Silent)
    }

    fn replay(&self, line: Option<usize>, out: Option<&Path>) -> Replayed {
        self.replay_of(line, out).unwrap()
    }

    fn tree(&self) -> Tree {
        let files =
            walkdir::WalkDir::new(self.dst()).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
        let relative = |path: &Path| path.strip_prefix(self.dst()).unwrap().to_str().unwrap().to_owned();
        files.map(|entry| (relative(entry.path()), fs::read(entry.path()).unwrap())).collect()
    }

    fn lines(&self) -> Vec<ManifestEntry> {
        let text = fs::read_to_string(self.dst().join(manifest::NAME)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A smooth image that no other number gives.
fn picture(n: u32, channels: u32) -> Picture {
    let level = |i: u32| ((i * (n + 3)) % 251) as u8;
    Picture::new(40, 30, channels, Pixels::U8((0..40 * 30 * channels).map(level).collect())).unwrap()
}

fn counts(expansion: &Expansion) -> (usize, usize, usize, usize) {
    (expansion.written, expansion.kept, expansion.removed, expansion.failed.len())
}

#[test]
fn every_source_gets_its_copies_at_the_working_size_and_a_second_run_does_nothing() {
    let dataset = TestDataset::new();
    let first = dataset.expand();
    assert_eq!(counts(&first), (21, 0, 0, 0));
    for copy in &first.copies {
        let bytes = fs::read(&copy.path).unwrap();
        assert_eq!(ContentHash::of(&bytes), copy.hash);
        let picture = decode(&bytes, &dataset.options.reader.decoding).unwrap();
        assert_eq!((picture.width(), picture.height()), (32, 32));
        assert_eq!(picture.channels(), if copy.path.to_str().unwrap().contains("colour") { 3 } else { 1 });
    }
    let written = || fs::metadata(dataset.dst().join(manifest::NAME)).unwrap().modified().unwrap();
    let (tree, time) = (dataset.tree(), written());
    let second = dataset.expand();
    assert_eq!((counts(&second), &second.copies), ((0, 21, 0, 0), &first.copies));
    assert_eq!((dataset.tree(), written()), (tree, time), "nothing is written twice");
}

#[test]
fn bytes_depend_on_neither_threads_nor_order() {
    let mut dataset = TestDataset::new();
    let mut sources = dataset.sources();
    let trees: Vec<Tree> = [1, 2, 8]
        .into_iter()
        .map(|threads| {
            dataset.options.threads = threads;
            sources.reverse();
            fs::remove_dir_all(dataset.dst()).ok();
            dataset.expand_sources(&sources);
            dataset.tree()
        })
        .collect();
    assert_eq!(trees[0], trees[1]);
    assert_eq!(trees[0], trees[2]);
}

#[test]
fn the_manifest_is_sorted_and_relative_and_names_the_bytes() {
    let dataset = TestDataset::new();
    dataset.expand();
    let (lines, tree) = (dataset.lines(), dataset.tree());
    assert_eq!(lines.len(), 21);
    assert!(lines.is_sorted_by_key(|line| &line.copy));
    for line in lines {
        assert_eq!(ContentHash::of(&fs::read(dataset.src().join(&line.source)).unwrap()), line.source_sha256);
        assert_eq!(ContentHash::of(&tree[&line.copy]), line.sha256);
        assert_eq!((line.matrix, line.preset), (line.draw.matrix(32, 32), Preset::Natural));
    }
}

/// Asks for the end once so many copies are made.
struct StopAfter<'a>(AtomicU64, &'a StopFlag);

impl Progress for StopAfter<'_> {
    fn begin(&self, _: Phase, _: u64) {}
    fn advance(&self, n: u64) {
        if self.0.fetch_sub(n, Ordering::SeqCst) <= n {
            self.1.raise();
        }
    }
    fn remark(&self, _: &str) {}
    fn end(&self) {}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Stopped after any copy, with any files lost, cut or zeroed as a power failure leaves them: the next run ends in
    /// the tree of an undisturbed one, and makes only what is missing.
    #[test]
    fn an_interrupted_expansion_is_completed(n_made in 1..21_u64, damage in prop::collection::vec(0..4_u8, 21), lose_manifest: bool) {
        let dataset = TestDataset::new();
        dataset.expand();
        let whole = dataset.tree();
        if lose_manifest {
            fs::remove_dir_all(dataset.dst()).unwrap();
            let stop = StopFlag::default();
            let progress = StopAfter(AtomicU64::new(n_made), &stop);
            let stopped = expand(&dataset.options, &dataset.sources(), &dataset.dst(), &stop, &progress);
            prop_assert!(matches!(stopped, Err(AugmentError::Stopped(_))) || n_made > 19);
        }
        let mut n_damaged = 0;
        for (path, damage) in whole.keys().filter(|path| *path != manifest::NAME).zip(damage) {
            let path = dataset.dst().join(path);
            if !path.exists() {
                n_damaged += 1;
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            match damage {
                1 => fs::remove_file(&path).unwrap(),
                2 => fs::write(&path, &bytes[..bytes.len() - 9]).unwrap(),
                3 => fs::write(&path, vec![0; bytes.len()]).unwrap(),
                _ => continue,
            }
            n_damaged += 1;
        }
        for torn in ["augmented/covid/.gradwatch-tmp-1-1", ".gradwatch-tmp-1-2"] {
            fs::write(dataset.dst().join(torn), b"torn").unwrap();
        }
        let completed = dataset.expand();
        prop_assert_eq!(counts(&completed), (n_damaged, 21 - n_damaged, 0, 0));
        prop_assert_eq!(dataset.tree(), whole);
    }
}

#[test]
fn a_changed_recipe_makes_again_only_what_it_changes() {
    let mut dataset = TestDataset::new();
    dataset.options.recipe = Recipe::of(Preset::Conservative);
    dataset.expand();
    dataset.options.recipe.horizontal_flip = 0.4;
    let repaired = dataset.expand();
    let n_flipped = dataset.lines().iter().filter(|line| line.draw.flip[0]).count();
    assert!((1..21).contains(&n_flipped), "{n_flipped}");
    assert_eq!(counts(&repaired), (n_flipped, 21 - n_flipped, 0, 0));
    let tree = dataset.tree();
    fs::remove_dir_all(dataset.dst()).unwrap();
    dataset.expand();
    assert_eq!(dataset.tree(), tree);
}

#[test]
fn copies_of_removed_samples_and_numbers_go_and_files_of_others_stay() {
    let mut dataset = TestDataset::new();
    dataset.expand();
    let [notes, theirs] = ["augmented/covid/notes.txt", "augmented/normal/theirs-0123abcd-c01.png"];
    let foreign = encode_png(&picture(9, 1)).unwrap();
    fs::write(dataset.dst().join(notes), b"keep me").unwrap();
    fs::write(dataset.dst().join(theirs), &foreign).unwrap();
    fs::remove_file(dataset.src().join("normal/1/same.png")).unwrap();
    dataset.options.quota.copies = 2;
    assert_eq!(counts(&dataset.expand()), (0, 12, 9, 0));
    fs::remove_dir_all(dataset.src().join("covid")).unwrap();
    dataset.expand();
    let tree = dataset.tree();
    assert_eq!((&tree[notes], &tree[theirs]), (&b"keep me".to_vec(), &foreign));
    assert_eq!(tree.len(), 6 + 3, "six copies, two foreign files, the manifest");
    fs::remove_file(dataset.dst().join(notes)).unwrap();
    fs::remove_dir_all(dataset.src().join("normal")).unwrap();
    dataset.add("other/x.png", &picture(30, 1));
    dataset.options.may_replace_all = true;
    dataset.expand();
    let classes: Vec<_> =
        fs::read_dir(dataset.dst().join("augmented")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(classes.len() == 3 && dataset.dst().join(theirs).exists(), "{classes:?}");
}

#[test]
fn a_class_that_is_gone_leaves_no_empty_folder() {
    let dataset = TestDataset::new();
    dataset.expand();
    fs::remove_dir_all(dataset.src().join("covid")).unwrap();
    dataset.expand();
    assert!(!dataset.dst().join("augmented/covid").exists());
}

#[test]
fn only_what_is_learned_from_is_augmented() {
    let dataset = TestDataset::new();
    let mut sources = dataset.sources();
    for side in [Split::Validation, Split::Test, Split::Excluded] {
        for source in &mut sources {
            source.split = Some(Split::Train);
        }
        dataset.expand_sources(&sources);
        sources[0].split = Some(side);
        assert_eq!(counts(&dataset.expand_sources(&sources)), (0, 18, 3, 0), "{side}");
        let is_training =
            |line: &ManifestEntry| line.split == Some(Split::Train) && line.source_sha256 != sources[0].hash;
        assert!(dataset.lines().iter().all(is_training));
    }
}

#[test]
fn one_bad_file_does_not_hold_up_the_others() {
    let dataset = TestDataset::new();
    let whole = encode_png(&picture(5, 1)).unwrap();
    dataset.put("covid/cut.png", &whole[..whole.len() / 2]);
    dataset.put("covid/notes.txt", b"not a picture at all");
    dataset.put("covid/.hidden.png", b"left out");
    let sources = dataset.sources();
    dataset.put("covid/a0.png", &whole);
    let expansion = dataset.expand_sources(&sources);
    let failed: Vec<_> = expansion.failed.iter().map(|f| (f.path.to_str().unwrap(), f.code)).collect();
    assert_eq!(
        failed,
        [("covid/a0.png", "changed"), ("covid/cut.png", "truncated"), ("covid/notes.txt", "not-an-image")]
    );
    assert_eq!(expansion.written, 18);
    assert!(expansion.failed.iter().all(|f| !f.reason.is_empty() && !f.fix.is_empty()));
}

#[test]
fn a_foreign_file_under_a_copys_name_is_left_alone_and_reported() {
    let dataset = TestDataset::new();
    let path = dataset.expand().copies[0].path.clone();
    fs::write(&path, b"somebody's own work").unwrap();
    let expansion = dataset.expand();
    assert_eq!((counts(&expansion), expansion.failed[0].code), ((0, 20, 0, 1), "in-the-way"));
    assert_eq!(fs::read(&path).unwrap(), b"somebody's own work");
}

#[test]
fn a_destination_of_another_dataset_is_refused() {
    let dataset = TestDataset::new();
    dataset.expand();
    let tree = dataset.tree();
    fs::remove_dir_all(dataset.src()).unwrap();
    dataset.add("other/x.png", &picture(99, 1));
    let refused = expand(&dataset.options, &dataset.sources(), &dataset.dst(), &StopFlag::default(), &Silent);
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("contains 21 copies of another dataset"), "{message}");
    fs::remove_file(dataset.dst().join(manifest::NAME)).unwrap();
    let refused = expand(&dataset.options, &dataset.sources(), &dataset.dst(), &StopFlag::default(), &Silent);
    assert!(refused.unwrap_err().to_string().contains("contains 21 copies"), "also without a manifest");
    fs::write(dataset.dst().join(manifest::NAME), &tree[manifest::NAME]).unwrap();
    assert_eq!(dataset.tree(), tree);
}

#[test]
fn same_names_do_not_clash_and_same_content_counts_once_a_class() {
    let dataset = TestDataset::new();
    dataset.add("normal/9/same.png", &picture(10, 1));
    dataset.add("covid/crossed.png", &picture(10, 1));
    let expansion = dataset.expand();
    assert_eq!(expansion.written, 24);
    let same = expansion.copies.iter().filter(|copy| copy.path.to_str().unwrap().contains("same-"));
    assert_eq!(same.count(), 9);
}

#[test]
fn sixteen_bits_reach_the_copy() {
    let dataset = TestDataset::new();
    let data = (0..40 * 30).map(|i| 20_000 + i as u16).collect();
    dataset.add("covid/deep.png", &Picture::new(40, 30, 1, Pixels::U16(data)).unwrap());
    let expansion = dataset.expand();
    let deep = expansion.copies.iter().find(|copy| copy.path.to_str().unwrap().contains("deep")).unwrap();
    let picture = decode(&fs::read(&deep.path).unwrap(), &dataset.options.reader.decoding).unwrap();
    assert_eq!((picture.depth(), picture.channels()), (16, 1));
}

#[test]
fn a_fresh_copy_is_reproducible_and_unlike_those_on_disk() {
    let dataset = TestDataset::new();
    let path = dataset.src().join("covid/a1.png");
    let sample = ContentHash::of(&fs::read(&path).unwrap());
    let (keeping, forgetful) =
        (OnTheFlyCopies::new(dataset.options.clone(), 1 << 20), OnTheFlyCopies::new(dataset.options.clone(), 0));
    let fresh = |index| keeping.make(&path, &sample, index).unwrap();
    assert_eq!((fresh(1), fresh(2)), (fresh(1), forgetful.make(&path, &sample, 2).unwrap()));
    assert_ne!(fresh(1), fresh(2));
    let on_disk = preview(&dataset.options, &picture(1, 1), &sample, "a1", 1).unwrap().rows[0][1].picture.clone();
    assert_ne!(fresh(1).pixels(), on_disk.pixels());
    fs::write(&path, b"other").unwrap();
    assert!(keeping.make(&path, &sample, 3).is_ok(), "what is kept is not read again");
    assert_eq!(forgetful.make(&path, &sample, 3).unwrap_err().code, "changed");
}

#[test]
fn a_torn_manifest_costs_nothing_but_its_own_writing() {
    let dataset = TestDataset::new();
    dataset.expand();
    let whole = dataset.tree();
    let path = dataset.dst().join(manifest::NAME);
    let half = whole[manifest::NAME].len() / 2;
    fs::File::create(&path).unwrap().write_all(&whole[manifest::NAME][..half]).unwrap();
    assert_eq!(counts(&dataset.expand()), (0, 21, 0, 0));
    assert_eq!(dataset.tree(), whole);
}
