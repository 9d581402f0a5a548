//! One process at a time uses a directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use persist_core::{Error, ErrorKind, Result};
use sled::Db;

use crate::error::at;

const LOCK: &str = "persist-dbm.lock";

/// What its owner writes into the lock when it goes.
const LEAVING: &str = "leaving";

/// How long we wait for an owner who may be about to die.
const STAYING: Duration = Duration::from_millis(500);

/// How long we wait for an owner who is leaving.
const LEAVES: Duration = Duration::from_mins(1);

/// How long sled may take to end.
const ENDS: Duration = Duration::from_mins(1);

const PAUSE: Duration = Duration::from_millis(2);

/// The lock of a directory, until it is released.
#[derive(Debug)]
pub(super) struct Lock {
    /// Taken out when it is released: what it says then is its next owner's.
    file: Mutex<Option<File>>,
}

impl Lock {
    /// Takes the lock. It is the system's, so it goes with the process.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join(LOCK);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o640)
            .open(&path)
            .map_err(at(&path))?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let owner = owner(&path);
                    let patience = if owner.ends_with(LEAVING) { LEAVES } else { STAYING };
                    if begin.elapsed() > patience {
                        return Err(busy(&owner));
                    }
                    thread::sleep(PAUSE);
                }
                Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
            }
        }
        say(&file, &format!("process {}\n", std::process::id()));
        Ok(Self { file: Mutex::new(Some(file)) })
    }

    /// Tells who waits for the lock that it is worth it.
    pub(super) fn leaving(&self) {
        if let Some(file) = &*self.file.lock() {
            say(file, LEAVING);
        }
    }

    pub(super) fn release(&self) {
        if let Some(Err(error)) = self.file.lock().take().map(|file| file.unlock()) {
            tracing::error!(%error, "the lock of the store cannot be released");
        }
    }
}

/// Writes into a lock for those who want it.
fn say(file: &File, words: &str) {
    let said = file.set_len(0).and_then(|()| file.write_all_at(words.as_bytes(), 0));
    if let Err(error) = said {
        tracing::debug!(%error, "the lock of the store cannot be written");
    }
}

/// Ends sled, and waits until it has let go of its file. Its own lock goes with the last of what
/// its threads share, a little after the handle, and a thread of it that has panicked is waited
/// for in vain.
pub(super) fn close(db: Db, log: &Path) {
    let (ended, end) = mpsc::channel();
    let dropping = thread::Builder::new().name("close sled".into()).spawn(move || {
        drop(db);
        // Nobody may wait any more.
        let _ = ended.send(());
    });
    if dropping.is_err() || end.recv_timeout(ENDS).is_err() {
        tracing::error!("sled does not end; the process keeps its file until it ends itself");
        return;
    }
    let begin = Instant::now();
    while begin.elapsed() < ENDS {
        match File::open(log).map(|log| log.try_lock()) {
            Ok(Err(TryLockError::WouldBlock)) => thread::sleep(PAUSE),
            _ => return,
        }
    }
    tracing::error!("sled does not let go of its file");
}

/// Who holds a lock, as far as it says so.
fn owner(path: &Path) -> String {
    let mut owner = String::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_string(&mut owner));
    match owner.trim_end() {
        known if read.is_ok() && !known.is_empty() => known.to_owned(),
        _ => "another process".to_owned(),
    }
}

fn busy(owner: &str) -> Error {
    Error::new(
        ErrorKind::Busy,
        format!(
            "{owner} has it open; set `shared = true` in all programs that use it, or end that one"
        ),
    )
}
