//! Copies made again from nothing but their lines in the manifest and their sources, and held against its hashes.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::encoding::Encoding;
use super::error::{AugmentError, in_the_way};
use super::existing::is_foreign;
use super::hidden_sources::find_hidden;
use super::load_source::load_source;
use super::manifest::{self, ManifestEntry};
use super::philox::Stream;
use super::render::render;
use crate::content::{FileFailure, Reader, image_pool};
use crate::disk;
use crate::domain::{ContentHash, Phase, Progress, StopFlag};
use crate::imaging::Picture;

/// What is to be made again, and from what.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    /// `manifest.jsonl`.
    pub manifest: &'a Path,
    /// One line of it, from 1; all without.
    pub line: Option<usize>,
    /// The folder that the sources' names start at; without, the one that the expansion noted.
    pub sources: Option<&'a Path>,
    /// Where the copies go; without, where the manifest lies.
    pub out: Option<&'a Path>,
    /// How sources are read.
    pub reader: Reader,
    /// Worker threads; 0 means one a core.
    pub threads: usize,
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Copies that were not there, or not as the manifest says, and now are.
    pub written: usize,
    /// Copies that were there, and came out the same to the byte.
    pub confirmed: usize,
    /// Copies that could not be made again.
    pub failed: Vec<FileFailure>,
}

/// One made copy.
enum Made {
    Written,
    Confirmed,
}

impl Replay<'_> {
    /// Makes the copies again. Nothing is written whose bytes are not those of the manifest.
    ///
    /// # Errors
    /// [`AugmentError`] when the manifest cannot be followed or the work was stopped; a copy that fails is in
    /// [`Replayed::failed`].
    pub fn run(&self, stop: &StopFlag, progress: &dyn Progress) -> Result<Replayed, AugmentError> {
        let lines = manifest::lines(self.manifest, self.line)?;
        let sources = self.sources_root()?;
        let hidden = find_hidden(&sources, &lines, &self.reader.clone().below(&sources), stop)?;
        progress.begin(Phase::Replay, lines.len() as u64);
        let groups: Vec<&[ManifestEntry]> = lines.chunk_by(|a, b| (&a.source, a.size) == (&b.source, b.size)).collect();
        let of_group = |group: &&[ManifestEntry]| {
            let source = hidden.get(&group[0].source_sha256).map_or(Path::new(&group[0].source), PathBuf::as_path);
            self.group(group, (&sources, source), stop, progress)
        };
        let made: Result<Vec<Vec<_>>, AugmentError> =
            image_pool(self.threads)?.install(|| groups.par_iter().with_max_len(1).map(of_group).collect());
        progress.end();
        let mut replayed = Replayed::default();
        for made in made?.into_iter().flatten() {
            match made {
                Ok(Made::Written) => replayed.written += 1,
                Ok(Made::Confirmed) => replayed.confirmed += 1,
                Err(failure) => replayed.failed.push(failure),
            }
        }
        if replayed.written > 0 {
            disk::sync_batch(self.folder())?;
        }
        Ok(replayed)
    }

    fn folder(&self) -> &Path {
        self.out.or(self.manifest.parent()).filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
    }

    fn sources_root(&self) -> Result<PathBuf, AugmentError> {
        if let Some(sources) = self.sources {
            return Ok(sources.to_owned());
        }
        let unknown = |reason: String| AugmentError::Manifest {
            manifest: self.manifest.to_owned(),
            place: String::new(),
            reason: format!("{reason}; name the folder of the original images with --sources"),
        };
        match disk::origin(self.manifest) {
            Some(folder) if folder.is_dir() => Ok(folder),
            Some(folder) => Err(unknown(format!("its original images are no longer in `{}`", folder.display()))),
            None => Err(unknown("the folder of its original images is not recorded".into())),
        }
    }

    /// The copies of one source, which is decoded once.
    fn group(
        &self,
        lines: &[ManifestEntry],
        (sources, source): (&Path, &Path),
        stop: &StopFlag,
        progress: &dyn Progress,
    ) -> Result<Vec<Result<Made, FileFailure>>, AugmentError> {
        let first = &lines[0];
        let source = source.to_string_lossy();
        let reader = self.reader.clone().below(sources).on(first.background);
        let reader = reader.scaled(first.scaled_jpeg).at_frame(first.dicom_frame);
        let base = load_source(&reader, &sources.join(&*source), &source, first.source_sha256, first.size);
        let again = |line: &ManifestEntry| {
            stop.check()?;
            let made = match &base {
                Ok(base) => self.make(line, base, &source)?,
                Err(failure) => Err(failure.clone()),
            };
            progress.advance(1);
            Ok(made)
        };
        lines.iter().map(again).collect()
    }

    fn make(
        &self,
        line: &ManifestEntry,
        base: &Picture,
        source: &str,
    ) -> Result<Result<Made, FileFailure>, AugmentError> {
        let stream = Stream::new(line.seed, &line.source_sha256);
        let picture = render(base, &line.draw, stream, line.index)?;
        let encoding = Encoding { format: line.format, quality: line.quality };
        let bytes = encoding.encode(&picture, &line.identity.to_string())?;
        if ContentHash::of(&bytes) != line.sha256 {
            return Ok(Err(other_bytes(line)));
        }
        let path = self.folder().join(&line.copy);
        if self.reader.read(&path, None).is_ok_and(|there| there.bytes == bytes) {
            return Ok(Ok(Made::Confirmed));
        }
        if is_foreign(&path, &line.identity) {
            return Ok(Err(in_the_way(source, &path)));
        }
        if let Some(folder) = path.parent() {
            disk::create_dir(folder)?;
        }
        disk::write_in_batch(&path, &bytes)?;
        Ok(Ok(Made::Written))
    }
}

fn other_bytes(line: &ManifestEntry) -> FileFailure {
    FileFailure::new(
        &line.copy,
        "other-bytes",
        format!(
            "its entry (version {}) does not give the same bytes in version {}: the entry was edited, or the versions differ",
            line.program,
            env!("CARGO_PKG_VERSION")
        ),
        "replay it with the version that wrote it, or augment the dataset again",
    )
}
