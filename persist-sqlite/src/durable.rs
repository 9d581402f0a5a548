//! Syncing the log by a call of our own. SQLite would sync each commit before it returns from it,
//! and nothing else could be written meanwhile.

use std::fs::{File, OpenOptions};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use persist_core::{Durability, Error, ErrorKind, Result};
use rusqlite::Connection;

use crate::Options;
use crate::connect::patiently;
use crate::error::engine;

/// The file of the write-ahead log. SQLite keeps its locks in other files, so to close this one
/// takes none away.
#[derive(Debug, Clone)]
pub(crate) struct LogFile(Arc<Log>);

#[derive(Debug)]
struct Log {
    file: File,
    /// A sync has failed. The system forgets what it could not write, and tells it only once.
    failed: AtomicBool,
}

impl LogFile {
    /// Takes over from SQLite, if commits are to be durable. From then on it syncs nothing but what
    /// keeps the file whole: the log before it is written back, and the beginning of a new one.
    pub(crate) fn take_over(connection: &Connection, options: &Options) -> Result<Option<Self>> {
        if options.read_only || options.durability.unwrap_or_default() != Durability::Full {
            return Ok(None);
        }
        // The first read of a connection makes the log, if there is none.
        patiently(options.busy_timeout, || {
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        })?;
        // Where SQLite has it: beside the file itself, not beside a link to it.
        let mut log = options.file.canonicalize().map_err(unsynced)?.into_os_string();
        log.push("-wal");
        let file = OpenOptions::new().write(true).open(log).map_err(unsynced)?;
        connection.pragma_update(None, "synchronous", "normal").map_err(engine)?;
        Ok(Some(Self::new(file)))
    }

    fn new(file: File) -> Self {
        Self(Arc::new(Log { file, failed: AtomicBool::new(false) }))
    }

    /// Refuses to write what would follow a hole in the log.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.failed.load(Ordering::Acquire) {
            Err(unsyncable(ErrorKind::Backend))
        } else {
            Ok(())
        }
    }

    /// Makes durable all that was committed before.
    pub(crate) fn sync(&self) -> Result<()> {
        self.check()?;
        self.0.file.sync_data().map_err(|error| {
            self.0.failed.store(true, Ordering::Release);
            unsynced(error)
        })
    }
}

fn unsynced(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
        _ => ErrorKind::Backend,
    };
    unsyncable(kind).caused_by(error)
}

fn unsyncable(kind: ErrorKind) -> Error {
    Error::new(
        kind,
        "the write-ahead log cannot be synced; see to the disk, and open the store again",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use persist_core::engine::Engine;

    use super::*;
    use crate::connect::{prepare_file, writer};
    use crate::snapshot::Snapshots;
    use crate::writer::Writer;

    fn inode(file: &File) -> (u64, u64) {
        let file = file.metadata().unwrap();
        (file.dev(), file.ino())
    }

    #[test]
    fn it_is_the_log_that_sqlite_writes_also_behind_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("a.sqlite"), dir.path().join("link.sqlite"));
        symlink(&file, &link).unwrap();
        for path in [&file, &link] {
            let options = Options::new(path);
            prepare_file(&options).unwrap();
            let connection = writer(&options).unwrap();
            let log = LogFile::take_over(&connection, &options).unwrap().unwrap();
            let beside = File::open(file.with_extension("sqlite-wal")).unwrap();
            assert_eq!(inode(&log.0.file), inode(&beside));
            connection.execute_batch("CREATE TABLE IF NOT EXISTS t (a)").unwrap();
            log.sync().unwrap();
            let synchronous: i32 =
                connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
            assert_eq!(synchronous, 1, "SQLite still syncs each commit");
        }
    }

    #[test]
    fn the_writer_has_its_commits_synced_if_they_are_to_be_durable() {
        let dir = tempfile::tempdir().unwrap();
        for durability in [Durability::Full, Durability::Relaxed] {
            let options = Options::new(dir.path().join("a.sqlite")).durability(durability);
            prepare_file(&options).unwrap();
            let (connection, snapshots) = (writer(&options).unwrap(), Snapshots::new(&options));
            let (witness, hints) = (Arc::default(), Arc::default());
            let writer = Writer::new(connection, &options, snapshots, witness, hints, None, None);
            let syncer = writer.unwrap().syncer().unwrap();
            assert_eq!(syncer.is_some(), durability == Durability::Full);
        }
    }

    #[test]
    fn after_a_failed_sync_there_is_none_that_succeeds() {
        // A device that cannot be synced.
        let log = LogFile::new(File::open("/dev/full").unwrap());
        log.check().unwrap();
        for _ in 0..2 {
            let error = log.sync().unwrap_err();
            assert!(error.to_string().contains("open the store again"), "{error}");
            log.check().unwrap_err();
        }
    }

    #[test]
    fn what_need_not_be_durable_is_left_to_sqlite() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::new(dir.path().join("a.sqlite"));
        let relaxed = options.clone().durability(Durability::Relaxed);
        for options in [relaxed, options.read_only(true)] {
            prepare_file(&options).unwrap();
            let connection = writer(&options).unwrap();
            assert!(LogFile::take_over(&connection, &options).unwrap().is_none());
        }
    }
}
