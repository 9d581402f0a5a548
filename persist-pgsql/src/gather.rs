//! Single reads of many tasks, sent together.

use std::collections::HashMap;
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
    keys: Vec<Cell>,
    reply: oneshot::Sender<Result<Vec<Option<Cell>>>>,
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
        self.queue.send(Get { table, keys, reply }).map_err(|_| Error::closed())?;
        answer.await.map_err(|_| Error::closed())?
    }
}

/// Everything that waits, within limits; nothing when nobody can ask any more.
async fn next_round(waiting: &mut mpsc::UnboundedReceiver<Get>) -> Vec<Get> {
    let mut round = Vec::new();
    let mut bytes = 0;
    while bytes < BYTE_BUDGET && round.len() < MOST {
        let next = if round.is_empty() { waiting.recv().await } else { waiting.try_recv().ok() };
        let Some(next) = next else { break };
        bytes += next.keys.iter().map(Cell::len).sum::<usize>();
        round.push(next);
    }
    round
}

async fn run(pool: &Arc<Pool>, round: Vec<Get>) {
    let mut lent = match pool.acquire("a read").await {
        Ok(lent) => lent,
        Err(error) => {
            for get in round {
                get.answer(Err(error.duplicate()));
            }
            return;
        }
    };
    let mut tables: HashMap<u64, Vec<Get>> = HashMap::new();
    for get in round {
        tables.entry(get.table.id()).or_default().push(get);
    }
    for gets in tables.into_values() {
        of_one_table(&mut lent, gets).await;
    }
}

/// Asks until everybody has some answer: each time at least the first of them gets one.
async fn of_one_table(lent: &mut Lent, mut gets: Vec<Get>) {
    while let Some(first) = gets.first() {
        let keys = gets.iter().flat_map(|get| &get.keys).collect();
        match work::read(lent, &Together { table: &first.table, keys }).await {
            Ok(found) => gets = hand_out(gets, found),
            Err(error) => {
                for get in gets {
                    get.answer(Err(error.duplicate()));
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
        let part: Vec<_> = found.by_ref().take(get.keys.len()).collect();
        if part.is_empty() && !get.keys.is_empty() {
            left.push(get);
        } else {
            get.answer(part.into_iter().collect());
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
    fn answer(self, answer: Result<Vec<Option<Cell>>>) {
        // The caller may have gone.
        let _ = self.reply.send(answer);
    }
}
