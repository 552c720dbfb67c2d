//! sled, held at arm's length: one transaction a commit, really on the disk afterwards, and checked whole at every opening.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sled::transaction::{TransactionError, TransactionResult};
use sled::{Batch, Db, Transactional, Tree};

use crate::disk;
use crate::domain::Ledger;

use super::envelope::{self, SCHEMA, Unusable};
use super::repair::Repairs;
use super::table::{self, Rows, Table};
use super::{RegistryError, Repair};

const META: &str = "meta";
const HEAD: &[u8] = b"head";
/// The ledger in memory answers everything; sled only needs room to work. With less it reads its pages again and again while
/// it takes in a hundred thousand samples.
const CACHE_BYTES: u64 = 64 << 20;

/// Why sled cannot be used.
#[derive(Debug)]
pub(super) enum Fault {
    /// What is there is damaged: heal.
    Damaged(String),
    /// The system refuses, or the registry is newer: tell.
    Refused(RegistryError),
}

/// What sled held when it was opened.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing was ever committed.
    Nothing,
    /// Everything, up to and including commit `seq`, and all sums agree.
    All { ledger: Ledger, seq: u64 },
    /// Not what was committed; `ledger` holds what still verifies, `seq` is 0 where that is lost too.
    Damaged { ledger: Ledger, seq: u64, what: String },
}

/// What the head record says of the rows: any row lost, changed or gone back to an older state shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Sums {
    /// Rows a table.
    counts: [u64; Table::ALL.len()],
    /// Wrapping sum of the rows' checksums.
    total: u128,
}

/// The record under [`HEAD`].
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// The last commit that is in.
    seq: u64,
    /// Rows a table, in the order of [`Table::ALL`].
    counts: Vec<u64>,
    /// 32 hexadecimal digits.
    total: String,
}

impl Head {
    fn of(seq: u64, sums: &Sums) -> Self {
        Self { seq, counts: sums.counts.to_vec(), total: format!("{:032x}", sums.total) }
    }
}

/// An open sled database.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    db: Db,
    /// [`Table::ALL`], then [`META`].
    trees: Vec<Tree>,
    sums: Sums,
}

/// sled lets go of its own lock a moment after its last handle is gone, on a thread of its own. Nobody else can hold it:
/// the registry has the state folder's lock. So it is waited for, this long at most, with a look every so often.
const LET_GO: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);

/// sled tells this in words alone.
fn is_held(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

impl Store {
    /// Opens (or makes) the database in `folder`, reads and checks all of it.
    pub(super) fn open(folder: &Path) -> Result<(Self, Found), Fault> {
        catch_unwind(AssertUnwindSafe(|| {
            let mut store = Self::connect(folder).map_err(|error| fault(folder, "open", error))?;
            let found = store.load()?;
            Ok((store, found))
        }))
        .unwrap_or_else(|panic| Err(Fault::Damaged(format!("sled panicked: {}", said(panic.as_ref())))))
    }

    fn connect(folder: &Path) -> Result<Self, sled::Error> {
        // Every commit flushes and syncs itself, so that no thread of sled's needs to do it behind our back.
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let deadline = Instant::now() + LET_GO;
        let db = loop {
            match config.open() {
                Err(error) if is_held(&error) && Instant::now() < deadline => thread::park_timeout(LOOK),
                outcome => break outcome?,
            }
        };
        let names = Table::ALL.iter().map(|table| table.name()).chain([META]);
        let trees = names.map(|name| db.open_tree(name)).collect::<Result<_, _>>()?;
        Ok(Self { folder: folder.to_owned(), db, trees, sums: Sums::default() })
    }

    fn load(&mut self) -> Result<Found, Fault> {
        let mut ledger = Ledger::default();
        let mut n_bad = 0_u64;
        for table in Table::ALL {
            for row in &self.trees[table as usize] {
                let (key, value) = row.map_err(|error| fault(&self.folder, "read", error))?;
                self.sums.add(table, &value);
                match envelope::open(table.name(), &key, &value) {
                    Ok(payload) => n_bad += u64::from(table::read_into(&mut ledger, table, payload).is_err()),
                    Err(Unusable::Damaged) => n_bad += 1,
                    Err(Unusable::Newer(found)) => return Err(newer(&self.folder, found)),
                }
            }
        }
        Ok(self.judge(ledger, n_bad, self.head()?))
    }

    fn judge(&self, ledger: Ledger, n_bad: u64, head: Option<Head>) -> Found {
        let Some(head) = head else {
            let fresh = self.sums == Sums::default();
            let what = "its head record is gone".to_owned();
            return if fresh { Found::Nothing } else { Found::Damaged { ledger, seq: 0, what } };
        };
        let expected = Head::of(head.seq, &self.sums);
        if n_bad == 0 && (&expected.counts, &expected.total) == (&head.counts, &head.total) {
            return Found::All { ledger, seq: head.seq };
        }
        let (n_there, n_written) = (self.sums.counts.iter().sum::<u64>(), head.counts.iter().sum::<u64>());
        let what = format!("{n_there} records of {n_written} are there, {n_bad} of them unreadable");
        Found::Damaged { ledger, seq: head.seq, what }
    }

    /// The head record; `None` when there is none that verifies.
    fn head(&self) -> Result<Option<Head>, Fault> {
        let meta = &self.trees[Table::ALL.len()];
        let value = meta.get(HEAD).map_err(|error| fault(&self.folder, "read", error))?;
        match value.as_deref().map(|value| envelope::open(META, HEAD, value)) {
            Some(Ok(payload)) => Ok(serde_json::from_slice(payload).ok()),
            Some(Err(Unusable::Newer(found))) => Err(newer(&self.folder, found)),
            Some(Err(Unusable::Damaged)) | None => Ok(None),
        }
    }

    /// Writes `rows` and the head in one transaction, and brings sled's file to the disk.
    ///
    /// # Errors
    /// [`RegistryError::Store`], [`RegistryError::Disk`]: what is on the disk is then unknown, open again.
    pub(super) fn write(&mut self, rows: &Rows, seq: u64) -> Result<(), RegistryError> {
        let written = catch_unwind(AssertUnwindSafe(|| self.try_write(rows, seq)));
        written.unwrap_or_else(|panic| {
            Err(RegistryError::store("write", &self.folder, format!("sled panicked: {}", said(panic.as_ref()))))
        })
    }

    fn try_write(&mut self, rows: &Rows, seq: u64) -> Result<(), RegistryError> {
        let refused = |error: sled::Error| RegistryError::store("write", &self.folder, error.to_string());
        let (mut batches, sums) = self.batches(rows).map_err(refused)?;
        let head = serde_json::to_vec(&Head::of(seq, &sums))?;
        batches[Table::ALL.len()].insert(HEAD, envelope::seal(META, HEAD, &head));
        // The closure may run more than once; it only hands over what is ready.
        let done: TransactionResult<(), ()> = self.trees.as_slice().transaction(|views| {
            views.iter().zip(&batches).try_for_each(|(view, batch)| view.apply_batch(batch))?;
            Ok(())
        });
        match done {
            Ok(()) => {}
            Err(TransactionError::Storage(error)) => return Err(refused(error)),
            Err(TransactionError::Abort(())) => return Err(refused(sled::Error::Unsupported("aborted".into()))),
        }
        self.db.flush().map_err(refused)?;
        // `flush` does not reach the disk by itself on Linux.
        disk::sync_file(&self.folder.join("db"))?;
        self.sums = sums;
        Ok(())
    }

    /// One batch a tree, and the sums as they will be.
    fn batches(&self, rows: &Rows) -> Result<(Vec<Batch>, Sums), sled::Error> {
        let mut sums = self.sums.clone();
        let mut batches: Vec<Batch> = self.trees.iter().map(|_| Batch::default()).collect();
        for ((table, key), payload) in rows {
            if let Some(old) = self.trees[*table as usize].get(key)? {
                sums.remove(*table, &old);
            }
            match payload {
                Some(payload) => {
                    let value = envelope::seal(table.name(), key, payload);
                    sums.add(*table, &value);
                    batches[*table as usize].insert(key.as_slice(), value);
                }
                None => batches[*table as usize].remove(key.as_slice()),
            }
        }
        Ok((batches, sums))
    }

    /// Closes the database, puts its folder aside and makes a new one that holds `rows` as of commit `seq`.
    ///
    /// # Errors
    /// [`RegistryError::Store`], [`RegistryError::Disk`].
    pub(super) fn replace(self, rows: &Rows, seq: u64, repairs: &mut Repairs) -> Result<Self, RegistryError> {
        let folder = self.folder.clone();
        let was_used = self.sums != Sums::default();
        drop(self);
        if was_used {
            let to = disk::set_aside(&folder)?;
            repairs.step(Repair::SetAside { to, why: "it does not hold what was committed".to_owned() });
        } else {
            disk::remove_dir(&folder)?;
        }
        let (mut store, _) = Self::open(&folder).map_err(|fault| fault.into_error(&folder))?;
        store.write(rows, seq)?;
        Ok(store)
    }
}

impl Sums {
    fn add(&mut self, table: Table, value: &[u8]) {
        self.counts[table as usize] += 1;
        self.total = self.total.wrapping_add(envelope::weight(value));
    }

    fn remove(&mut self, table: Table, value: &[u8]) {
        self.counts[table as usize] = self.counts[table as usize].wrapping_sub(1);
        self.total = self.total.wrapping_sub(envelope::weight(value));
    }
}

impl Fault {
    /// For where there is nothing left to heal from: a new database does not open either.
    pub(super) fn into_error(self, folder: &Path) -> RegistryError {
        match self {
            Self::Refused(error) => error,
            Self::Damaged(message) => RegistryError::store("make", folder, message),
        }
    }
}

fn newer(folder: &Path, found: u16) -> Fault {
    Fault::Refused(RegistryError::NewerSchema { path: folder.to_owned(), found, known: SCHEMA })
}

/// Damage shows as corruption, as a file that ends too early, or as one that makes no sense; all else is the system's refusal.
fn fault(folder: &Path, doing: &'static str, error: sled::Error) -> Fault {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error {
        sled::Error::Io(error) if !matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) => {
            Fault::Refused(RegistryError::store(doing, folder, error.to_string()))
        }
        error => Fault::Damaged(error.to_string()),
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
