//! The lock file: who may commit, and how often somebody has.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use parking_lot::{Mutex, MutexGuard};
use persist_core::{Error, ErrorKind, Result};
use rustix::fs::{self, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::error;
use crate::node::{Meta, Node};

pub(super) const NAME: &[u8] = b"lock";

/// What the file begins with: a name, and the number of the format of the whole directory.
const MAGIC: [u8; 8] = *b"persist\x01";

/// A lock that the system releases when its holder dies, and the generation: a number that grows
/// with each commit, and is odd while one is changing names.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    /// The system's lock belongs to the open file; this keeps our own threads apart.
    turn: Mutex<()>,
}

/// The lock, held.
#[derive(Debug)]
pub(crate) struct Held<'l> {
    lock: &'l Lock,
    _turn: MutexGuard<'l, ()>,
}

impl Lock {
    /// Opens the file, and makes it first if it is to be written.
    pub(super) fn open(dir: &Node, write: bool) -> Result<Option<Self>> {
        let flags = if write { OFlags::RDWR | OFlags::CREATE } else { OFlags::RDONLY };
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = match fs::openat(dir, NAME, flags, Mode::RUSR | Mode::WUSR) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(error::own("the store's lock file")(errno)),
        };
        let lock = Self { file, turn: Mutex::new(()) };
        if write {
            let held = lock.hold()?;
            let length = lock.file.metadata().map_err(failed)?.len();
            if length == 0 {
                held.set(0)?;
                dir.sync().map_err(error::own("the store's own directory"))?;
            }
        }
        Ok(Some(lock))
    }

    /// Takes the lock, and waits for it as long as it takes.
    pub(super) fn hold(&self) -> Result<Held<'_>> {
        let turn = self.turn.lock();
        let own = error::own("the store's lock file");
        loop {
            match fs::flock(&self.file, FlockOperation::LockExclusive) {
                Ok(()) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(own(errno)),
            }
        }
        let held = Held { lock: self, _turn: turn };
        // A lock on a file that nobody can find keeps nobody out.
        if Meta::open(&self.file).map_err(own)?.is_removed() {
            return Err(error::removed("the lock file"));
        }
        Ok(held)
    }

    /// The generation now.
    pub(crate) fn generation(&self) -> Result<u64> {
        // Another process may be writing it; that takes no time.
        for _ in 0..1_000 {
            let mut bytes = [0; 24];
            match self.file.read_exact_at(&mut bytes, 0) {
                // It has just been made.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                read => read.map_err(failed)?,
            }
            let [magic, number, inverted] = parts(bytes);
            if magic != MAGIC {
                return Err(foreign(magic));
            }
            if number.map(|byte| !byte) == inverted {
                return Ok(u64::from_le_bytes(number));
            }
            std::thread::yield_now();
        }
        let message = "the store's lock file is damaged; remove `.persist\\xff/lock` in its \
                       directory while nobody uses it";
        Err(Error::new(ErrorKind::Corrupt, message))
    }
}

impl Held<'_> {
    /// Says that names are being changed.
    pub(crate) fn begin(&self) -> Result<()> {
        self.set(self.lock.generation()? | 1)
    }

    /// Says that all names are as they shall be.
    pub(crate) fn end(&self) -> Result<()> {
        self.set((self.lock.generation()? | 1).wrapping_add(1))
    }

    fn set(&self, generation: u64) -> Result<()> {
        let number = generation.to_le_bytes();
        let record = [MAGIC, number, number.map(|byte| !byte)].concat();
        self.lock.file.write_all_at(&record, 0).map_err(failed)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // It fails only for what is no open file.
        let _ = fs::flock(&self.lock.file, FlockOperation::Unlock);
    }
}

fn parts(bytes: [u8; 24]) -> [[u8; 8]; 3] {
    let (eights, _) = bytes.as_chunks();
    <[[u8; 8]; 3]>::try_from(eights).unwrap_or_default()
}

fn foreign(magic: [u8; 8]) -> Error {
    let message = match magic {
        [b'p', b'e', b'r', b's', b'i', b's', b't', format] => format!(
            "the store has format {format}, and this version knows format 1; use a newer version"
        ),
        _ => "its `.persist\\xff` was not made by persist; move it away".to_owned(),
    };
    Error::new(ErrorKind::Corrupt, message)
}

fn failed(failure: io::Error) -> Error {
    match Errno::from_io_error(&failure) {
        Some(errno) => error::own("the store's lock file")(errno),
        None => Error::new(ErrorKind::Backend, "the store's lock file cannot be used")
            .caused_by(failure),
    }
}
