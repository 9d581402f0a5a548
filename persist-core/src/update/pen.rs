//! The pen of a key: who holds it makes the next value.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::backend::Cell;
use crate::keyed::{Keyed, Place, Share};

/// The pens of the keys that are being updated.
#[derive(Default)]
pub(crate) struct Pens {
    pens: Keyed<Queue>,
    /// Whether the last commit had ended when it was sent. A guess about the next one.
    prompt: AtomicBool,
}

/// A share in the pen of a key.
pub(crate) struct Pen<'p> {
    share: Share<'p, Queue>,
    prompt: &'p AtomicBool,
    /// Taken along by who holds the pen. Who has the first share holds it from the beginning.
    pub(super) held: Option<Newest>,
}

/// Those who wait for the pen of a key; who came first gets it first.
struct Queue {
    /// Open to one while nobody holds the pen.
    door: Semaphore,
    /// What the pen is passed on with.
    newest: Mutex<Newest>,
}

/// The newest value of a key, while it is being updated.
#[derive(Default)]
pub(super) struct Newest {
    pub(super) value: Value,
    /// Raised with each conflict, so that a conflict of a chain is handled once.
    pub(super) chain: u64,
}

#[derive(Default)]
pub(super) enum Value {
    /// Nothing is known, the store has to be asked.
    #[default]
    Stored,
    /// What the last update in the queue leaves, or was found to be there.
    Queued(Option<Cell>),
}

impl Default for Queue {
    fn default() -> Self {
        Self { door: Semaphore::new(0), newest: Mutex::default() }
    }
}

impl Queue {
    fn pass(&self, newest: Newest) {
        *self.newest.lock() = newest;
        self.door.add_permits(1);
    }
}

impl Pens {
    pub(super) fn share(&self, place: Place) -> Pen<'_> {
        let share = self.pens.share(place);
        let held = share.is_first().then(Newest::default);
        Pen { share, prompt: &self.prompt, held }
    }
}

impl Pen<'_> {
    /// What it is the pen of.
    pub(crate) fn key(&self) -> &Cell {
        self.share.key()
    }

    /// Waits for the pen, unless it is held already.
    pub(super) async fn take(&mut self) -> &mut Newest {
        if self.held.is_none() {
            let permit = match self.share.door.try_acquire() {
                Ok(permit) => Ok(permit),
                // In a box: who waits can pay for it, and it would take room in every update.
                Err(_) => Box::pin(self.share.door.acquire()).await,
            };
            // It is never closed, and so never fails.
            if let Ok(permit) = permit {
                permit.forget();
            }
            self.held = Some(mem::take(&mut *self.share.newest.lock()));
        }
        self.held.get_or_insert_default()
    }

    /// Passes it on, if it is held.
    pub(super) fn pass(&mut self) {
        if let Some(newest) = self.held.take() {
            self.share.pass(newest);
        }
    }

    /// Ends a chain, unless a member of it has done so already.
    pub(super) async fn restart(&mut self, chain: u64, value: Value) {
        let newest = self.take().await;
        if newest.chain == chain {
            *newest = Newest { value, chain: chain + 1 };
        }
        self.pass();
    }

    /// What the pen is to be passed on with after a commit that leaves `value`: that, unless nobody
    /// is likely to ask for it before the commit has ended.
    pub(super) fn keep(&self, value: Option<&Cell>) -> Value {
        if self.prompt.load(Ordering::Relaxed) && !self.share.is_shared() {
            Value::Stored
        } else {
            Value::Queued(value.cloned())
        }
    }

    /// Notes whether a commit had ended when it was sent.
    pub(super) fn note(&self, prompt: bool) {
        // Looked at first, since all updates share the flag and it hardly ever changes.
        if self.prompt.load(Ordering::Relaxed) != prompt {
            self.prompt.store(prompt, Ordering::Relaxed);
        }
    }
}

impl Drop for Pen<'_> {
    fn drop(&mut self) {
        if self.share.leave() {
            self.pass();
        } else if self.held.is_none() {
            // Nobody will ask for the value, which may be a large one.
            *self.share.newest.lock() = Newest::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn who_comes_first_gets_it_first_and_who_goes_passes_it_on() {
        let pens = Pens::default();
        let share = || pens.share((1, Cell::Integer(7)));
        let first = share();
        let (mut second, mut third) = (share(), share());
        {
            let (mut one, mut other) = (Box::pin(second.take()), Box::pin(third.take()));
            assert!(poll!(&mut one).is_pending() && poll!(&mut other).is_pending());
            drop(first);
            assert!(poll!(&mut other).is_pending(), "it came later");
            let Poll::Ready(newest) = poll!(&mut one) else { panic!("it is its turn") };
            newest.value = Value::Queued(Some(Cell::Integer(1)));
        }
        drop(second);
        assert!(matches!(third.take().await.value, Value::Queued(Some(_))));
        third.pass();
        drop(third);
        // Nobody was left to whom it could have been passed.
        assert!(matches!(share().take().await.value, Value::Stored));
    }
}
