//! Opening a directory, and finding out whether a store can live in it.

use std::path::Path;
use std::sync::Arc;

use persist_core::kv::KvStore;
use persist_core::{Error, ErrorKind, Result};
use rustix::fs::{self, RenameFlags};
use rustix::io::Errno;

use crate::base::{Base, Writing};
use crate::error;
use crate::node::{Meta, Node};
use crate::options::Options;
use crate::own::Temp;
use crate::shared::Shared;
use crate::store::Files;
use persist_core::engine::offload;

/// Pairs of names that some file systems take for one: upper and lower case, and the two ways to
/// write an accent.
const PAIRS: [(&str, &str); 2] = [("probe-a", "PROBE-A"), ("probe-\u{e4}", "probe-a\u{308}")];

pub(crate) async fn open(mut options: Options) -> Result<Arc<dyn KvStore>> {
    options.check()?;
    offload(move || {
        let shared = shared(&options).map_err(|error| {
            error.context(format_args!("the directory {}", options.dir.display()))
        })?;
        Ok(Arc::new(Files::new(Arc::new(shared))) as Arc<dyn KvStore>)
    })
    .await
}

fn shared(options: &Options) -> Result<Shared> {
    let root = root(options)?;
    let base = if options.read_only {
        Base::for_reading(root)?
    } else {
        let base = Base::for_writing(root, options.durability.unwrap_or_default())?;
        if let Some(writing) = &base.writing {
            examine(writing)?;
        }
        base
    };
    Shared::new(options.dir.clone(), base)
}

fn root(options: &Options) -> Result<Node> {
    let config = |message: &str| Error::new(ErrorKind::Config, message);
    match Node::root(&options.dir) {
        Ok(root) => return Ok(root),
        Err(Errno::NOTDIR) => {
            return Err(config("this or something above it is not a directory; name one"));
        }
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(system(errno)),
    }
    if options.read_only || !options.create {
        return Err(config("it does not exist, and the settings forbid to create it"));
    }
    match std::fs::create_dir(&options.dir) {
        Ok(()) => sync_above(&options.dir)?,
        Err(error) => match Errno::from_io_error(&error) {
            // Somebody else was faster.
            Some(Errno::EXIST) => {}
            Some(Errno::NOENT) => {
                let message = "the directory that it is in does not exist; create that first";
                return Err(config(message));
            }
            Some(errno) => return Err(system(errno)),
            None => return Err(config("it cannot be created").caused_by(error)),
        },
    }
    Node::root(&options.dir).map_err(system)
}

fn sync_above(dir: &Path) -> Result<()> {
    let Some(above) = dir.parent() else { return Ok(()) };
    Node::root(above).and_then(|above| above.sync()).map_err(system)
}

/// Finds out whether the file system does what a store needs of it.
fn examine(writing: &Writing) -> Result<()> {
    let session = &writing.session;
    let failed = error::own("a session of the store");
    let refused = |message: &str| Error::new(ErrorKind::Config, message);
    let (one, other) = (session.temp().map_err(&failed)?, session.temp().map_err(&failed)?);
    match swap(&session.dir, &one, &other) {
        Ok(()) => {}
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            return Err(refused(
                "this file system cannot exchange two names at once (RENAME_EXCHANGE), which \
                 ext4, xfs, btrfs and tmpfs can; put the store on one of them",
            ));
        }
        Err(errno) => return Err(failed(errno)),
    }
    for (name, twin) in PAIRS {
        if meet(&session.dir, name.as_bytes(), twin.as_bytes()).map_err(&failed)? {
            return Err(refused(
                "this file system takes different names for one, by case or by accents, so keys \
                 would meet in it; put the store on one that tells all names apart",
            ));
        }
    }
    Ok(())
}

fn swap(dir: &Node, one: &Temp, other: &Temp) -> rustix::io::Result<()> {
    fs::renameat_with(dir, &one.name, dir, &other.name, RenameFlags::EXCHANGE)
}

/// Whether a file with one name is found under another one.
fn meet(dir: &Node, name: &[u8], twin: &[u8]) -> rustix::io::Result<bool> {
    match fs::mkdirat(dir, name, fs::Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno),
    }
    let found = Meta::at(dir, twin);
    fs::unlinkat(dir, name, fs::AtFlags::REMOVEDIR)?;
    Ok(found?.is_some())
}

fn system(errno: Errno) -> Error {
    match errno {
        Errno::LOOP => Error::new(ErrorKind::Config, "its symbolic links lead in a circle"),
        _ => error::own("opening it")(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_meet_are_found_out() {
        let dir = tempfile::tempdir().unwrap();
        let node = Node::root(dir.path()).unwrap();
        assert!(!meet(&node, b"a", b"A").unwrap());
        // What a file system that folds case would show.
        std::fs::create_dir(dir.path().join("A")).unwrap();
        assert!(meet(&node, b"a", b"A").unwrap());
    }
}
