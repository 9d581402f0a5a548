//! Single reads of many tasks, sent together.

use std::sync::Arc;

use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, TableHandle};
use persist_core::{Error, Result};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::connection::Connection;
use crate::pool::{Lent, Pool};
use crate::read::{Failure, get};
use crate::runtime::Runtime;
use crate::sql::PgTable;
use crate::work::{self, Work};

/// How many rounds are under way at once.
const LANES: usize = 2;

/// A round has at most so many reads.
const MOST: usize = 1024;

/// Where reads are handed in.
#[derive(Debug)]
pub(crate) struct Gather {
    queue: mpsc::UnboundedSender<Get>,
}

struct Get {
    table: TableHandle,
    asked: Asked,
    reply: oneshot::Sender<Result<Asked>>,
}

/// What somebody asks for, and the place for the answers. All of it goes back to him, since threads
/// that free what others have allocated wait for each other's allocator.
struct Asked {
    keys: Vec<Cell>,
    found: Vec<Option<Cell>>,
}

impl Gather {
    pub(crate) fn start(runtime: &Runtime, pool: &Arc<Pool>) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..LANES {
            let (waiting, pool) = (Arc::clone(&waiting), Arc::clone(pool));
            runtime.start_task(async move {
                loop {
                    let round = next_round(&mut *waiting.lock().await).await;
                    if round.is_empty() {
                        return;
                    }
                    run(&pool, round).await;
                }
            });
        }
        Self { queue }
    }

    /// What keys are bound to, as many of them as the budget allows.
    pub(crate) async fn get(
        &self,
        table: TableHandle,
        keys: Vec<Cell>,
    ) -> Result<Vec<Option<Cell>>> {
        let (reply, answer) = oneshot::channel();
        let asked = Asked { found: Vec::with_capacity(keys.len()), keys };
        self.queue.send(Get { table, asked, reply }).map_err(|_| Error::closed())?;
        answer.await.map_err(|_| Error::closed())?.map(|asked| asked.found)
    }
}

/// Everything that waits, within limits; nothing when nobody can ask any more.
async fn next_round(waiting: &mut mpsc::UnboundedReceiver<Get>) -> Vec<Get> {
    let mut round = Vec::new();
    let (mut bytes, mut waited) = (0, false);
    while bytes < BYTE_BUDGET && round.len() < MOST {
        let next = if round.is_empty() { waiting.recv().await } else { waiting.try_recv().ok() };
        match next {
            Some(next) => {
                bytes += next.asked.keys.iter().map(Cell::len).sum::<usize>();
                round.push(next);
                waited = false;
            }
            // Those whom the last round has answered are just asking again, one after the other.
            None if !round.is_empty() && !waited => {
                tokio::task::yield_now().await;
                waited = true;
            }
            None => break,
        }
    }
    round
}

async fn run(pool: &Arc<Pool>, mut round: Vec<Get>) {
    let mut lent = match pool.acquire("a read").await {
        Ok(lent) => lent,
        Err(error) => {
            for get in round {
                get.fail(error.duplicate());
            }
            return;
        }
    };
    while let Some(table) = round.first().map(|get| get.table.id()) {
        let (gets, others) = if round.iter().all(|get| get.table.id() == table) {
            (round, Vec::new())
        } else {
            round.into_iter().partition(|get| get.table.id() == table)
        };
        of_one_table(&mut lent, gets).await;
        round = others;
    }
}

/// Asks until everybody has some answer: each time at least the first of them gets one.
async fn of_one_table(lent: &mut Lent, mut gets: Vec<Get>) {
    while let Some(first) = gets.first() {
        let mut keys = Vec::with_capacity(gets.iter().map(|get| get.asked.keys.len()).sum());
        keys.extend(gets.iter().flat_map(|get| &get.asked.keys));
        match work::read(lent, &Together { table: &first.table, keys }).await {
            Ok(found) => gets = hand_out(gets, found),
            Err(error) => {
                for get in gets {
                    get.fail(error.duplicate());
                }
                return;
            }
        }
    }
}

/// Gives each reader its part; who is left without any.
fn hand_out(gets: Vec<Get>, found: Vec<Result<Option<Cell>>>) -> Vec<Get> {
    let mut found = found.into_iter();
    let mut left = Vec::new();
    for get in gets {
        if found.len() == 0 && !get.asked.keys.is_empty() {
            left.push(get);
        } else {
            let part = found.by_ref().take(get.asked.keys.len());
            get.answer(part);
        }
    }
    left
}

/// The keys of all readers of one table.
struct Together<'g> {
    table: &'g TableHandle,
    keys: Vec<&'g Cell>,
}

impl Work for Together<'_> {
    type Output = Vec<Result<Option<Cell>>>;

    async fn run(&self, connection: &mut Connection) -> Result<Self::Output, Failure> {
        get(connection, PgTable::of(self.table)?, &self.keys).await
    }
}

impl Get {
    /// Answers with all of `part`, or the first error in it.
    fn answer(mut self, part: impl Iterator<Item = Result<Option<Cell>>>) {
        let mut failure = None;
        for found in part {
            match found {
                Ok(found) => self.asked.found.push(found),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            // The caller may have gone.
            None => drop(self.reply.send(Ok(self.asked))),
            Some(error) => self.fail(error),
        }
    }

    fn fail(self, error: Error) {
        // The caller may have gone.
        let _ = self.reply.send(Err(error));
    }
}
