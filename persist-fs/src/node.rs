//! Files and directories by handle. All names are resolved here, one at a time, against the handle
//! of the directory that they are in: a name is never a path, and symbolic links are opened as
//! what they are. So nothing leads out of the root, whatever others exchange meanwhile.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Statx, StatxAttributes, StatxFlags};
use rustix::io::{Errno, Result};
use serde::{Deserialize, Serialize};

/// A name in a directory, as the file system has it.
pub(crate) type Name = Vec<u8>;

/// What tells one file from another: the number of its inode, and when that was made, since numbers
/// are used again. A file keeps it when it is renamed, and a new file never has that of one which
/// was here before, as far as [`freeable`] is asked before files are freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Id {
    inode: u64,
    born: (i64, u32),
}

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    File,
    Dir,
    /// Something that is no entry of a store, in words.
    Other(&'static str),
}

/// What is known of a file without opening it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta {
    pub(crate) id: Id,
    pub(crate) sort: Sort,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    links: u32,
    modified: (i64, u32),
    /// When content, name or rights were last changed, by the system's clock.
    pub(crate) changed: Moment,
}

/// Seconds and nanoseconds of the system's clock.
pub(crate) type Moment = (i64, u32);

/// A file or a directory that is held, so that it stays what it is whatever becomes of its name.
#[derive(Debug)]
pub(crate) struct Node {
    fd: OwnedFd,
    pub(crate) meta: Meta,
}

impl Id {
    /// Adds it to a hash.
    pub(crate) fn feed(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&self.inode.to_le_bytes());
        hasher.update(&self.born.0.to_le_bytes());
        hasher.update(&self.born.1.to_le_bytes());
    }
}

impl Meta {
    /// What is known of a name in a directory; `None` if nothing is there.
    pub(crate) fn at(dir: impl AsFd, name: &[u8]) -> Result<Option<Self>> {
        match fs::statx(dir, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT, MASK) {
            Ok(found) => Ok(Some(Self::of(&found))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// What is known of an open file.
    pub(crate) fn open(fd: impl AsFd) -> Result<Self> {
        fs::statx(fd, c"", AtFlags::EMPTY_PATH, MASK).map(|found| Self::of(&found))
    }

    /// When it was last changed.
    pub(crate) fn modified(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.modified;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let second = if seconds < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
        second + Duration::from_nanos(nanoseconds.into())
    }

    /// Another number for every content, as far as every change makes a new file, or another size,
    /// or another time.
    pub(crate) fn version(&self) -> u128 {
        let mut hasher = blake3::Hasher::new();
        self.id.feed(&mut hasher);
        if self.sort == Sort::File {
            hasher.update(&self.size.to_le_bytes());
            hasher.update(&self.modified.0.to_le_bytes());
            hasher.update(&self.modified.1.to_le_bytes());
        }
        short(&hasher)
    }

    /// Whether it has no name any more.
    pub(crate) fn is_removed(&self) -> bool {
        self.links == 0
    }

    fn of(found: &Statx) -> Self {
        let sort = match FileType::from_raw_mode(found.stx_mode.into()) {
            // What is mounted cannot be moved together with what it is mounted in.
            _ if found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) => {
                Sort::Other("a mount point")
            }
            FileType::RegularFile => Sort::File,
            FileType::Directory => Sort::Dir,
            FileType::Symlink => Sort::Other("a symbolic link"),
            FileType::Fifo => Sort::Other("a named pipe"),
            FileType::Socket => Sort::Other("a socket"),
            _ => Sort::Other("a device"),
        };
        let knows_birth = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME);
        let birth = (found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
        let born = if knows_birth { birth } else { (0, 0) };
        Self {
            id: Id { inode: found.stx_ino, born },
            sort,
            size: found.stx_size,
            mode: u32::from(found.stx_mode) & 0o777,
            links: found.stx_nlink,
            modified: (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec),
            changed: (found.stx_ctime.tv_sec, found.stx_ctime.tv_nsec),
        }
    }
}

impl Node {
    /// Holds a directory of which a path leads there, following symbolic links: for the root alone.
    pub(crate) fn root(path: &std::path::Path) -> Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = fs::open(path, flags, Mode::empty())?;
        let mut meta = Meta::open(&fd)?;
        // A root may be a mount point.
        meta.sort = Sort::Dir;
        Ok(Self { fd, meta })
    }

    /// Holds what has a name in this directory, whatever it is; `None` if nothing has it. It does
    /// not follow links, and wakes no reader or writer of a pipe.
    pub(crate) fn child(&self, name: &[u8]) -> Result<Option<Self>> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = match fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let meta = Meta::open(&fd)?;
        Ok(Some(Self { fd, meta }))
    }

    /// Opens the plain file that has a name in this directory, for reading. It must be the one
    /// that was found there before; `None` if it is not any more.
    pub(crate) fn open_file(&self, name: &[u8], id: Id) -> Result<Option<File>> {
        // Should it have become a pipe, this does not wait for its other end.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = match fs::openat(&self.fd, name, flags | OFlags::CLOEXEC, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO | Errno::ISDIR) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let same = Meta::open(&fd)?.id == id;
        Ok(same.then(|| File::from(fd)))
    }

    /// Opens this directory itself, for listing, syncing or locking it.
    pub(crate) fn open_dir(&self) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        fs::openat(&self.fd, c".", flags, Mode::empty())
    }

    /// The names in this directory, without `.` and `..`, in no order.
    pub(crate) fn names(&self) -> Result<Vec<Name>> {
        let mut names = Vec::new();
        for entry in fs::Dir::new(self.open_dir()?)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(name.to_vec());
            }
        }
        Ok(names)
    }

    /// Makes what has been done to the names in this directory durable.
    pub(crate) fn sync(&self) -> Result<()> {
        fs::fsync(self.open_dir()?)
    }
}

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether the file can be freed without another one getting its [`Id`]: not in the tick of the
/// clock in which it was made.
pub(crate) fn freeable(meta: &Meta) -> bool {
    now() > meta.id.born
}

/// The clock that changes are dated with: what changes from now on is not dated before.
pub(crate) fn now() -> Moment {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    (now.tv_sec, u32::try_from(now.tv_nsec).unwrap_or(u32::MAX))
}

/// 128 bits of a hash.
pub(crate) fn short(hasher: &blake3::Hasher) -> u128 {
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    u128::from_le_bytes(bytes)
}

const MASK: StatxFlags = StatxFlags::BASIC_STATS.union(StatxFlags::BTIME);
