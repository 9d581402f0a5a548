//! Making the files of a store small again.

use std::fs;
use std::path::{Path, PathBuf};

use persist_core::Result;
use persist_core::engine::offload;
use sled::{Batch, Tree};

use crate::backend::Found;
use crate::directory::Directory;
use crate::engine::Engine;
use crate::error::{at, engine};
use crate::{Options, keys};

/// How many bytes are copied at once. sled writes a batch in no order, so a small one keeps most of
/// the order in which the rows come.
const AT_ONCE: usize = 64 << 10;

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compacted {
    /// How many bytes the files of the store had.
    pub before: u64,
    /// How many they have now.
    pub after: u64,
}

/// Copies what is in the store to new files, which take the place of the old ones at once.
///
/// Nobody may have the store open meanwhile, the server of a shared store included, and there must
/// be space for a second copy. If the process is killed, the store is as it was, or compacted;
/// the next to open it removes what is left over. It takes a second or two for 100,000 small rows,
/// and helps a store from which much was removed; one that is as full as ever stays as large.
/// Dropping the future does not stop it.
///
/// # Errors
/// As [`Options::open`], and `Config` if there is no store in the directory. The store stays as
/// it was then.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir().unwrap();
/// # persist_dbm::Options::new(dir.path().join("store")).open().await?.close().await?;
/// let compacted = persist_dbm::compact(dir.path().join("store")).await?;
/// println!("{} bytes less", compacted.before.saturating_sub(compacted.after));
/// # Ok::<_, persist_core::Error>(())
/// # }).unwrap();
/// ```
pub async fn compact(store: impl Into<PathBuf>) -> Result<Compacted> {
    let mut options = Options::new(store);
    options.make_absolute()?;
    offload(move || {
        let compacted = Directory::enter_existing(&options.store).and_then(|mut directory| {
            let compacted = compact_in(&mut directory, &options);
            directory.leave(None);
            compacted
        });
        compacted
            .map_err(|error| error.context(format_args!("the store {}", options.store.display())))
    })
    .await
}

fn compact_in(directory: &mut Directory, options: &Options) -> Result<Compacted> {
    directory.prepare()?;
    let before = size(&directory.data())?;
    let (marker, new) = directory.next()?;
    let from = Engine::open(&directory.data(), options)?;
    let copied = Found::load(&from, directory).and_then(|found| {
        let to = Engine::open(&new, options)?;
        let copied = from.with(|from| to.with(|to| copy(from, to, &found.doomed)));
        Directory::close(to.take(), &new);
        copied
    });
    Directory::close(from.take(), &directory.data());
    copied?;
    let after = size(&new)?;
    directory.replace(marker)?;
    Ok(Compacted { before, after })
}

/// Copies everything but the rows of dropped tables.
fn copy(from: &Tree, to: &Tree, doomed: &[u64]) -> Result<()> {
    let (mut batch, mut weight) = (Batch::default(), 0);
    for binding in from {
        let (key, value) = binding.map_err(engine)?;
        if keys::table_of(&key).is_some_and(|table| doomed.contains(&table)) {
            continue;
        }
        weight += key.len() + value.len();
        batch.insert(key, value);
        if weight > AT_ONCE {
            to.apply_batch(std::mem::take(&mut batch)).map_err(engine)?;
            weight = 0;
        }
    }
    to.apply_batch(batch).map_err(engine)?;
    to.flush().map(drop).map_err(engine)
}

/// How many bytes the files in a directory have.
fn size(dir: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let entry = entry.map_err(at(dir))?;
        let meta = entry.metadata().map_err(at(&entry.path()))?;
        size += if meta.is_dir() { self::size(&entry.path())? } else { meta.len() };
    }
    Ok(size)
}
