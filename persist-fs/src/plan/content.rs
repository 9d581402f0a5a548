//! Contents that are not bound yet.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use persist_core::kv::{Content, KeyPath};
use persist_core::{Error, ErrorKind, Result};
use rustix::fs::{self, FallocateFlags, Mode, Timespec, Timestamps};
use rustix::io::Errno;

use crate::error;
use crate::own::{Session, Temp};

/// What is being written, in errors.
const NEW: &str = "a new content";

/// A file with the content, and whether it is ours alone.
pub(super) fn write(
    session: &Session,
    content: &Content,
    modified: SystemTime,
) -> Result<(Arc<Temp>, bool)> {
    let made = || session.temp().map(Arc::new).map_err(error::own(NEW));
    let (temp, ours) = match content {
        Content::Bytes(bytes) => {
            let temp = made()?;
            temp.file.write_all_at(bytes, 0).map_err(failed)?;
            (temp, true)
        }
        Content::Zeros(size) => {
            let temp = made()?;
            zeros(&temp.file, *size)?;
            (temp, true)
        }
        Content::Staged(staged) => {
            let temp = staged.token::<Arc<Temp>>().cloned().ok_or_else(|| {
                Error::new(ErrorKind::Misuse, "a content was staged by another store")
            })?;
            temp.meta()?;
            (temp, false)
        }
    };
    set_time(&temp, modified)?;
    Ok((temp, ours))
}

/// A copy of a file; where the file system can, it shares the blocks.
pub(super) fn copy(session: &Session, mut file: &File, key: &KeyPath) -> Result<Arc<Temp>> {
    let temp = session.temp().map_err(error::own(NEW))?;
    match fs::ioctl_ficlone(&temp.file, file) {
        Ok(()) => {}
        Err(Errno::NOSPC | Errno::DQUOT) => return Err(error::own(NEW)(Errno::NOSPC)),
        Err(_) => {
            let copied = file.rewind().and_then(|()| std::io::copy(&mut file, &mut &temp.file));
            copied.map_err(|failure| error::io(key, failure))?;
        }
    }
    Ok(Arc::new(temp))
}

/// Replaces a part of a content that is ours.
pub(super) fn overwrite(
    temp: &Temp,
    offset: u64,
    bytes: &[u8],
    modified: SystemTime,
) -> Result<()> {
    temp.file.write_all_at(bytes, offset).map_err(failed)?;
    set_time(temp, modified)
}

pub(super) fn set_mode(temp: &Temp, mode: u32) -> Result<()> {
    fs::fchmod(&temp.file, Mode::from_raw_mode(mode)).map_err(error::own(NEW))
}

/// Writes at the end of a content that is being staged.
pub(crate) fn at_end(temp: &Temp, offset: u64, bytes: &[u8]) -> Result<()> {
    temp.file.write_all_at(bytes, offset).map_err(failed)
}

/// Makes a content durable.
pub(crate) fn settle(temp: &Temp) -> Result<()> {
    fs::fsync(&temp.file).map_err(error::own(NEW))
}

/// Sets the time of the last change.
pub(super) fn time(modified: SystemTime) -> Timestamps {
    let (seconds, nanoseconds) = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => (signed(after.as_secs()), after.subsec_nanos()),
        Err(before) => match (before.duration().as_secs(), before.duration().subsec_nanos()) {
            (seconds, 0) => (-signed(seconds), 0),
            (seconds, short) => (-signed(seconds) - 1, 1_000_000_000 - short),
        },
    };
    let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() };
    Timestamps { last_access: time, last_modification: time }
}

fn set_time(temp: &Temp, modified: SystemTime) -> Result<()> {
    fs::futimens(&temp.file, &time(modified)).map_err(error::own(NEW))
}

/// Zero bytes that have their place on the disk.
fn zeros(file: &File, size: u64) -> Result<()> {
    if size == 0 {
        return Ok(());
    }
    match fs::fallocate(file, FallocateFlags::empty(), 0, size) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP) => {
            let zeros =
                std::io::copy(&mut std::io::Read::take(std::io::repeat(0), size), &mut &*file);
            zeros.and_then(|_| (&*file).flush()).map_err(failed)
        }
        Err(errno) => Err(error::own(NEW)(errno)),
    }
}

fn signed(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn failed(failure: std::io::Error) -> Error {
    match Errno::from_io_error(&failure) {
        Some(errno) => error::own(NEW)(errno),
        None => {
            Error::new(ErrorKind::Backend, "a new content cannot be written").caused_by(failure)
        }
    }
}
