//! What a round does: one question for the keys of all, and the answers to each.

use std::sync::Arc;

use persist_core::backend::{Cell, TableHandle};
use persist_core::{Error, Result};
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::pool::{Lent, Pool};
use crate::read::{Failure, get};
use crate::sql::PgTable;
use crate::work::{self, Work};

/// Somebody who asks, and waits.
pub(super) struct Get {
    asked: Asked,
    reply: oneshot::Sender<Result<Asked>>,
}

/// What somebody asks for, and the place for the answers. All of it goes back to him: threads that
/// free what others have allocated, or count references to it, wait for each other.
pub(super) struct Asked {
    table: TableHandle,
    keys: Vec<Cell>,
    pub(super) found: Vec<Option<Cell>>,
}

/// Reads for everybody in a round.
pub(super) async fn run(pool: &Arc<Pool>, mut round: Vec<Get>) {
    let mut lent = match pool.acquire("a read").await {
        Ok(lent) => lent,
        Err(error) => {
            for get in round {
                get.fail(error.duplicate());
            }
            return;
        }
    };
    while let Some(table) = round.first().map(|get| get.asked.table.id()) {
        let (gets, others) = if round.iter().all(|get| get.asked.table.id() == table) {
            (round, Vec::new())
        } else {
            round.into_iter().partition(|get| get.asked.table.id() == table)
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
        match work::read(lent, &Together { table: &first.asked.table, keys }).await {
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
    pub(super) fn new(
        table: TableHandle,
        keys: Vec<Cell>,
    ) -> (Self, oneshot::Receiver<Result<Asked>>) {
        let (reply, answer) = oneshot::channel();
        let found = Vec::with_capacity(keys.len());
        (Self { asked: Asked { table, keys, found }, reply }, answer)
    }

    /// How many bytes the keys have.
    pub(super) fn bytes(&self) -> usize {
        self.asked.keys.iter().map(Cell::len).sum()
    }

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
