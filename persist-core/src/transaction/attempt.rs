//! One attempt at a transaction: what it has read, and what it will write.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_timer::Delay;
use parking_lot::{Mutex, MutexGuard};

use crate::backend::limits::MAX_BATCH;
use crate::backend::{
    Backend, Batch, Cell, Direction, Expect, KeyRange, Mark, Marking, Op, Page, Read, TableHandle,
    Write,
};
use crate::keyed::Place;
use crate::table::RawTable;
use crate::{Error, ErrorKind, Persist, Result};

pub(super) struct Attempt {
    persist: Persist,
    backend: Arc<dyn Backend>,
    /// Held while the snapshot is taken, so that there is one.
    taking: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    over: bool,
    /// The state that is read, from the first read to the end of the attempt.
    snapshot: Option<Arc<dyn Read>>,
    /// A read that failed. What the user made of it must not be committed.
    failed: Option<Error>,
    /// What keys were found to be bound to.
    found: HashMap<Place, (TableHandle, Option<Cell>)>,
    /// What ranges were found to hold.
    marks: Vec<Mark>,
    writes: BTreeMap<Place, (TableHandle, Option<Cell>)>,
}

/// What is to be committed, and what each operation is about.
pub(super) struct Outline {
    pub(super) batch: Batch,
    pub(super) clashes: Vec<Clash>,
}

/// Where an operation may clash with another writer.
pub(super) struct Clash {
    table: TableHandle,
    key: Option<Cell>,
}

impl Clash {
    pub(super) fn table(&self) -> &str {
        self.table.name()
    }

    pub(super) fn table_id(&self) -> u64 {
        self.table.id()
    }

    /// The key, if it is not a range.
    pub(super) fn key(&self) -> Option<&Cell> {
        self.key.as_ref()
    }
}

impl Attempt {
    pub(super) fn new(persist: Persist, backend: Arc<dyn Backend>) -> Self {
        Self { persist, backend, taking: tokio::sync::Mutex::default(), state: Mutex::default() }
    }

    /// Ends the attempt when the value is dropped, whatever happens until then.
    pub(super) fn until_dropped(self: &Arc<Self>) -> Over {
        Over(Arc::clone(self))
    }

    pub(super) async fn get(&self, table: &RawTable, key: &Cell) -> Result<Option<Cell>> {
        let place = (table.handle().id(), key.clone());
        {
            let state = self.open(table)?;
            if let Some((_, known)) = state.writes.get(&place).or_else(|| state.found.get(&place)) {
                return Ok(known.clone());
            }
        }
        let read = async {
            let keys = std::slice::from_ref(key);
            let snapshot = self.snapshot().await?;
            let read = snapshot.get(table.handle(), keys, Marking::Skip);
            Ok(read.await?.value.pop().flatten())
        };
        let found = self.note_failure(read.await)?;
        let seen = (table.handle().clone(), found.clone());
        self.open(table)?.found.insert(place, seen);
        Ok(found)
    }

    /// What keys are bound to, all of one state, with the transaction's own writes upon it; maybe
    /// of fewer keys than were asked for. It does not depend on them yet.
    pub(super) async fn peek(&self, table: &RawTable, keys: &[Cell]) -> Result<Vec<Option<Cell>>> {
        drop(self.open(table)?);
        let read = async {
            let snapshot = self.snapshot().await?;
            Ok(snapshot.get(table.handle(), keys, Marking::Skip).await?.value)
        };
        let mut found = self.note_failure(read.await)?;
        let state = self.open(table)?;
        for (key, found) in keys.iter().zip(&mut found) {
            if let Some((_, written)) = state.writes.get(&(table.handle().id(), key.clone())) {
                found.clone_from(written);
            }
        }
        Ok(found)
    }

    /// Makes the transaction depend on what was peeked at, unless it has written it.
    pub(super) fn depend(&self, table: &RawTable, key: &Cell, found: Option<&Cell>) -> Result<()> {
        let mut state = self.open(table)?;
        let place = (table.handle().id(), key.clone());
        if state.writes.contains_key(&place) {
            return Ok(());
        }
        let handle = table.handle().clone();
        let (_, known) = state.found.entry(place).or_insert_with(|| (handle, found.cloned()));
        if known.as_ref() != found {
            // Two looks have seen two states, so it cannot have happened at one moment.
            let lost = Error::new(ErrorKind::Conflict, "what was read has changed since").key(key);
            state.failed.get_or_insert_with(|| lost.duplicate());
            return Err(lost);
        }
        Ok(())
    }

    /// Lets each read see the newest state, instead of all of them one.
    pub(super) fn read_newest(&self) {
        let newest: Arc<dyn Read> = Arc::<dyn Backend>::clone(&self.backend);
        self.state.lock().snapshot = Some(newest);
    }

    /// A page of a range that the transaction does not depend on.
    pub(super) async fn peek_page(
        &self,
        table: &RawTable,
        range: &KeyRange,
        limit: usize,
    ) -> Result<Page> {
        drop(self.open(table)?);
        let read = async {
            let snapshot = self.snapshot().await?;
            snapshot.scan(table.handle(), range, Direction::Forward, limit, Marking::Skip).await
        };
        Ok(self.note_failure(read.await)?.value)
    }

    pub(super) fn write(&self, table: &RawTable, key: Cell, value: Option<Cell>) -> Result<()> {
        let mut state = self.open(table).map_err(|error| error.key(&key))?;
        state.writes.insert((table.handle().id(), key), (table.handle().clone(), value));
        Ok(())
    }

    /// A page of a range, remembered as read.
    pub(super) async fn page(
        &self,
        table: &RawTable,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page> {
        drop(self.open(table)?);
        let read = async {
            let snapshot = self.snapshot().await?;
            snapshot.scan(table.handle(), range, direction, limit, Marking::Take).await
        };
        let page = self.note_failure(read.await)?;
        self.open(table)?.marks.extend(page.mark);
        Ok(page.value)
    }

    /// The writes so far to keys of a range.
    pub(super) fn written(
        &self,
        table: &RawTable,
        range: &KeyRange,
    ) -> Result<Vec<(Cell, Option<Cell>)>> {
        let state = self.open(table)?;
        let of_table = state.writes.iter().filter(|((id, _), _)| *id == table.handle().id());
        let in_range = of_table.filter(|((_, key), _)| range.contains(key));
        Ok(in_range.map(|((_, key), (_, value))| (key.clone(), value.clone())).collect())
    }

    /// Ends the attempt; what is to be committed, which is nothing if it has not written.
    pub(super) fn finish(&self) -> Result<Outline> {
        let State { failed, mut found, marks, writes, .. } = self.end();
        if let Some(error) = failed {
            return Err(error);
        }
        let mut outline = Outline { batch: Batch::default(), clashes: Vec::new() };
        if writes.is_empty() {
            // All that was read is of one state, so it happened at the moment of that state.
            return Ok(outline);
        }
        for ((id, key), (table, value)) in writes {
            let seen = found.remove(&(id, key.clone()));
            let expect = seen.map_or(Expect::Any, |(_, found)| Expect::found(found));
            outline.key(table, key, expect, Write::binding(value));
        }
        for ((_, key), (table, found)) in found {
            outline.key(table, key, Expect::found(found), Write::Nothing);
        }
        for mark in marks {
            outline.clashes.push(Clash { table: mark.table.clone(), key: None });
            outline.batch.ops.push(Op::Unchanged(mark));
        }
        let weight = outline.batch.weight();
        if weight > MAX_BATCH {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "the transaction takes {weight} bytes, and at most {MAX_BATCH} (128 MiB) are \
                     allowed; do it in parts"
                ),
            ));
        }
        Ok(outline)
    }

    /// The state, unless the attempt is over or the table is of another store.
    fn open(&self, table: &RawTable) -> Result<MutexGuard<'_, State>> {
        if !table.persist().same_store(&self.persist) {
            return Err(Error::new(
                ErrorKind::Misuse,
                "the table belongs to another store than the transaction",
            ));
        }
        let state = self.state.lock();
        if state.over {
            return Err(over());
        }
        Ok(state)
    }

    /// The state that is read. While the engine has no snapshot left, waits for one for a while.
    async fn snapshot(&self) -> Result<Arc<dyn Read>> {
        const TRIES: u32 = 400;
        let _taking = self.taking.lock().await;
        let known = self.state.lock().snapshot.clone();
        if let Some(known) = known {
            return Ok(known);
        }
        for _ in 0..TRIES {
            match self.backend.snapshot().await {
                Err(error) if error.kind() == ErrorKind::Busy => {
                    Delay::new(Duration::from_millis(5)).await;
                }
                taken => return self.keep(taken?),
            }
        }
        self.keep(self.backend.snapshot().await?)
    }

    fn keep(&self, snapshot: Arc<dyn Read>) -> Result<Arc<dyn Read>> {
        let mut state = self.state.lock();
        if state.over {
            return Err(over());
        }
        state.snapshot = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }

    fn note_failure<T>(&self, read: Result<T>) -> Result<T> {
        if let Err(error) = &read {
            self.state.lock().failed.get_or_insert_with(|| error.duplicate());
        }
        read
    }

    fn end(&self) -> State {
        std::mem::replace(&mut self.state.lock(), State { over: true, ..State::default() })
    }
}

impl Outline {
    fn key(&mut self, table: TableHandle, key: Cell, expect: Expect, write: Write) {
        self.clashes.push(Clash { table: table.clone(), key: Some(key.clone()) });
        self.batch.ops.push(Op::Key { table, key, expect, write });
    }
}

fn over() -> Error {
    Error::new(ErrorKind::Closed, "the transaction is over; use its `Tx` only inside `transact`")
}

/// See [`Attempt::until_dropped`].
pub(super) struct Over(Arc<Attempt>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").finish_non_exhaustive()
    }
}
