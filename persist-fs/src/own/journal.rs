//! The journal: how to undo a commit of several steps that did not come to its end.
//!
//! It is written and synced before the first step, and emptied, which is what commits, when all
//! steps are durable. A step is found to have been made or not by looking, so undoing may itself be
//! interrupted and begun again.

use std::fs::File;
use std::os::unix::fs::FileExt;

use persist_core::{Error, ErrorKind, Result};
use rustix::fs::{self, Mode, OFlags};
use rustix::io::Errno;

use crate::error;
use crate::node::Node;
use crate::step::Step;

pub(super) const NAME: &[u8] = b"journal";

/// The length of the body and the beginning of its hash.
const HEADER: usize = 8 + 16;

#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    sync: bool,
}

impl Journal {
    pub(crate) fn open(dir: &Node, sync: bool) -> Result<Self> {
        let own = error::own("the store's journal");
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = fs::openat(dir, NAME, flags, Mode::RUSR | Mode::WUSR).map_err(&own)?;
        if sync {
            dir.sync().map_err(own)?;
        }
        Ok(Self { file: File::from(file), sync })
    }

    /// Remembers the steps that will be made.
    pub(crate) fn write(&self, steps: &[Step]) -> Result<()> {
        let body = postcard::to_stdvec(steps).map_err(|error| {
            Error::new(ErrorKind::Backend, "the steps of a commit cannot be written")
                .caused_by(error)
        })?;
        let mut bytes = (body.len() as u64).to_le_bytes().to_vec();
        bytes.extend(hash(&body));
        bytes.extend(body);
        self.file.write_all_at(&bytes, 0).map_err(failed)?;
        self.settle()
    }

    /// The steps that are remembered; none if they were not remembered whole, since then none was
    /// made.
    pub(crate) fn read(&self) -> Result<Vec<Step>> {
        let length = self.file.metadata().map_err(failed)?.len();
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, 0).map_err(failed)?;
        let steps = || {
            let (header, body) = bytes.split_at_checked(HEADER)?;
            let (length, digest) = header.split_at_checked(8)?;
            let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
            let body = body.get(..length)?;
            if hash(body) != digest {
                return None;
            }
            postcard::from_bytes(body).ok()
        };
        Ok(steps().unwrap_or_default())
    }

    pub(crate) fn is_empty(&self) -> Result<bool> {
        Ok(self.file.metadata().map_err(failed)?.len() == 0)
    }

    /// Forgets the steps.
    pub(crate) fn clear(&self) -> Result<()> {
        fs::ftruncate(&self.file, 0).map_err(error::own("the store's journal"))?;
        self.settle()
    }

    fn settle(&self) -> Result<()> {
        if self.sync {
            fs::fsync(&self.file).map_err(error::own("the store's journal"))?;
        }
        Ok(())
    }
}

fn hash(body: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    blake3::Hasher::new().update(body).finalize_xof().fill(&mut digest);
    digest
}

fn failed(failure: std::io::Error) -> Error {
    match Errno::from_io_error(&failure) {
        Some(errno) => error::own("the store's journal")(errno),
        None => {
            Error::new(ErrorKind::Backend, "the store's journal cannot be used").caused_by(failure)
        }
    }
}
