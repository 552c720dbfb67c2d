//! The dataset on disk: what is missing is made, what no longer belongs is removed, what is there is left alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::{AugmentError, in_the_way};
use super::existing::{Presence, look, remove_stale, strangers};
use super::job::{CopyJob, Planned, jobs};
use super::load_source::load_source;
use super::manifest::{self, KnownCopy};
use super::options::ExpandOptions;
use super::philox::Stream;
use super::render::render;
use crate::content::{FileFailure, image_pool};
use crate::disk;
use crate::domain::{AugmentedImage, ContentHash, LabelledImage, Phase, Progress, StopFlag};
use crate::imaging::Picture;

/// What an expansion came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Every copy there is now, sorted by path.
    pub copies: Vec<AugmentedImage>,
    /// How many of them were made now.
    pub written: usize,
    /// How many were there already.
    pub kept: usize,
    /// How many copies of former sources or numbers were removed.
    pub removed: usize,
    /// How many sources have 16 bits a channel, of which copies were made now as JPEG, which has 8.
    pub narrowed: usize,
    /// Colour type and bits of the sources, as [`ImageFacts::colour`](crate::domain::ImageFacts::colour) has them.
    pub colours: BTreeMap<ContentHash, String>,
    /// Sources that have not all of their copies.
    pub failed: Vec<FileFailure>,
    /// Those of them that could not be read, twice.
    pub unread: Vec<ContentHash>,
}

/// Brings `out_dir` to exactly the copies that `options` ask for, of every source that is not for validation, and its
/// manifest with it. Copies that are there already are not made again, also when an earlier run was killed; files of others are
/// neither changed nor removed. Memory holds one decoded image a thread.
///
/// # Errors
/// [`AugmentError`] when the work could not be done at all or was stopped; a source that fails is in
/// [`Expansion::failed`].
pub fn expand(
    options: &ExpandOptions,
    sources: &[LabelledImage],
    out_dir: &Path,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Expansion, AugmentError> {
    let known = manifest::known(out_dir);
    let work = ExpansionRun { options, root: out_dir, jobs: jobs(options, sources), known: &known, stop, progress };
    let planned = work.planned();
    work.refuse_another_dataset(&planned)?;
    let mut expansion = image_pool(options.threads)?.install(|| work.run())?;
    if expansion.written > 0 {
        disk::sync_batch(out_dir)?;
    }
    if expansion.narrowed > 0 {
        let advice = "set augment.format = \"png\" (--format png) to keep 16 bits";
        tracing::warn!(images = expansion.narrowed, advice, "JPEG copies of 16-bit images have 8 bits");
    }
    work.write_manifest(&expansion)?;
    if options.may_remove {
        expansion.removed = remove_stale(&out_dir.join(options.folder), &planned)?;
    }
    if let Some(root) = work.jobs.first().and_then(|job| job.source.root()) {
        disk::note_origin(&out_dir.join(manifest::NAME), root);
    }
    Ok(expansion)
}

/// One expansion under way.
struct ExpansionRun<'a> {
    options: &'a ExpandOptions,
    root: &'a Path,
    jobs: Vec<CopyJob<'a>>,
    known: &'a HashMap<String, KnownCopy>,
    stop: &'a StopFlag,
    progress: &'a dyn Progress,
}

/// What one source needs: copies that are there, numbers of those that are not, and why others cannot be.
#[derive(Default)]
struct JobSurvey {
    copies: Vec<AugmentedImage>,
    missing: Vec<u32>,
    colour: Option<String>,
    is_narrowed: bool,
    failure: Option<FileFailure>,
}

impl JobSurvey {
    fn is_unread(&self) -> bool {
        self.failure.as_ref().is_some_and(FileFailure::is_of_reading)
    }
}

impl ExpansionRun<'_> {
    fn refuse_another_dataset(&self, planned: &HashSet<PathBuf>) -> Result<(), AugmentError> {
        let hashes: HashSet<_> = self.jobs.iter().map(|job| job.source.hash).collect();
        // Without a manifest, as after a first run that was killed, the copies speak for themselves.
        let n_copies = match self.known.len() {
            _ if self.options.may_replace_all => 0,
            0 => strangers(&self.root.join(self.options.folder), planned)?,
            n if self.known.values().all(|copy| !hashes.contains(&copy.source_sha256)) => n,
            _ => 0,
        };
        if n_copies > 0 {
            return Err(AugmentError::OtherDataset { folder: self.root.to_owned(), n_copies });
        }
        Ok(())
    }

    fn run(&self) -> Result<Expansion, AugmentError> {
        disk::create_dir(self.root)?;
        // Of a manifest or sheet whose writing was killed.
        disk::sweep_temporaries(self.root)?;
        for class in self.jobs.iter().map(|job| &job.source.class).collect::<HashSet<_>>() {
            disk::create_dir(&self.root.join(self.options.folder).join(class.as_str()))?;
        }
        let surveys: Vec<_> = self.jobs.par_iter().map(|job| self.survey(job)).collect();
        let n_missing: usize = surveys.iter().map(|survey| survey.missing.len()).sum();
        let kept = surveys.iter().map(|survey| survey.copies.len()).sum();
        if n_missing > 0 {
            self.progress.begin(Phase::Augment, n_missing as u64);
        }
        let jobs = self.jobs.par_iter().zip(surveys).with_max_len(1);
        let done: Result<Vec<_>, AugmentError> = jobs.map(|(job, survey)| self.complete(job, survey)).collect();
        let done = done.and_then(|done| self.repeat_unread(done));
        if n_missing > 0 {
            self.progress.end();
        }
        let mut expansion = Expansion { kept, ..Expansion::default() };
        for (job, survey) in self.jobs.iter().zip(done?) {
            expansion.unread.extend(survey.is_unread().then_some(job.source.hash));
            expansion.copies.extend(survey.copies);
            expansion.narrowed += usize::from(survey.is_narrowed);
            expansion.colours.extend(survey.colour.map(|colour| (job.source.hash, colour)));
            expansion.failed.extend(survey.failure);
        }
        expansion.written = expansion.copies.len() - kept;
        expansion.copies.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(expansion)
    }

    /// Sources that could not be read are read once more: the disk or network share may be back.
    fn repeat_unread(&self, mut done: Vec<JobSurvey>) -> Result<Vec<JobSurvey>, AugmentError> {
        for (job, survey) in self.jobs.iter().zip(&mut done).filter(|(_, survey)| survey.is_unread()) {
            *survey = self.complete(job, self.survey(job))?;
        }
        Ok(done)
    }

    fn survey(&self, job: &CopyJob<'_>) -> JobSurvey {
        let mut survey = JobSurvey::default();
        for planned in job.copies(self.options) {
            let path = self.root.join(&planned.file);
            match look(&path, &planned.identity) {
                Presence::Replaceable => survey.missing.push(planned.index),
                Presence::Foreign => survey.failure = Some(in_the_way(&job.source.relative, &path)),
                Presence::Current => match self.hash_of(&planned) {
                    Some(hash) => {
                        survey.copies.push(copy(job.source, planned.index, path, hash));
                        survey.colour = survey.colour.or_else(|| self.known_copy(&planned)?.source_colour.clone());
                    }
                    None => survey.missing.push(planned.index),
                },
            }
        }
        survey
    }

    /// What the manifest says of a copy, when that speaks of the same pixels.
    fn known_copy(&self, planned: &Planned) -> Option<&KnownCopy> {
        self.known.get(&planned.file).filter(|known| known.identity == planned.identity)
    }

    /// The hash of a current copy: from the manifest, else from its bytes.
    fn hash_of(&self, planned: &Planned) -> Option<ContentHash> {
        let from_bytes = || self.options.reader.read(&self.root.join(&planned.file), None).ok().map(|copy| copy.hash);
        self.known_copy(planned).map(|known| known.sha256).or_else(from_bytes)
    }

    /// Makes what `survey` found missing: decodes and shrinks once, then one copy after the other. Where nothing is missing
    /// but the manifest, which alone says of what colour the source is, the source is decoded for that.
    fn complete(&self, job: &CopyJob<'_>, mut survey: JobSurvey) -> Result<JobSurvey, AugmentError> {
        if survey.missing.is_empty() && (survey.colour.is_some() || survey.copies.is_empty()) {
            return Ok(survey);
        }
        self.stop.check()?;
        let base = match self.base(job.source) {
            Ok(base) => base,
            Err(failure) => {
                if !failure.is_of_reading() {
                    self.progress.advance(survey.missing.len() as u64);
                }
                survey.failure = Some(failure);
                return Ok(survey);
            }
        };
        survey.colour = Some(base.facts().colour);
        survey.is_narrowed = !survey.missing.is_empty() && !self.options.encoding.holds(&base);
        for index in std::mem::take(&mut survey.missing) {
            self.stop.check()?;
            survey.copies.push(self.make(job.source, &base, &job.planned(self.options, index))?);
            self.progress.advance(1);
        }
        Ok(survey)
    }

    /// The source at the working size.
    fn base(&self, source: &LabelledImage) -> Result<Picture, FileFailure> {
        load_source(&self.options.reader, &source.path, &source.relative, source.hash, self.options.size)
    }

    fn make(&self, source: &LabelledImage, base: &Picture, planned: &Planned) -> Result<AugmentedImage, AugmentError> {
        let stream = Stream::new(self.options.seed, &source.hash);
        let picture = render(base, &planned.draw, stream, planned.index)?;
        let bytes = self.options.encoding.encode(&picture, &planned.identity.to_string())?;
        let path = self.root.join(&planned.file);
        disk::require_room(self.root, bytes.len() as u64, self.options.reserve)?;
        disk::write_in_batch(&path, &bytes)?;
        Ok(copy(source, planned.index, path, ContentHash::of(&bytes)))
    }

    fn planned(&self) -> HashSet<PathBuf> {
        let files = |job: &CopyJob<'_>| {
            (1..=job.n_copies).map(|i| self.root.join(job.file(self.options, i))).collect::<Vec<_>>()
        };
        self.jobs.iter().flat_map(files).collect()
    }

    fn write_manifest(&self, expansion: &Expansion) -> Result<(), AugmentError> {
        let by_name: HashMap<_, _> = self.jobs.iter().map(|job| ((&job.source.class, job.source.hash), job)).collect();
        let line = |copy: &AugmentedImage| {
            let job = by_name.get(&(&copy.class, copy.source))?;
            Some(job.line(self.options, copy.index, copy.hash, expansion.colours.get(&copy.source).cloned()))
        };
        manifest::write(self.root, || expansion.copies.iter().filter_map(line))
    }
}

fn copy(source: &LabelledImage, index: u32, path: PathBuf, hash: ContentHash) -> AugmentedImage {
    AugmentedImage { path, hash, source: source.hash, class: source.class.clone(), index }
}

#[cfg(test)]
mod tests;
