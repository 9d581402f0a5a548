//! Single reads of many tasks, sent together.

mod collector;
mod homes;
mod queue;
mod round;
mod watch;

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use persist_core::backend::{Cell, TableHandle};
use persist_core::{Error, Result};
use tokio::runtime::Handle;

use crate::pool::Pool;
use crate::runtime::Runtime;
use collector::Collector;
use homes::{Homes, Known};
use round::Get;

/// Where reads are handed in.
pub(crate) struct Gather {
    shared: Arc<Shared>,
    /// The store's own runtime.
    own: Handle,
}

struct Shared {
    homes: Mutex<Homes>,
    pool: Arc<Pool>,
}

impl Gather {
    pub(crate) fn new(runtime: &Runtime, pool: &Arc<Pool>) -> Self {
        let (pool, own) = (Arc::clone(pool), runtime.handle().clone());
        let homes = Mutex::new(Homes::new());
        Self { shared: Arc::new(Shared { homes, pool }), own }
    }

    /// What keys are bound to, as many of them as the budget allows.
    pub(crate) async fn get(
        &self,
        table: &TableHandle,
        keys: &[Cell],
    ) -> Result<Vec<Option<Cell>>> {
        let here = homes::here();
        for runtime in here.iter().chain([&self.own]) {
            let (get, answer) = Get::new(table.clone(), keys.to_vec());
            self.hand_in(runtime, get);
            // One who is not answered was with a runtime that has ended, perhaps the caller's.
            if let Ok(answer) = answer.await {
                return answer.map(|asked| asked.found);
            }
        }
        Err(Error::closed())
    }

    /// Has it read on `runtime` if that can, and on the store's own otherwise.
    fn hand_in(&self, runtime: &Handle, get: Get) {
        let mut homes = self.shared.homes.lock();
        let is_own = runtime.id() == self.own.id();
        let known = if is_own { Known::Fit } else { homes.known(runtime.id()) };
        let home = if known == Known::Fit { runtime } else { &self.own };
        let needs_collector = homes.queue(home.id()).add(get);
        let needs_watch = !is_own && homes.needs_watch();
        // What is spawned on a runtime that has ended is dropped at once, and takes the lock then.
        drop(homes);
        if needs_collector {
            home.spawn(Collector::new(&self.shared, home.id()).run());
        }
        if needs_watch {
            self.own.spawn(watch::watch(Arc::clone(&self.shared), self.own.clone()));
        }
        if known == Known::New {
            runtime.spawn(homes::try_out(Arc::clone(&self.shared), runtime.id()));
        }
    }
}

impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
