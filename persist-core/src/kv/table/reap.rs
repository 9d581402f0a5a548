//! Taking away what removals, replaced contents and crashes have left, a little at a time.

use std::ops::Bound;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::rows::{
    ChunkKey, Content, Entry, Grave, Id, IdKey, Lease, Value, chunk_key, decode, encode, id_cell,
};
use super::{Inner, Tables};
use crate::backend::{Batch, Cell, Commit, Direction, Expect, KeyRange, Marking, Op, Page, Write};
use crate::column::decode_key;
use crate::table::RawTable;
use crate::{ErrorKind, Result};

/// About how many entries are taken away in one commit.
const STEP: usize = 256;

/// How many chunks are: 16 MiB.
const CHUNKS: u32 = 256;

/// How long leftovers are gathered before they are taken away.
const GATHER: Duration = Duration::from_millis(50);

/// The thread that reaps. There is one only while there is something to reap or to renew.
#[derive(Debug, Default)]
pub(super) struct Reaper(Mutex<Option<Sender<()>>>);

/// What was last seen of a lease of somebody else, and since when.
#[derive(Debug)]
pub(super) struct Seen {
    beat: u64,
    since: Instant,
}

impl Reaper {
    /// Lets the thread look, soon.
    pub(super) fn wake(&self, inner: &Arc<Inner>) {
        let mut thread = self.0.lock();
        if thread.as_ref().is_some_and(|thread| thread.send(()).is_ok()) {
            return;
        }
        let (sender, woken) = mpsc::channel();
        let weak = Arc::downgrade(inner);
        let reaping = thread::Builder::new().name("persist-kv-reaper".into());
        match reaping.spawn(move || run(&weak, &woken)) {
            Ok(_) => *thread = Some(sender),
            // What is left stays in its table, and the next one finds it there.
            Err(error) => tracing::warn!(%error, "no thread to take leftovers away"),
        }
    }

    /// Lets the thread go, unless it was woken.
    fn dismiss(&self, woken: &Receiver<()>) -> bool {
        let mut thread = self.0.lock();
        let idle = woken.try_recv().is_err();
        if idle {
            *thread = None;
        }
        idle
    }
}

fn run(inner: &Weak<Inner>, woken: &Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::warn!(%error, "no runtime to take leftovers away");
            return;
        }
    };
    loop {
        // What is left at the same time is taken away together.
        thread::sleep(GATHER);
        let Some(inner) = inner.upgrade() else { return };
        while woken.try_recv().is_ok() {}
        let waiting = match runtime.block_on(inner.reap()) {
            Ok(waiting) => waiting,
            Err(error) if error.kind() == ErrorKind::Closed => return,
            Err(error) => {
                tracing::warn!(%error, "leftovers stay for a while");
                true
            }
        };
        if !waiting && inner.reaper.dismiss(woken) {
            return;
        }
        let pause = inner.lease / 4;
        drop(inner);
        if let Err(RecvTimeoutError::Disconnected) = woken.recv_timeout(pause) {
            return;
        }
    }
}

impl Inner {
    /// Takes away all that can be taken away now; whether there are leases to wait for or to renew.
    pub(super) async fn reap(&self) -> Result<bool> {
        self.open()?;
        let abandoned = std::mem::take(&mut *self.abandoned.lock());
        for id in abandoned {
            let key = id_cell(id);
            if let Some(lease) = self.tables.leases.get(&key).await? {
                self.claim(id, lease).await?;
            }
        }
        let waiting = self.look_at_leases().await?;
        loop {
            let page = first(&self.tables.graves, &KeyRange::all(), STEP).await?;
            if page.rows.is_empty() {
                return Ok(waiting);
            }
            let (mut dictionaries, mut ops) = (Vec::new(), Vec::new());
            for row in page.rows {
                let (key, grave) = row?;
                let id = decode_key::<IdKey>(key.clone())?;
                match decode(grave)? {
                    Grave::Dictionary => dictionaries.push(id),
                    Grave::Content => {
                        self.reap_content(id).await?;
                        ops.push(op(&self.tables.graves, key, Expect::Any, Write::Delete));
                    }
                }
                self.open()?;
            }
            self.commit(ops).await?;
            self.reap_dictionaries(dictionaries).await?;
        }
    }

    /// Renews our own leases, and claims those whose owners are gone: those that have not changed
    /// for as long as a lease lasts, by our own clock.
    async fn look_at_leases(&self) -> Result<bool> {
        let mut waiting = false;
        let mut met = Vec::new();
        let mut left = Some(KeyRange::all());
        while let Some(range) = left {
            let page = first(&self.tables.leases, &range, STEP).await?;
            for row in page.rows {
                let (key, cell) = row?;
                let id = decode_key::<IdKey>(key.clone())?;
                let Lease { beat } = decode(cell.clone())?;
                met.push(id);
                if self.live.lock().contains(&id) {
                    let renewed = Write::Put(encode(&Lease { beat: beat.wrapping_add(1) })?);
                    // It is ours, so whoever was faster has bound it.
                    let _ = self.tables.leases.commit(key, Expect::Equals(cell), renewed).await?;
                    waiting = true;
                } else if self.lapsed(id, beat) {
                    self.claim(id, cell).await?;
                } else {
                    waiting = true;
                }
            }
            left = page.rest;
        }
        self.seen.lock().retain(|id, _| met.contains(id));
        Ok(waiting)
    }

    /// Whether a lease of somebody else has not been renewed for too long.
    fn lapsed(&self, id: Id, beat: u64) -> bool {
        let mut seen = self.seen.lock();
        let known = seen.entry(id).or_insert_with(|| Seen { beat, since: Instant::now() });
        if known.beat != beat {
            *known = Seen { beat, since: Instant::now() };
        }
        known.since.elapsed() >= self.lease
    }

    /// Makes a staged content a leftover, unless its owner was faster.
    async fn claim(&self, id: Id, lease: Cell) -> Result<()> {
        let grave = Write::Put(encode(&Grave::Content)?);
        let claimed = Batch {
            ops: vec![
                op(&self.tables.leases, id_cell(id), Expect::Equals(lease), Write::Delete),
                op(&self.tables.graves, id_cell(id), Expect::Any, grave),
            ],
        };
        match self.tables.persist.backend()?.commit(claimed).await? {
            Commit::Applied => tracing::debug!("a content without an owner is taken away"),
            Commit::Conflict { .. } => {}
        }
        Ok(())
    }

    async fn reap_content(&self, id: Id) -> Result<()> {
        let chunks = &self.tables.chunks;
        loop {
            let page = first(chunks, &KeyRange::prefix(id_cell(id)), 1).await?;
            let Some(row) = page.rows.into_iter().next() else { return Ok(()) };
            let (_, number) = decode_key::<ChunkKey>(row?.0)?;
            let upper = chunk_key(id, number.saturating_add(CHUNKS - 1))?;
            let lower = Bound::Included(chunk_key(id, number)?);
            if let Some(range) = KeyRange::new(lower, Bound::Included(upper)) {
                chunks.delete_range(range).await?;
            }
        }
    }

    /// Takes entries away, those of dictionaries below too. What one commit does not reach is a
    /// leftover of its own until the next one.
    async fn reap_dictionaries(&self, mut left: Vec<Id>) -> Result<()> {
        let Tables { entries, graves, .. } = &self.tables;
        while !left.is_empty() {
            let mut ops = Vec::new();
            while let Some(id) = left.pop() {
                let room = STEP.saturating_sub(ops.len());
                if room == 0 {
                    left.push(id);
                    break;
                }
                let page = first(entries, &KeyRange::prefix(id_cell(id)), room).await?;
                let mut below = Vec::new();
                for row in page.rows {
                    let (key, entry) = row?;
                    ops.push(op(entries, key, Expect::Any, Write::Delete));
                    match decode(entry)? {
                        Entry::Dictionary { id, .. } => below.push(id),
                        Entry::Value(Value { content: Content::Chunks(id), .. }) => {
                            let grave = Write::Put(encode(&Grave::Content)?);
                            ops.push(op(graves, id_cell(id), Expect::Any, grave));
                        }
                        Entry::Value(_) => {}
                    }
                }
                if page.rest.is_some() {
                    left.push(id);
                    left.extend(below);
                    break;
                }
                ops.push(op(graves, id_cell(id), Expect::Any, Write::Delete));
                left.extend(below);
            }
            for id in &left {
                let grave = Write::Put(encode(&Grave::Dictionary)?);
                ops.push(op(graves, id_cell(*id), Expect::Any, grave));
            }
            self.commit(ops).await?;
            self.open()?;
        }
        Ok(())
    }

    async fn commit(&self, ops: Vec<Op>) -> Result<()> {
        if !ops.is_empty() {
            self.tables.persist.backend()?.commit(Batch { ops }).await?;
        }
        Ok(())
    }
}

/// The first page of a range.
pub(super) async fn first(table: &RawTable, range: &KeyRange, limit: usize) -> Result<Page> {
    let mut range = range.clone();
    loop {
        let scan =
            table.backend()?.scan(table.handle(), &range, Direction::Forward, limit, Marking::Skip);
        let page = scan.await?.value;
        match page.rest {
            Some(rest) if page.rows.is_empty() => range = rest,
            _ => return Ok(page),
        }
    }
}

fn op(table: &RawTable, key: Cell, expect: Expect, write: Write) -> Op {
    Op::Key { table: table.handle().clone(), key, expect, write }
}
