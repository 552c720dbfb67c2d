//! The file that keeps filters beside the weights they were made of: reading it takes a quarter of the time of making them.
//!
//! It is read into memory and not mapped: what was checked cannot change afterwards. Every part of it has a sum that finds each
//! flipped bit, and the sums have one too. What does not fit is made again. Nothing depends on the file, so no failure is one of the caller's.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use winograd::{LAYOUT, Shape};

use super::filters::{Filters, size};
use super::large_memory::LargeMemory;
use crate::disk::{self, DiskError};
use crate::domain::{ContentHash, Reserve};

/// Of the names of these files.
const EXTENSION: &str = "filters";
/// Bytes that are read and summed at once.
const PART: usize = 1 << 20;
/// Files of so many weights stay, the newest: 0.7 GB.
const MAX_FILES: usize = 3;
/// Free space is this many times what is written, or nothing is.
const ROOM: u64 = 4;
/// Bytes of a table of contents; more says that it is none.
const MAX_CONTENTS: u32 = 1 << 20;

/// What stands before the numbers.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Contents {
    layout: u32,
    weights: ContentHash,
    /// CRC-32 of each part.
    sums: Vec<u32>,
}

/// Those of `weights`, on the threads of the pool it is called in; `None` where the folder has none that can be used.
pub(super) fn load(folder: &Path, weights: ContentHash, shapes: &[Shape]) -> Option<Filters> {
    let path = file(folder, weights);
    match read(&path, weights, shapes) {
        Ok(filters) => Some(filters),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "Kept filters of the network cannot be used and are made again");
            None
        }
    }
}

/// Writes them for the next start, where there is plenty of room.
pub(super) fn keep(folder: &Path, weights: ContentHash, filters: &Filters) {
    let path = file(folder, weights);
    let kept = write(&path, weights, filters.bytes()).and_then(|()| remove_others(folder, &path));
    if let Err(error) = kept {
        tracing::warn!(%error, "Filters of the network are not kept, so each start takes longer");
    }
}

fn file(folder: &Path, weights: ContentHash) -> PathBuf {
    folder.join(format!("{}-{LAYOUT}.{EXTENSION}", weights.short()))
}

fn read(path: &Path, weights: ContentHash, shapes: &[Shape]) -> io::Result<Filters> {
    let mut file = File::open(path)?;
    let (contents, start) = contents(&mut file)?;
    let n_bytes = size(shapes) * size_of::<f32>();
    let is_of = (contents.layout, contents.weights, contents.sums.len());
    if is_of != (LAYOUT, weights, n_bytes.div_ceil(PART)) || file.metadata()?.len() != start + n_bytes as u64 {
        return Err(damaged("it is of other weights, or cut off"));
    }
    let mut memory = LargeMemory::zeros(size(shapes)).map_err(io::Error::other)?;
    let parts = memory.bytes_mut().par_chunks_mut(PART).zip(&contents.sums).enumerate();
    parts.try_for_each(|(n, (part, sum))| {
        file.read_exact_at(part, start + (n * PART) as u64)?;
        if crc32fast::hash(part) == *sum { Ok(()) } else { Err(damaged("it is damaged")) }
    })?;
    Ok(Filters::made(memory))
}

/// And where the numbers begin.
fn contents(file: &mut File) -> io::Result<(Contents, u64)> {
    let mut start = [0; 8];
    file.read_exact(&mut start)?;
    let [len, sum] =
        [&start[..4], &start[4..]].map(|bytes| bytes.iter().rev().fold(0, |n, byte| n << 8 | u32::from(*byte)));
    if len > MAX_CONTENTS {
        return Err(damaged("it is damaged"));
    }
    let mut text = vec![0; len as usize];
    file.read_exact(&mut text)?;
    if crc32fast::hash(&text) != sum {
        return Err(damaged("it is damaged"));
    }
    Ok((serde_json::from_slice(&text)?, 8 + u64::from(len)))
}

fn damaged(cause: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, cause)
}

fn write(path: &Path, weights: ContentHash, bytes: &[u8]) -> Result<(), DiskError> {
    let sums = bytes.par_chunks(PART).map(crc32fast::hash).collect();
    let contents = Contents { layout: LAYOUT, weights, sums };
    let n_bytes = bytes.len() as u64;
    disk::require_room(path, n_bytes, Reserve { percent: 100.0, bytes: (ROOM - 1) * n_bytes })?;
    disk::write_atomic_with(path, |file| {
        let text = serde_json::to_vec(&contents)?;
        file.write_all(&(text.len() as u32).to_le_bytes())?;
        file.write_all(&crc32fast::hash(&text).to_le_bytes())?;
        file.write_all(&text)?;
        file.write_all(bytes)
    })
}

/// Those of other layouts, and the oldest of too many.
fn remove_others(folder: &Path, own: &Path) -> Result<(), DiskError> {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let others = entries.filter(|path| path.extension().is_some_and(|it| it == EXTENSION) && path != own);
    let is_of_layout =
        |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(&format!("-{LAYOUT}")));
    let (mut usable, unusable): (Vec<_>, Vec<_>) = others.partition(is_of_layout);
    usable.sort_by_key(|path| path.metadata().and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH));
    let n_excess = (usable.len() + 1).saturating_sub(MAX_FILES);
    unusable.iter().chain(usable.iter().take(n_excess)).try_for_each(|path| disk::remove_file(path))
}

#[cfg(test)]
mod tests;
