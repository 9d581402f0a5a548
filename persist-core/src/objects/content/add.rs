//! Storing values under their hashes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::hash_of;
use crate::backend::limits::MAX_BATCH;
use crate::backend::{Batch, Cell, Commit, Expect, Op, Write};
use crate::column::encode_key;
use crate::objects::{Digest, Hash, Hashed};
use crate::table::RawTable;
use crate::{Error, ErrorKind, Result};

/// How many keys are asked for at once: what is found stays in memory meanwhile.
const PART: usize = 64;

/// A value that is to be stored, and what is known to be under its hash.
pub(super) struct Object {
    key: Cell,
    value: Cell,
    found: Found,
}

enum Found {
    Nothing,
    /// The value itself.
    Same,
    /// Bytes whose hash is another one.
    Damaged(Cell),
}

impl Object {
    pub(super) fn new<H: Hash>(hash: Digest<H>, value: Cell) -> Result<Self> {
        Ok(Self { key: encode_key::<Hashed<H>>(hash)?, value, found: Found::Nothing })
    }

    /// Takes note of what is under the hash.
    fn meet<H: Hash>(&mut self, found: Option<Cell>) -> Result<()> {
        self.found = match found {
            None => Found::Nothing,
            Some(found) if found == self.value => Found::Same,
            Some(found) if hash_of::<H>(&found) == hash_of::<H>(&self.value) => {
                return Err(self.collides::<H>());
            }
            Some(found) => Found::Damaged(found),
        };
        Ok(())
    }

    fn collides<H: Hash>(&self) -> Error {
        let message =
            format!("another value has the same {} hash; choose a stronger hash", H::NAME);
        Error::new(ErrorKind::AlreadyBound, message).key(&self.key)
    }

    /// What is to be done, and what it takes for granted. That a value is there is part of the
    /// commit too: so it is known to be as durable as what is written.
    fn op(&self, raw: &RawTable) -> Op {
        let put = || Write::Put(self.value.clone());
        let (expect, write) = match &self.found {
            Found::Nothing => (Expect::Absent, put()),
            Found::Same => (Expect::Present, Write::Nothing),
            Found::Damaged(found) => (Expect::Equals(found.clone()), put()),
        };
        Op::Key { table: raw.handle().clone(), key: self.key.clone(), expect, write }
    }
}

/// Stores objects in one commit.
pub(super) async fn store<H: Hash>(raw: &RawTable, objects: Vec<Object>) -> Result<()> {
    let mut objects = distinct::<H>(objects)?;
    if objects.is_empty() {
        return raw.backend().map(drop);
    }
    // A single one is most often new, so nothing is asked before it is written.
    let mut ask = objects.len() > 1;
    loop {
        if ask {
            look::<H>(raw, &mut objects).await?;
        }
        let batch = Batch { ops: objects.iter().map(|object| object.op(raw)).collect() };
        check_weight(&batch)?;
        match raw.backend()?.commit(batch).await? {
            Commit::Applied => return Ok(()),
            // Somebody else has stored one of them in between.
            Commit::Conflict { .. } => ask = true,
        }
    }
}

/// The objects without those that come again.
fn distinct<H: Hash>(objects: Vec<Object>) -> Result<Vec<Object>> {
    let mut distinct: BTreeMap<Cell, Object> = BTreeMap::new();
    for object in objects {
        match distinct.entry(object.key.clone()) {
            Entry::Vacant(place) => {
                place.insert(object);
            }
            Entry::Occupied(met) if met.get().value == object.value => {}
            Entry::Occupied(_) => return Err(object.collides::<H>()),
        }
    }
    Ok(distinct.into_values().collect())
}

/// Finds out what is under the hashes.
async fn look<H: Hash>(raw: &RawTable, objects: &mut [Object]) -> Result<()> {
    for part in objects.chunks_mut(PART) {
        let keys: Vec<Cell> = part.iter().map(|object| object.key.clone()).collect();
        let found = raw.get_many(&keys).await?;
        for (object, found) in part.iter_mut().zip(found) {
            object.meet::<H>(found)?;
        }
    }
    Ok(())
}

fn check_weight(batch: &Batch) -> Result<()> {
    let weight = batch.weight();
    if weight <= MAX_BATCH {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TooLarge,
        format!(
            "the values take {weight} bytes, and at most {MAX_BATCH} (128 MiB) are allowed in one \
             commit; add them in parts"
        ),
    ))
}
