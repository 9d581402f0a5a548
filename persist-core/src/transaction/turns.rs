//! Transactions that have clashed try again one after the other.

use std::sync::Arc;
use std::time::Duration;

use futures_timer::Delay;
use futures_util::future::{Either, select};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::attempt::Clash;
use crate::backend::Cell;
use crate::keyed::{Keyed, Place, Share};

/// How long one waits for its turn. It is a courtesy, not a lock: a transaction that waits for
/// another one's task must not hang.
const PATIENCE: Duration = Duration::from_millis(500);

/// Who may try again at which key.
#[derive(Default)]
pub(crate) struct Turns(Keyed<Arc<Mutex<()>>>);

/// A turn, passed on when it is dropped.
pub(crate) struct Turn<'t> {
    // Before the share, with which the lock goes away.
    _guard: Option<OwnedMutexGuard<()>>,
    _share: Share<'t, Arc<Mutex<()>>>,
}

impl Turns {
    /// Waits for the turn of trying again, and longer the more often one has tried: others may
    /// be in other processes.
    pub(super) async fn take(&self, clash: &Clash, tries: u32) -> Turn<'_> {
        let key = clash.key().cloned().unwrap_or(Cell::Bytes(Vec::new()));
        self.at((clash.table_id(), key), tries).await
    }

    /// The same, for whatever a place stands for.
    pub(crate) async fn at(&self, place: Place, tries: u32) -> Turn<'_> {
        let share = self.0.share(place);
        let lock = Arc::clone(&*share).lock_owned();
        let guard = match select(Box::pin(lock), Delay::new(PATIENCE)).await {
            Either::Left((guard, _)) => Some(guard),
            Either::Right(_) => None,
        };
        if tries > 2 {
            Delay::new(Duration::from_micros(50 << tries.min(9))).await;
        }
        Turn { _guard: guard, _share: share }
    }
}
