//! Telling listeners what changed.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use parking_lot::RwLock;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::backend::{Batch, Cell, Changes, Hint, Op, Write};

/// How many hints a listener may lag behind before they become one [`Hint::Everything`].
const LAG: usize = 1024;

/// A batch that writes more keys of a table than this, or longer ones, gives a hint of the table:
/// a listener that does not listen keeps hints in memory.
const MANY_KEYS: usize = 64;
const MANY_BYTES: usize = 4 << 10;

/// Sends hints to whoever listens, and costs next to nothing while nobody does.
#[derive(Debug)]
pub struct Hints {
    /// Dropped on [`end`](Hints::end), which ends the listeners' streams.
    sender: RwLock<Option<broadcast::Sender<Hint>>>,
}

impl Default for Hints {
    fn default() -> Self {
        Self { sender: RwLock::new(Some(broadcast::Sender::new(LAG))) }
    }
}

impl Hints {
    /// Whether anybody listens.
    pub fn wanted(&self) -> bool {
        self.sender.read().as_ref().is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Tells what an applied batch changed.
    pub fn applied(&self, batch: &Batch) {
        if self.wanted() {
            for hint in hints_of(batch) {
                self.send(hint);
            }
        }
    }

    /// Sends one hint.
    pub fn send(&self, hint: Hint) {
        if let Some(sender) = &*self.sender.read() {
            // An error only says that nobody listens.
            let _ = sender.send(hint);
        }
    }

    /// Ends the streams of all listeners, and every later one at once.
    pub fn end(&self) {
        self.sender.write().take();
    }

    /// The hints from now on, until [`end`](Self::end) or until this value is dropped.
    pub fn listen(&self) -> Changes {
        let Some(receiver) = self.sender.read().as_ref().map(broadcast::Sender::subscribe) else {
            return stream::empty().boxed();
        };
        stream::unfold(receiver, async |mut receiver| {
            let hint = match receiver.recv().await {
                Ok(hint) => hint,
                Err(RecvError::Lagged(_)) => Hint::Everything,
                Err(RecvError::Closed) => return None,
            };
            Some((hint, receiver))
        })
        .boxed()
    }
}

/// One hint for each run of operations on one table.
fn hints_of(batch: &Batch) -> Vec<Hint> {
    let mut hints: Vec<Hint> = Vec::new();
    let mut run: Vec<Cell> = Vec::new();
    let mut current: Option<&str> = None;
    for op in &batch.ops {
        match op {
            Op::Key { write: Write::Nothing, .. } | Op::Unchanged(_) => {}
            Op::Key { table, key, .. } => {
                if current != Some(table.name()) {
                    hints.extend(current.and_then(|name| keys_hint(name, &mut run)));
                    current = Some(table.name());
                }
                run.push(key.clone());
            }
            Op::DeleteRange { table, .. } => hints.push(Hint::Table(table.name().into())),
        }
    }
    hints.extend(current.and_then(|name| keys_hint(name, &mut run)));
    hints
}

fn keys_hint(table: &str, keys: &mut Vec<Cell>) -> Option<Hint> {
    let keys = std::mem::take(keys);
    let bytes: usize = keys.iter().map(Cell::len).sum();
    match keys.len() {
        0 => None,
        1..=MANY_KEYS if bytes <= MANY_BYTES => {
            Some(Hint::Keys { table: table.into(), keys: Arc::from(keys) })
        }
        _ => Some(Hint::Table(table.into())),
    }
}
