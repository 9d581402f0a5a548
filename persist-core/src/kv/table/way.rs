//! The way from the top to a key.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::Tables;
use super::rows::{Entry, Id, decode, entry_key};
use crate::backend::Cell;
use crate::give_way::give_way;
use crate::kv::KeyPath;
use crate::transaction::Tx;
use crate::{Error, ErrorKind, Result};

/// How many ways are remembered.
const KNOWN: usize = 4_096;

/// Where the dictionaries were that were met last. What it says is only guessed from and always
/// looked at, so it may be old.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<KeyPath, Id>>);

/// What stands at a key, with the rows that say so, all of one state.
#[derive(Debug)]
pub(super) struct Way {
    /// The rows from the top on, with what they hold. The last one is that of the key, or of the
    /// one above it that is the end.
    pub(super) rows: Vec<(Cell, Option<Cell>)>,
    pub(super) end: End,
}

/// Where a way ends.
#[derive(Debug)]
pub(super) enum End {
    Here(Entry),
    /// The key is not bound.
    Absent,
    /// This key above it is a value.
    Through(KeyPath),
}

impl Tables {
    /// Walks to a key. First it is found out which rows are on the way, from what was learned before
    /// or one by one; then all of them are read in one state, which must say the same.
    pub(super) async fn walk(&self, tx: &Tx, key: &KeyPath) -> Result<Way> {
        let prefixes: Vec<KeyPath> = key.prefixes().collect();
        let mut ids = self.known.guess(&prefixes);
        loop {
            self.go_on(tx, &prefixes, &mut ids).await?;
            if let Some(way) = self.look(tx, &prefixes, &mut ids).await? {
                return Ok(way);
            }
        }
    }

    /// Adds the ids of dictionaries on the way, as far as it goes.
    async fn go_on(&self, tx: &Tx, prefixes: &[KeyPath], ids: &mut Vec<Id>) -> Result<()> {
        while let Some((place, id)) = prefixes.get(ids.len() - 1).zip(ids.last())
            && ids.len() < prefixes.len()
        {
            // Reads of an embedded engine are always ready.
            give_way().await;
            let row = entry_key(*id, place.basename())?;
            match tx.peek(&self.entries, &[row]).await?.pop().flatten().map(decode).transpose()? {
                Some(Entry::Dictionary { id, .. }) => ids.push(id),
                _ => break,
            }
        }
        Ok(())
    }

    /// Reads all rows on the way in one state. `None` if they are others; `ids` then leads as far as
    /// they were right, and one further.
    async fn look(&self, tx: &Tx, prefixes: &[KeyPath], ids: &mut Vec<Id>) -> Result<Option<Way>> {
        give_way().await;
        let places = std::iter::zip(&*ids, prefixes);
        let keys = places.map(|(id, prefix)| entry_key(*id, prefix.basename()));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let found = tx.peek(&self.entries, &keys).await?;
        let mut rows = Vec::with_capacity(found.len());
        for ((place, cell), row) in prefixes.iter().zip(keys).zip(found) {
            let entry = row.clone().map(decode::<Entry>).transpose();
            let entry = entry.map_err(|error| error.table(self.entries.name()).key(&cell))?;
            rows.push((cell, row));
            let last = rows.len() == prefixes.len();
            let end = match entry {
                Some(Entry::Dictionary { id, .. }) if !last => {
                    self.known.learn(place, id);
                    if ids.get(rows.len()) != Some(&id) {
                        ids.truncate(rows.len());
                        ids.push(id);
                        return Ok(None);
                    }
                    continue;
                }
                Some(Entry::Value(_)) if !last => End::Through(place.clone()),
                Some(entry) => End::Here(entry),
                None if rows.len() == 1 => return Err(self.no_top()),
                None => End::Absent,
            };
            return Ok(Some(Way { rows, end }));
        }
        // A backend may answer fewer keys only when their values are large, and these are not.
        let what = "the store has not answered all that it was asked for";
        Err(Error::new(ErrorKind::Backend, what).table(self.entries.name()))
    }

    /// Walks to a key, and makes the transaction depend on what it met.
    pub(super) async fn depend(&self, tx: &Tx, key: &KeyPath) -> Result<Way> {
        let way = self.walk(tx, key).await?;
        for (cell, row) in &way.rows {
            tx.depend(&self.entries, cell, row.as_ref())?;
        }
        Ok(way)
    }

    fn no_top(&self) -> Error {
        let what = "the top-level dictionary is missing; the table was written by something else";
        Error::new(ErrorKind::Corrupt, what).table(self.entries.name())
    }
}

impl Known {
    /// The ids under which the rows of these keys are looked for first, as many as can be guessed.
    fn guess(&self, prefixes: &[KeyPath]) -> Vec<Id> {
        let known = self.0.lock();
        let above = prefixes.iter().take(prefixes.len().saturating_sub(1));
        let guessed = above.map_while(|key| known.get(key).copied());
        std::iter::once(Id::NOWHERE).chain(guessed).collect()
    }

    fn learn(&self, key: &KeyPath, id: Id) {
        let mut known = self.0.lock();
        if known.get(key) == Some(&id) {
            return;
        }
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(key.clone(), id);
    }
}
