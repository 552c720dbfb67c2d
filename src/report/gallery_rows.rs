//! All reports of the gallery, and which of them are as they were when it was last written.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rayon::prelude::*;

use super::gallery_row::{GalleryRow, SharedValues, UnlistedReason, read, stamp};
use super::record::ReportRecord;
use super::set_identity::SetIdentity;
use crate::domain::{CurrentClasses, FileStamp};

/// Records that are held at a time while they are read: each is far larger than what is kept of it.
const AT_A_TIME: usize = 1_000;

/// All reports in order of time, the oldest first: a new one stands at the end, and those before it stay where they are.
#[derive(Debug, Default)]
pub(super) struct GalleryRows {
    rows: Vec<GalleryRow>,
    /// Folders whose record cannot be read.
    unreadable: BTreeMap<String, (FileStamp, UnlistedReason)>,
    shared: SharedValues,
    identity: SetIdentity,
    n_same: usize,
}

/// A record as it was read, where it had to be.
type Looked<'a> = (&'a str, FileStamp, Option<Result<ReportRecord, UnlistedReason>>);

impl GalleryRows {
    pub(super) fn all(&self) -> &[GalleryRow] {
        &self.rows
    }

    /// Folders whose record cannot be read.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &String> {
        self.unreadable.keys()
    }

    /// Folders whose record the system refuses to read, and why: nobody knows what it says.
    pub(super) fn unread(&self) -> impl Iterator<Item = (&str, &str)> {
        let unlisted = self.unreadable.iter().filter(|(_, (_, why))| why.may_pass);
        unlisted.map(|(folder, (_, why))| (folder.as_str(), why.reason.as_str()))
    }

    pub(super) fn shared(&self) -> &SharedValues {
        &self.shared
    }

    /// Of all records, by size and time.
    pub(super) fn identity(&self) -> SetIdentity {
        self.identity
    }

    /// How many of the oldest are as they were at the last [`Self::settle`].
    pub(super) fn n_same(&self) -> usize {
        self.n_same
    }

    /// All are as they should be seen from now on.
    pub(super) fn settle(&mut self) {
        self.n_same = self.rows.len();
    }

    /// Brings all up to what is in `folders` now; what is there unchanged is not read again.
    pub(super) fn survey(&mut self, dir: &Path, folders: &[String]) {
        let before = std::mem::take(&mut self.rows).into_iter().enumerate();
        let mut known: HashMap<_, _> = before.map(|(at, row)| (row.folder.clone(), (at, row))).collect();
        let mut torn = std::mem::take(&mut self.unreadable);
        self.identity = SetIdentity::default();
        let mut found = Vec::with_capacity(folders.len());
        for folders in folders.chunks(AT_A_TIME) {
            let is_known = |folder: &str, stamp: FileStamp| {
                let is_torn = torn.get(folder).is_some_and(|(before, why)| !why.may_pass && *before == stamp);
                known.get(folder).is_some_and(|(_, row)| row.stamp == stamp) || is_torn
            };
            let look = folders.par_iter().map(String::as_str).map(|folder| {
                let stamp = stamp(dir, folder);
                (folder, stamp, (!is_known(folder, stamp)).then(|| read(dir, folder)))
            });
            let looked: Vec<Looked<'_>> = look.collect();
            for looked in looked {
                let before = known.remove(looked.0);
                if looked.2.is_none() {
                    self.unreadable.extend(torn.remove_entry(looked.0));
                }
                found.extend(self.take(dir, looked, before));
            }
        }
        found.sort_by(|(_, a), (_, b)| a.in_order(b));
        let n_same = found.iter().enumerate().take_while(|(at, (before, _))| *before == Some(*at)).count();
        self.n_same = self.n_same.min(n_same);
        self.rows = found.into_iter().map(|(_, row)| row).collect();
        drop(known);
        self.shared.prune();
    }

    /// The row of a report that was looked at, with its place before if it is as it was.
    fn take(
        &mut self,
        dir: &Path,
        (folder, stamp, record): Looked<'_>,
        before: Option<(usize, GalleryRow)>,
    ) -> Option<(Option<usize>, GalleryRow)> {
        // One that may be read the next time is then another one, though its file is the same.
        let is_unread = matches!(&record, Some(Err(why)) if why.may_pass);
        let stamp = if is_unread { FileStamp::NONE } else { stamp };
        self.identity.add(part(folder, stamp).as_bytes());
        match (record, before) {
            (Some(Ok(record)), _) => Some((None, GalleryRow::new(folder, stamp, record, &mut self.shared))),
            (Some(Err(why)), _) => {
                let file = dir.join(folder).join(super::record::FILE);
                tracing::warn!(file = %file.display(), reason = why.reason, advice = "remove its folder", "Report not listed in the gallery");
                self.unreadable.insert(folder.to_owned(), (stamp, why));
                None
            }
            (None, before) => before.map(|(at, row)| (Some(at), row)),
        }
    }

    /// One report that was written just now, maybe in place of another one.
    pub(super) fn add(&mut self, dir: &Path, folder: &str) {
        self.remove(folder);
        let looked = (folder, stamp(dir, folder), Some(read(dir, folder)));
        if let Some((_, row)) = self.take(dir, looked, None) {
            let at = self.rows.partition_point(|other| other.in_order(&row).is_lt());
            self.rows.insert(at, row);
            self.n_same = self.n_same.min(at);
        }
    }

    fn remove(&mut self, folder: &str) {
        if let Some(at) = self.rows.iter().rposition(|row| row.folder == folder) {
            let row = self.rows.remove(at);
            self.n_same = self.n_same.min(at);
            self.identity.remove(part(folder, row.stamp).as_bytes());
        }
        if let Some((stamp, _)) = self.unreadable.remove(folder) {
            self.identity.remove(part(folder, stamp).as_bytes());
        }
    }

    /// Marks those from `from` on whose class is not among the `current` ones of their datasets.
    pub(super) fn mark(&mut self, current: &CurrentClasses, from: usize) {
        for (at, row) in self.rows.iter_mut().enumerate().skip(from) {
            let is_obsolete = row.is_obsolete_in(current);
            if is_obsolete != row.is_obsolete {
                row.is_obsolete = is_obsolete;
                self.n_same = self.n_same.min(at);
            }
        }
    }
}

/// Of the identity of all.
fn part(folder: &str, stamp: FileStamp) -> String {
    format!("{folder} {} {}", stamp.len, stamp.mtime_ns)
}
