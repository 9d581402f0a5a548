//! From a request to its answer.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use parking_lot::Mutex;
use persist_core::backend::{
    Batch, Commit, Direction, Mark, Marked, Marking, Op, Read, TableInfo, Write,
};
use persist_core::{Error, ErrorKind, Outcome, Result};

use super::admit;
use super::budget::{HEAVY, Held};
use super::connection::Conversation;
use super::tokens;
use crate::shared::wire::{self, Answer, Call, Message, Seal, Spec, Token};

/// How many snapshots one connection may hold, whatever the engine bears.
const MAX_SNAPSHOTS: usize = 256;

/// A request on its way to its answer.
pub(super) struct Asked {
    pub(super) conversation: Arc<Conversation>,
    pub(super) id: u64,
    pub(super) held: Held,
}

/// The snapshots that a connection holds.
#[derive(Debug, Default)]
pub(super) struct Snapshots(Mutex<Views>);

#[derive(Debug, Default)]
struct Views {
    open: HashMap<u64, Arc<dyn Read>>,
    last: u64,
}

impl Asked {
    /// Begins the work. Commits reach the engine in the order in which they were sent.
    pub(super) async fn begin(self, call: Call) {
        let conversation = Arc::clone(&self.conversation);
        let Call::Commit { token, .. } = &call else {
            return conversation.spawn(self.finish(call));
        };
        let again = token.is_some_and(|token| token.sequence < conversation.fresh_from);
        let mut work = self.finish(call).boxed();
        if again {
            // It looks at its token first, so others could get ahead of it.
            return work.await;
        }
        if futures_util::poll!(&mut work).is_pending() {
            conversation.spawn(work);
        }
    }

    async fn finish(self, call: Call) {
        let Self { conversation, id, held } = self;
        let repeat = (!matches!(call, Call::Commit { .. })).then(|| call.clone());
        let mut answer = conversation.answer_or_error(call).await;
        let mut heavy = None;
        if answer.weight() > HEAVY {
            heavy = conversation.budget.heavy_now();
            if heavy.is_none() {
                // Read again when its turn has come, so that it is not kept in memory until then.
                if repeat.is_some() {
                    answer = Answer::Bye;
                }
                heavy = conversation.budget.heavy().await;
                if let Some(call) = repeat {
                    answer = conversation.answer_or_error(call).await;
                }
            }
        }
        let weight = answer.weight();
        let held = held.keep(weight, heavy);
        conversation.say(&Message::Answer { id, answer }, weight, Some(held)).await;
    }
}

impl Conversation {
    /// The answer to a call, whatever becomes of it.
    async fn answer_or_error(&self, call: Call) -> Answer {
        let writes = matches!(call, Call::Commit { .. } | Call::DropTable(_));
        let answer = AssertUnwindSafe(self.answer(call)).catch_unwind().await;
        let answer = answer.unwrap_or_else(|_| {
            let outcome = if writes { Outcome::Unknown } else { Outcome::NotApplied };
            Err(Error::new(ErrorKind::Backend, "the server failed while it did this")
                .with_outcome(outcome))
        });
        answer.unwrap_or_else(|error| {
            let error = self.server.end_if_failed(error);
            Answer::Error(error.parts().into())
        })
    }

    async fn answer(&self, call: Call) -> Result<Answer> {
        let (server, store) = (&self.server, &self.server.store);
        match call {
            Call::OpenTable(spec) => {
                admit::name(&spec.name)?;
                server.tables.open(store, spec.into()).await.map(Answer::Table)
            }
            Call::DropTable(name) => server.tables.drop(store, &name).await.map(Answer::Dropped),
            Call::Tables => {
                let shown =
                    |info: TableInfo| Some(info.spec).filter(|spec| spec.name != tokens::TABLE);
                let tables = store.tables().await?;
                Ok(Answer::Tables(tables.into_iter().filter_map(shown).map(Spec::from).collect()))
            }
            Call::Get { view, table, keys, mark } => {
                let (view, table) = (self.view(view)?, server.tables.get(table)?);
                let keys: Result<Vec<_>> =
                    keys.into_iter().map(|key| admit::key(&table, key)).collect();
                let (found, mark) = self.sealed(view.get(&table, &keys?, marking(mark)).await?);
                let found = found.into_iter().map(|cell| cell.map(Into::into)).collect();
                Ok(Answer::Cells { found, mark })
            }
            Call::Scan { view, table, range, backward, limit, mark } => {
                let (view, table) = (self.view(view)?, server.tables.get(table)?);
                let range = admit::range(&table, range)?;
                let direction = if backward { Direction::Backward } else { Direction::Forward };
                let limit = usize::try_from(limit).unwrap_or(usize::MAX).clamp(1, 1 << 20);
                let page = view.scan(&table, &range, direction, limit, marking(mark)).await?;
                let (page, mark) = self.sealed(page);
                let rows = page.rows.into_iter().map(|row| match row {
                    Ok((key, value)) => Ok((key.into(), value.into())),
                    Err(error) => Err(Box::new(error.parts())),
                });
                let rest = page.rest.as_ref().map(Into::into);
                Ok(Answer::Page { rows: rows.collect(), rest, mark })
            }
            Call::Count { view, table, range, mark } => {
                let (view, table) = (self.view(view)?, server.tables.get(table)?);
                let range = admit::range(&table, range)?;
                let (count, mark) = self.sealed(view.count(&table, &range, marking(mark)).await?);
                Ok(Answer::Count { count, mark })
            }
            Call::Snapshot => {
                self.snapshots.check()?;
                self.snapshots.keep(store.snapshot().await?).map(Answer::Snapshot)
            }
            Call::Commit { token, ops } => self.commit(token, ops).await,
            // Done where requests are taken.
            Call::Release(_) | Call::Listen | Call::Unlisten | Call::Goodbye => Ok(Answer::Bye),
        }
    }

    async fn commit(&self, token: Option<Token>, ops: Vec<wire::Op>) -> Result<Answer> {
        let (server, store) = (&self.server, &self.server.store);
        if let Some(token) = token
            && token.sequence < self.fresh_from
            && server.tokens.applied(store, self.client, token).await?
        {
            return Ok(Answer::Applied);
        }
        let mut batch = match self.batch(ops)? {
            Ok(batch) => batch,
            // A mark of a server that is no more.
            Err(which) => return Ok(Answer::Conflict { which: which as u64, found: None }),
        };
        batch.ops.extend(token.map(|token| server.tokens.remember(self.client, token)));
        Ok(match store.commit(batch).await? {
            Commit::Applied => Answer::Applied,
            Commit::Conflict { which, found } => {
                Answer::Conflict { which: which as u64, found: found.map(Into::into) }
            }
        })
    }

    /// The batch that the engine is asked to apply, or the position of a mark that cannot stand.
    fn batch(&self, ops: Vec<wire::Op>) -> Result<Result<Batch, usize>> {
        let mut batch = Batch { ops: Vec::with_capacity(ops.len() + 1) };
        for (which, op) in ops.into_iter().enumerate() {
            batch.ops.push(match op {
                wire::Op::Key { table, key, expect, write } => {
                    let table = self.server.tables.get(table)?;
                    let key = admit::key(&table, key)?;
                    let expect = match expect {
                        wire::Expect::Equals(cell) => {
                            persist_core::backend::Expect::Equals(admit::value(&table, cell)?)
                        }
                        expect => expect.into(),
                    };
                    let write = match write {
                        wire::Write::Put(cell) => Write::Put(admit::value(&table, cell)?),
                        write => write.into(),
                    };
                    Op::Key { table, key, expect, write }
                }
                wire::Op::DeleteRange { table, range } => {
                    let table = self.server.tables.get(table)?;
                    let range = admit::range(&table, range)?;
                    Op::DeleteRange { table, range }
                }
                wire::Op::Unchanged { table, mark } => {
                    let table = self.server.tables.get(table)?;
                    match self.server.sealer.open(mark) {
                        Some(token) => Op::Unchanged(Mark { table, token }),
                        None => return Ok(Err(which)),
                    }
                }
            });
        }
        Ok(Ok(batch))
    }

    /// The state that a read asks.
    fn view(&self, view: Option<u64>) -> Result<Arc<dyn Read>> {
        match view {
            None => Ok(Arc::clone(&self.server.store) as Arc<dyn Read>),
            Some(view) => self.snapshots.get(view),
        }
    }

    fn sealed<T>(&self, read: Marked<T>) -> (T, Option<Seal>) {
        (read.value, read.mark.map(|mark| self.server.sealer.seal(mark.token)))
    }
}

impl Snapshots {
    fn check(&self) -> Result<()> {
        if self.0.lock().open.len() < MAX_SNAPSHOTS {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Busy,
            format!("{MAX_SNAPSHOTS} snapshots are open; end one, and try again"),
        ))
    }

    fn keep(&self, view: Arc<dyn Read>) -> Result<u64> {
        self.check()?;
        let mut views = self.0.lock();
        views.last += 1;
        let number = views.last;
        views.open.insert(number, view);
        Ok(number)
    }

    fn get(&self, number: u64) -> Result<Arc<dyn Read>> {
        self.0.lock().open.get(&number).cloned().ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "the snapshot has ended; take another one")
        })
    }

    /// Ends one, if it is there.
    pub(super) fn release(&self, number: u64) {
        // Dropped without the lock: an engine may take its time.
        let released = self.0.lock().open.remove(&number);
        drop(released);
    }
}

fn marking(mark: bool) -> Marking {
    if mark { Marking::Take } else { Marking::Skip }
}
