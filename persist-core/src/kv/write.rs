//! The verbs that write.

use std::sync::Arc;
use std::time::SystemTime;

use super::judge::{Judge, Verb};
use super::read::lost;
use super::store::{Committed, Content, KvStore, MAX_READ, Reads};
use super::{KeyPath, Kv, Pending, Result};

impl Kv {
    /// Binds the key to a value, whatever it was bound to: a dictionary goes away with all that is
    /// in it. Missing dictionaries above it are made. Durable on return.
    ///
    /// # Errors
    /// `DictionaryExpected` if a key above it is a value; `ValueExpected` for the empty key;
    /// `InvalidKey`, `NoSpace`, `Storage`.
    pub fn set(&self, key: impl Into<KeyPath>, value: impl AsRef<[u8]>) -> Pending<()> {
        let value = Arc::from(value.as_ref());
        self.verb("set", key, move |kv, key| async move {
            let content = content(&*kv.store, value).await?;
            kv.write(&key, Verb::Set(content)).await
        })
    }

    /// Writes `bytes` into a value at `offset`; what is before and behind them stays. An `offset`
    /// past the end means the end, so no hole arises. An absent key is bound to `bytes`. It costs
    /// what is written, not what the value has (except on a file system, which may have to copy
    /// the file so that no reader sees half of it). Durable on return.
    ///
    /// # Errors
    /// `ValueExpected` for a dictionary, `DictionaryExpected`, `InvalidKey`, `NoSpace`, and `Storage`,
    /// which is `TooLarge` for more than 64 MiB.
    pub fn set_partial(
        &self,
        key: impl Into<KeyPath>,
        offset: u64,
        bytes: impl AsRef<[u8]>,
    ) -> Pending<()> {
        let bytes = Arc::from(bytes.as_ref());
        self.verb("set_partial", key, move |kv, key| async move {
            kv.write(&key, Verb::SetPartial { offset, bytes }).await
        })
    }

    /// Binds an absent key to a value of `size` zero bytes, last modified at the given time or now.
    /// Large ones are not written zero by zero. Durable on return.
    ///
    /// # Errors
    /// `AlreadyPresent`, also for a dictionary; `DictionaryExpected`, `InvalidKey`, `NoSpace`,
    /// `Storage`.
    pub fn allocate(
        &self,
        key: impl Into<KeyPath>,
        size: u64,
        last_modified: Option<SystemTime>,
    ) -> Pending<()> {
        self.verb("allocate", key, move |kv, key| async move {
            kv.write(&key, Verb::Allocate { size, modified: last_modified }).await
        })
    }

    /// Removes the value, or the dictionary with all that is in it, at once, whatever its size; of
    /// the empty key, all entries. An absent key is no error. Durable on return.
    ///
    /// # Errors
    /// `DictionaryExpected`, `InvalidKey`, `Storage`.
    pub fn remove(&self, key: impl Into<KeyPath>) -> Pending<()> {
        self.verb("remove", key, |kv, key| async move { kv.write(&key, Verb::Remove).await })
    }

    /// Moves what is at `source` to `dest`, at once, whatever its size: contents are not moved.
    /// Missing dictionaries above `dest` are made. Durable on return.
    ///
    /// | | `dest` is absent | a value | a dictionary |
    /// | --- | --- | --- | --- |
    /// | a value | moved | replaces it | moved into it, under its own last segment |
    /// | a dictionary | moved | `ValueExpected(source)` | moved into it, under its own last segment |
    ///
    /// What is moved into a dictionary replaces a value there as above, and is
    /// `AlreadyPresent` if a dictionary has that name there. Where something would be moved to
    /// where it is, nothing happens.
    ///
    /// # Errors
    /// `NotFound(source)`; `RenameSourcePrefix` when a dictionary would be moved to itself or into
    /// itself; `ValueExpected` and `AlreadyPresent` as above; `DictionaryExpected`, `InvalidKey`,
    /// `Storage`.
    pub fn rename(&self, source: impl Into<KeyPath>, dest: impl Into<KeyPath>) -> Pending<()> {
        let dest = dest.into();
        self.verb("rename", source, move |kv, source| async move {
            dest.check()?;
            kv.write(&source, Verb::Rename { dest }).await
        })
    }

    /// Judges and commits one write until nobody was faster. Somebody makes progress each time, so
    /// there is no limit.
    pub(super) async fn write(&self, key: &KeyPath, verb: Verb) -> Result<()> {
        // Several keys are judged together.
        let reads = match verb {
            Verb::Rename { .. } => Reads::Fixed,
            _ => Reads::Newest,
        };
        let (mut tries, mut turn) = (0_u32, None);
        loop {
            let attempt = async {
                let state = self.store.begin(reads).await?;
                let mut judge = Judge::default();
                judge.write(&*state, key, verb.clone(), self.clock.now()).await?;
                let changes = judge.into_changes();
                if changes.is_empty() {
                    return Ok(Committed::Applied);
                }
                Ok(state.commit(changes.into()).await?)
            };
            match attempt.await {
                Ok(Committed::Applied) => return Ok(()),
                Ok(Committed::Conflict) => {}
                Err(error) if lost(&error) => {}
                Err(error) => return Err(error),
            }
            tries = tries.saturating_add(1);
            tracing::debug!(%key, tries, "a write meets another one");
            drop(turn.take());
            turn = Some(self.turn(tries).await);
        }
    }
}

/// The content of a value that is set: staged, if it is too large to be part of a commit.
pub(super) async fn content(store: &dyn KvStore, value: Arc<[u8]>) -> Result<Content> {
    if value.len() <= MAX_READ {
        return Ok(Content::Bytes(value));
    }
    let mut stage = store.stage().await?;
    for piece in value.chunks(MAX_READ) {
        stage.write(piece.into()).await?;
    }
    Ok(Content::Staged(stage.finish().await?))
}
