//! The file: locked, replayed, appended to.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use persist_core::{Durability, Error, ErrorKind, Outcome, Result};

use crate::Options;
use crate::change::Change;
use crate::error::{corrupt, system};
use crate::record::{self, Next};

/// The beginning of every log; its last byte is the number of the format.
const MAGIC: &[u8] = b"perslog\x01";

/// How long to wait for a log that somebody else holds. A handle that was just dropped lets go a
/// little later.
const PATIENCE: Duration = Duration::from_secs(2);

/// An open log, which nobody else can open meanwhile.
#[derive(Debug)]
pub struct Log {
    file: File,
    /// Where the last whole record ends.
    end: u64,
    durability: Durability,
    /// After a failed sync nobody knows what is in the file.
    broken: bool,
}

impl Log {
    /// Opens the log, replays what it holds, and cuts off a record that was not written to its
    /// end. May sleep.
    ///
    /// # Errors
    /// As [`Options::open`], and whatever `replay` met.
    pub fn open(options: &Options, mut replay: impl FnMut(Change) -> Result<()>) -> Result<Self> {
        let mut open = OpenOptions::new();
        let open = open.read(true).write(true).create(true).truncate(false);
        let mut file = open.open(&options.file).map_err(system)?;
        lock(&file)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(system)?;
        let whole = match bytes.strip_prefix(MAGIC) {
            Some(records) => MAGIC.len() + replay_all(records, &mut replay)?,
            None if MAGIC.starts_with(&bytes) => 0,
            None => return Err(corrupt("the file is not a log of this version; check its path")),
        };
        let mut log = Self { file, end: 0, durability: options.durability, broken: false };
        log.cut(whole as u64).map_err(system)?;
        if whole == 0 {
            log.file.write_all(MAGIC).map_err(system)?;
            log.end = MAGIC.len() as u64;
        }
        // What was replayed may have been written by a process that died before its sync.
        log.file.sync_all().and_then(|()| sync_directory(&options.file)).map_err(system)?;
        Ok(log)
    }

    /// Appends one record; durable on return.
    ///
    /// # Errors
    /// `NoSpace` or `Backend`: not applied if the log is as before, unknown if nobody can tell.
    /// From then on the log takes nothing more.
    pub fn append(&mut self, content: &[u8]) -> Result<()> {
        if self.broken {
            let message = "the log failed earlier; open the store again";
            return Err(Error::new(ErrorKind::Backend, message));
        }
        let record = record::write(content)?;
        if let Err(error) = self.file.write_all(&record) {
            // Half a record must not stay, or those after it would be lost with it.
            self.broken = self.cut(self.end).and_then(|()| self.file.sync_all()).is_err();
            return Err(self.failed(error));
        }
        if self.durability == Durability::Full
            && let Err(error) = self.file.sync_data()
        {
            self.broken = true;
            return Err(self.failed(error));
        }
        self.end += record.len() as u64;
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> Error {
        let outcome = if self.broken { Outcome::Unknown } else { Outcome::NotApplied };
        system(error).with_outcome(outcome)
    }

    /// Makes the file end there, and writing go on from there.
    fn cut(&mut self, end: u64) -> std::io::Result<()> {
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::Start(end))?;
        self.end = end;
        Ok(())
    }
}

/// Replays whole records; how many bytes they take.
fn replay_all(records: &[u8], replay: &mut dyn FnMut(Change) -> Result<()>) -> Result<usize> {
    let mut left = records;
    loop {
        match record::next(left) {
            Next::Record(mut content, rest) => {
                while !content.is_empty() {
                    let (change, after) = Change::decode(content)?;
                    replay(change)?;
                    content = after;
                }
                left = rest;
            }
            Next::End => return Ok(records.len() - left.len()),
            Next::Damaged => return Err(corrupt("the log is damaged; restore a copy of it")),
        }
    }
}

/// Takes the lock that the system keeps until the file is closed, by whatever end.
fn lock(file: &File) -> Result<()> {
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(system(error)),
            Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => {
                let message = "the log is open already; close that store first";
                return Err(Error::new(ErrorKind::Busy, message));
            }
        }
    }
}

/// A new file is there after a loss of power only if its directory was synced.
fn sync_directory(file: &Path) -> std::io::Result<()> {
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty());
    if cfg!(unix) { File::open(directory.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}
