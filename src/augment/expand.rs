//! The dataset on disk: what is missing is made, what no longer belongs is removed, what is there is left alone.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::{AugmentError, SourceFailure};
use super::existing::{Presence, look, remove_stale};
use super::manifest::{self, Known, Line};
use super::options::ExpandOptions;
use super::philox::Stream;
use super::plan::{Draw, recipe_identity};
use super::render::render;
use super::source::Source;
use crate::disk;
use crate::domain::{ClassName, ContentHash, Progress, Split, StopFlag, safe_stem};
use crate::imaging::{Picture, decode, encode_tagged_png};

/// One copy on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Where it lies.
    pub path: PathBuf,
    /// Its bytes.
    pub hash: ContentHash,
    /// The content it was made from.
    pub source: ContentHash,
    /// Its label, the source's.
    pub class: ClassName,
    /// Its number, from 1.
    pub index: u32,
}

/// What an expansion came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Every copy there is now, sorted by path.
    pub copies: Vec<Copy>,
    /// How many of them were made now.
    pub written: usize,
    /// How many were there already.
    pub kept: usize,
    /// How many copies of former sources or numbers were removed.
    pub removed: usize,
    /// Sources that have not all of their copies.
    pub failed: Vec<SourceFailure>,
}

/// Brings `out_dir` to exactly `options.copies` copies of every source that is not for validation, and its manifest
/// with it. Copies that are there already are not made again, also when an earlier run was killed; files of others are
/// neither changed nor removed. Memory holds one decoded picture a thread.
///
/// # Errors
/// [`AugmentError`] when the work could not be done at all or was stopped; a source that fails is in
/// [`Expansion::failed`].
pub fn expand(
    options: &ExpandOptions,
    sources: &[Source],
    out_dir: &Path,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Expansion, AugmentError> {
    let known = manifest::known(out_dir);
    let work = Work { options, root: out_dir, sources: eligible(sources), known: &known, stop, progress };
    work.refuse_another_dataset()?;
    let mut expansion = options.pool()?.install(|| work.run())?;
    if expansion.written > 0 {
        disk::sync_batch(out_dir)?;
    }
    work.write_manifest(&expansion)?;
    expansion.removed = remove_stale(&out_dir.join(options.folder), &work.planned())?;
    Ok(expansion)
}

/// Sorted by the names of their copies, each once; never one of validation.
fn eligible(sources: &[Source]) -> Vec<&Source> {
    let mut eligible: Vec<_> = sources.iter().filter(|source| source.split != Some(Split::Validation)).collect();
    eligible.sort_by(|a, b| (&a.class, &a.stem, a.hash, &a.relative).cmp(&(&b.class, &b.stem, b.hash, &b.relative)));
    eligible.dedup_by(|b, a| (&a.class, &a.stem, a.hash.short()) == (&b.class, &b.stem, b.hash.short()));
    eligible
}

/// One expansion under way.
struct Work<'a> {
    options: &'a ExpandOptions,
    root: &'a Path,
    sources: Vec<&'a Source>,
    known: &'a HashMap<String, Known>,
    stop: &'a StopFlag,
    progress: &'a dyn Progress,
}

/// What one source needs: copies that are there, numbers that are not, and why others cannot be.
#[derive(Default)]
struct Survey {
    copies: Vec<Copy>,
    missing: Vec<u32>,
    failure: Option<SourceFailure>,
}

impl Work<'_> {
    fn refuse_another_dataset(&self) -> Result<(), AugmentError> {
        let hashes: HashSet<_> = self.sources.iter().map(|source| source.hash).collect();
        let is_another =
            !self.known.is_empty() && self.known.values().all(|copy| !hashes.contains(&copy.source_sha256));
        if is_another && !self.options.may_replace_all {
            return Err(AugmentError::OtherDataset { folder: self.root.to_owned(), n_copies: self.known.len() });
        }
        Ok(())
    }

    fn run(&self) -> Result<Expansion, AugmentError> {
        disk::create_dir(self.root)?;
        for class in self.sources.iter().map(|source| &source.class).collect::<HashSet<_>>() {
            disk::create_dir(&self.root.join(self.options.folder).join(class.as_str()))?;
        }
        let surveys: Vec<_> = self.sources.par_iter().map(|source| self.survey(source)).collect();
        let n_missing: usize = surveys.iter().map(|survey| survey.missing.len()).sum();
        let kept = surveys.iter().map(|survey| survey.copies.len()).sum();
        if n_missing > 0 {
            self.progress.begin("augment", n_missing as u64, "images");
        }
        let jobs = self.sources.par_iter().zip(surveys).with_max_len(1);
        let done: Result<Vec<_>, AugmentError> = jobs.map(|(source, survey)| self.complete(source, survey)).collect();
        if n_missing > 0 {
            self.progress.end();
        }
        let mut expansion = Expansion { kept, ..Expansion::default() };
        for survey in done? {
            expansion.copies.extend(survey.copies);
            expansion.failed.extend(survey.failure);
        }
        expansion.written = expansion.copies.len() - kept;
        expansion.copies.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(expansion)
    }

    fn survey(&self, source: &Source) -> Survey {
        let mut survey = Survey::default();
        for index in 1..=self.options.copies {
            let identity = self.identity(source, index);
            let path = self.root.join(self.file(source, index));
            match look(&path, &identity) {
                Presence::Replaceable => survey.missing.push(index),
                Presence::Foreign => survey.failure = Some(in_the_way(source, &path)),
                Presence::Current => match self.hash_of(source, index, &identity) {
                    Some(hash) => survey.copies.push(copy(source, index, path, hash)),
                    None => survey.missing.push(index),
                },
            }
        }
        survey
    }

    /// The hash of a current copy: from the manifest when that speaks of the same pixels, else from its bytes.
    fn hash_of(&self, source: &Source, index: u32, identity: &ContentHash) -> Option<ContentHash> {
        let file = self.file(source, index);
        let known = self.known.get(&file).filter(|known| known.identity == *identity).map(|known| known.sha256);
        known.or_else(|| std::fs::read(self.root.join(file)).ok().map(|bytes| ContentHash::of(&bytes)))
    }

    /// Makes what `survey` found missing: decodes and shrinks once, then one copy after the other.
    fn complete(&self, source: &Source, mut survey: Survey) -> Result<Survey, AugmentError> {
        if survey.missing.is_empty() {
            return Ok(survey);
        }
        self.stop.check()?;
        let base = match self.base(source) {
            Ok(base) => base,
            Err(failure) => {
                self.progress.advance(survey.missing.len() as u64);
                survey.failure = Some(failure);
                return Ok(survey);
            }
        };
        for index in std::mem::take(&mut survey.missing) {
            self.stop.check()?;
            survey.copies.push(self.make(source, &base, index)?);
            self.progress.advance(1);
        }
        Ok(survey)
    }

    /// The source at the working size.
    fn base(&self, source: &Source) -> Result<Picture, SourceFailure> {
        let bytes = self.options.read(&source.path, &source.relative)?;
        if ContentHash::of(&bytes) != source.hash {
            return Err(SourceFailure {
                relative: source.relative.clone(),
                code: "changed",
                reason: "its content is no longer what it was when it was found".into(),
                fix: "run again when nobody writes to it any more",
            });
        }
        let picture = decode(&bytes, &self.options.limits);
        let picture = picture.map_err(|error| SourceFailure::undecodable(&source.relative, &error))?;
        Ok(picture.resized(self.options.size, self.options.size))
    }

    fn make(&self, source: &Source, base: &Picture, index: u32) -> Result<Copy, AugmentError> {
        let stream = Stream::new(self.options.seed, &source.hash);
        let draw = Draw::of(&self.options.recipe, stream, index);
        let picture = render(base, &draw, stream, index);
        let bytes = encode_tagged_png(&picture, &self.identity(source, index).to_string())?;
        let path = self.root.join(self.file(source, index));
        disk::write_in_batch(&path, &bytes)?;
        Ok(copy(source, index, path, ContentHash::of(&bytes)))
    }

    fn draw(&self, source: &Source, index: u32) -> Draw {
        Draw::of(&self.options.recipe, Stream::new(self.options.seed, &source.hash), index)
    }

    fn identity(&self, source: &Source, index: u32) -> ContentHash {
        self.draw(source, index).identity(self.options.seed, self.options.size, &source.hash, index)
    }

    /// The copy's place, relative to the destination.
    fn file(&self, source: &Source, index: u32) -> String {
        let stem = safe_stem(&source.stem);
        let inside = if self.options.folder.is_empty() { String::new() } else { format!("{}/", self.options.folder) };
        format!("{inside}{}/{stem}-{}-c{index:02}.png", source.class, source.hash.short())
    }

    fn planned(&self) -> HashSet<PathBuf> {
        let files = |source: &Source| {
            (1..=self.options.copies).map(|i| self.root.join(self.file(source, i))).collect::<Vec<_>>()
        };
        self.sources.iter().flat_map(|source| files(source)).collect()
    }

    fn write_manifest(&self, expansion: &Expansion) -> Result<(), AugmentError> {
        let by_name: HashMap<_, _> =
            self.sources.iter().map(|source| ((&source.class, source.hash), *source)).collect();
        let recipe = recipe_identity(&self.options.recipe);
        let line = |copy: &Copy| by_name.get(&(&copy.class, copy.source)).map(|source| self.line(source, copy, recipe));
        manifest::write(self.root, || expansion.copies.iter().filter_map(line))
    }

    fn line(&self, source: &Source, copy: &Copy, recipe: ContentHash) -> Line {
        let ExpandOptions { size, seed, .. } = *self.options;
        let draw = self.draw(source, copy.index);
        Line {
            copy: self.file(source, copy.index),
            sha256: copy.hash,
            source: source.relative.clone(),
            source_sha256: source.hash,
            class: source.class.clone(),
            group: source.group.clone(),
            split: source.split,
            index: copy.index,
            seed,
            size,
            matrix: draw.matrix(size, size),
            identity: draw.identity(seed, size, &source.hash, copy.index),
            draw,
            recipe,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

fn copy(source: &Source, index: u32, path: PathBuf, hash: ContentHash) -> Copy {
    Copy { path, hash, source: source.hash, class: source.class.clone(), index }
}

fn in_the_way(source: &Source, path: &Path) -> SourceFailure {
    SourceFailure {
        relative: source.relative.clone(),
        code: "in-the-way",
        reason: format!("`{}` was not written by gradwatch and is left alone", path.display()),
        fix: "move that file elsewhere and run again",
    }
}

#[cfg(test)]
mod tests;
