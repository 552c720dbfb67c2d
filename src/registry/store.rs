//! sled: one batch a commit, really on the disk afterwards, and checked whole at every opening.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use sled::{Batch, Db};

use crate::disk::{self, DiskError};
use crate::domain::Ledger;

use super::flush::flush;
use super::inventory::Inventory;
use super::last_handle::LastHandle;
use super::records::{Records, SCHEMA};
use super::repairs::Repairs;
use super::{RegistryError, Repair};

/// Version 0.1.0 kept a tree for each kind of record, and in this one a JSON object with the last commit, behind
/// version and checksum.
const OLD_TREE: &[u8] = b"meta";
const OLD_HEAD: &[u8] = b"head";
const OLD_PREFIX: usize = 18;
/// The ledger in memory answers everything; sled only needs room to work. With less it reads its pages again and again while
/// it takes in a hundred thousand samples.
const CACHE_BYTES: u64 = 64 << 20;

/// Why sled cannot be used.
#[derive(Debug)]
pub(super) enum StoreFault {
    /// What is there is damaged: repair it.
    Damaged(String),
    /// The system refuses, or the registry is newer: report it.
    Refused(RegistryError),
}

/// What sled held when it was opened.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing was ever committed.
    Nothing,
    /// Everything, up to and including commit `seq`, and the inventory agrees.
    All { ledger: Ledger, seq: u64 },
    /// Not what was committed; `ledger` holds what can still be read, `seq` is 0 where that is lost too.
    Damaged { ledger: Ledger, seq: u64, what: String },
    /// What an older version committed, up to and including `seq`; this one does not read its records.
    OldLayout { seq: u64 },
}

/// An open sled database: its default tree holds the records and their inventory.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    db: Db,
    /// Dropped after `db`, so that the database is closed by it.
    last: LastHandle,
    inventory: Inventory,
    /// It holds records of an older version that nobody could read.
    is_unread: bool,
}

/// sled lets go of its own lock a moment after its last handle is gone, on a thread of its own. Nobody else can hold it:
/// the registry has the state folder's lock. So it is waited for, this long at most, with a look every so often.
const LET_GO: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);

/// sled says this in words alone.
fn is_held(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// Its records name files, and those may be called after patients: nobody but its user looks into the folder.
const PRIVATE: u32 = 0o700;

/// Opens (or makes) the database in `folder`.
pub(super) fn connect(folder: &Path) -> Result<Db, sled::Error> {
    // Every commit flushes and syncs itself, so that no thread of sled's needs to do it behind our back.
    let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    let deadline = Instant::now() + LET_GO;
    loop {
        match config.open() {
            Err(error) if is_held(&error) && Instant::now() < deadline => thread::park_timeout(LOOK),
            Err(error) => return Err(error),
            Ok(db) => {
                let refused = |error: DiskError| sled::Error::Io(io::Error::other(error));
                return disk::set_mode(folder, PRIVATE).map(|()| db).map_err(refused);
            }
        }
    }
}

impl Store {
    /// Opens (or makes) the database in `folder`, reads and checks all of it.
    pub(super) fn open(folder: &Path) -> Result<(Self, Found), StoreFault> {
        catch_unwind(AssertUnwindSafe(|| {
            let db = connect(folder).map_err(|error| fault(folder, "open", error))?;
            let (folder, last) = (folder.to_owned(), LastHandle::of(&db));
            let mut store = Self { folder, db, last, inventory: Inventory::default(), is_unread: false };
            let found = store.load()?;
            Ok((store, found))
        }))
        .unwrap_or_else(|panic| Err(StoreFault::Damaged(format!("sled panicked: {}", said(panic.as_ref())))))
    }

    fn load(&mut self) -> Result<Found, StoreFault> {
        let unreadable = |error| fault(&self.folder, "read", error);
        let (mut written, mut ledger, mut n_bad) = (Inventory::default(), Ledger::default(), 0);
        for record in &*self.db {
            let (key, value) = record.map_err(unreadable)?;
            if *key == *Inventory::KEY {
                written = serde_json::from_slice(&value).unwrap_or_default();
                continue;
            }
            self.inventory.add(&key, &value);
            match serde_json::from_slice(&value) {
                Ok(event) => ledger.apply(&event),
                Err(_) => n_bad += 1,
            }
        }
        if written.schema > SCHEMA {
            return Err(newer(&self.folder, written.schema));
        }
        (self.inventory.schema, self.inventory.seq) = (written.schema, written.seq);
        if self.inventory == Inventory::default() {
            if !self.has_old_layout() {
                return Ok(Found::Nothing);
            }
            if let Some(seq) = self.old_head().map_err(unreadable)? {
                return Ok(Found::OldLayout { seq });
            }
            self.is_unread = true;
            let what = "the trees of an older version have lost their head".to_owned();
            return Ok(Found::Damaged { ledger, seq: 0, what });
        }
        Ok(self.judge(ledger, n_bad, &written))
    }

    /// `n_bad` records could not be read into `ledger`; `written` is the inventory as it was kept.
    fn judge(&self, ledger: Ledger, n_bad: u64, written: &Inventory) -> Found {
        let seq = written.seq;
        if n_bad == 0 && self.inventory == *written {
            return Found::All { ledger, seq };
        }
        let what = format!("{} records of {} are there, {n_bad} of them unreadable", self.inventory.n, written.n);
        Found::Damaged { ledger, seq, what }
    }

    fn has_old_layout(&self) -> bool {
        self.db.tree_names().iter().any(|name| **name == *OLD_TREE)
    }

    /// The last commit that is in the trees of an older version; `None` where that is lost.
    fn old_head(&self) -> Result<Option<u64>, sled::Error> {
        let head = self.db.open_tree(OLD_TREE)?.get(OLD_HEAD)?;
        let json = head.as_ref().and_then(|head| serde_json::from_slice::<Value>(head.get(OLD_PREFIX..)?).ok());
        Ok(json.and_then(|head| head["seq"].as_u64()))
    }

    /// Writes `records` and the inventory as one, and brings sled's file to the disk.
    ///
    /// # Errors
    /// [`RegistryError::Store`]: what is on the disk is then unknown, open again.
    pub(super) fn write(&mut self, records: &Records, seq: u64) -> Result<(), RegistryError> {
        let written = catch_unwind(AssertUnwindSafe(|| self.try_write(records, seq)));
        written.unwrap_or_else(|panic| {
            Err(RegistryError::store("write", &self.folder, format!("sled panicked: {}", said(panic.as_ref()))))
        })
    }

    fn try_write(&mut self, records: &Records, seq: u64) -> Result<(), RegistryError> {
        let refused = |error: sled::Error| RegistryError::store("write", &self.folder, error.to_string());
        let mut inventory = self.inventory.clone();
        (inventory.schema, inventory.seq) = (SCHEMA, seq);
        let mut batch = Batch::default();
        for (key, value) in records {
            if let Some(old) = self.db.get(key).map_err(refused)? {
                inventory.remove(key, &old);
            }
            match value {
                Some(value) => {
                    inventory.add(key, value);
                    batch.insert(key.as_slice(), value.as_slice());
                }
                None => batch.remove(key.as_slice()),
            }
        }
        batch.insert(Inventory::KEY, serde_json::to_vec(&inventory)?);
        self.db.apply_batch(batch).map_err(refused)?;
        flush(&self.db).map_err(refused)?;
        // `flush` does not reach the disk by itself on Linux.
        let unsynced = |error: DiskError| RegistryError::store("write", &self.folder, error.to_string());
        disk::sync_file(&self.folder.join("db")).map_err(unsynced)?;
        self.inventory = inventory;
        Ok(())
    }

    /// Removes the database with all that its log still holds of earlier records. The journal must have everything.
    ///
    /// # Errors
    /// [`RegistryError::Disk`].
    pub(super) fn remove(self) -> Result<(), RegistryError> {
        let Self { folder, db, .. } = self;
        drop(db);
        Ok(disk::remove_dir(&folder)?)
    }

    /// Makes a database in `folder`, where none is, that holds `records` as of commit `seq`.
    ///
    /// # Errors
    /// [`RegistryError::Store`], [`RegistryError::Disk`].
    pub(super) fn make(folder: &Path, records: &Records, seq: u64) -> Result<Self, RegistryError> {
        let (mut store, _) = Self::open(folder).map_err(|fault| fault.into_error(folder))?;
        store.write(records, seq)?;
        Ok(store)
    }

    /// Closes the database, renames its folder if it holds anything, and makes a new one that holds `records` as of commit
    /// `seq`.
    ///
    /// # Errors
    /// [`RegistryError::Store`], [`RegistryError::Disk`].
    pub(super) fn replace(self, records: &Records, seq: u64, repairs: &mut Repairs) -> Result<Self, RegistryError> {
        let Self { folder, db, last, inventory, is_unread } = self;
        drop((db, last));
        if inventory.n > 0 || is_unread {
            let to = disk::rename_broken(&folder)?;
            repairs.step(Repair::Renamed { to, why: "it does not hold what was committed".to_owned() });
        } else {
            disk::remove_dir(&folder)?;
        }
        Self::make(&folder, records, seq)
    }
}

impl StoreFault {
    /// For where nothing is left to repair: a new database does not open either.
    pub(super) fn into_error(self, folder: &Path) -> RegistryError {
        match self {
            Self::Refused(error) => error,
            Self::Damaged(message) => RegistryError::store("make", folder, message),
        }
    }
}

fn newer(folder: &Path, found: u16) -> StoreFault {
    StoreFault::Refused(RegistryError::NewerSchema { path: folder.to_owned(), found, known: SCHEMA })
}

/// Damage shows as corruption, as a file that ends too early, or as one that makes no sense; all else is the system's refusal.
fn fault(folder: &Path, doing: &'static str, error: sled::Error) -> StoreFault {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error {
        sled::Error::Io(error) if !matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) => {
            StoreFault::Refused(RegistryError::store(doing, folder, error.to_string()))
        }
        error => StoreFault::Damaged(error.to_string()),
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
