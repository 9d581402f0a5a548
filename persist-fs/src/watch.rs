//! Telling where something may have changed, by whatever program: inotify on the directories on the
//! way to a key and on the one at it; where there are no watches to be had, by the clock.

mod inotify;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_timer::Delay;
use futures_util::future::select;
use futures_util::stream::{self, BoxStream, StreamExt};
use parking_lot::Mutex;
use persist_core::kv::KeyPath;
use tokio::sync::Notify;

use crate::node::Node;
use crate::shared::Shared;
use inotify::Inotify;
use persist_core::engine::offload;

/// How long changes may stay unseen where the system does not tell of them.
const INTERVAL: Duration = Duration::from_millis(250);

/// The watches of a store.
#[derive(Debug)]
pub(crate) struct Watches {
    root: Arc<Node>,
    inotify: Mutex<Option<Arc<Inotify>>>,
    ended: Arc<Ended>,
}

#[derive(Debug, Default)]
struct Ended {
    ended: AtomicBool,
    told: Notify,
}

/// Whoever listens.
#[derive(Debug)]
struct Listening {
    shared: Weak<Shared>,
    ended: Arc<Ended>,
    key: KeyPath,
    wake: Arc<Notify>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// The system tells.
    Told,
    /// It does not.
    Looking,
}

/// Items for all that may concern a key. The first one comes at once: then it is being watched.
pub(crate) fn changes(shared: &Arc<Shared>, key: &KeyPath) -> BoxStream<'static, ()> {
    let listening = Listening {
        shared: Arc::downgrade(shared),
        ended: Arc::clone(&shared.watches.ended),
        key: key.clone(),
        wake: Arc::new(Notify::new()),
        state: State::New,
    };
    stream::unfold(listening, |mut listening| async move {
        listening.next().await.then_some(((), listening))
    })
    .boxed()
}

impl Listening {
    /// Waits for a change; `false` when there will be none any more.
    async fn next(&mut self) -> bool {
        self.wait().await;
        // Names may lead elsewhere now, so the watches are set anew before anybody looks.
        self.set().await
    }

    async fn wait(&self) {
        let mut woken = pin!(self.wake.notified());
        let mut ended = pin!(self.ended.told.notified());
        // From here on an end is not missed.
        ended.as_mut().enable();
        if self.ended.is() {
            return;
        }
        match self.state {
            State::New => {}
            State::Told => {
                select(woken, ended).await;
            }
            State::Looking => {
                select(select(&mut woken, Delay::new(INTERVAL)), ended).await;
            }
        }
    }

    async fn set(&mut self) -> bool {
        let Some(shared) = self.shared.upgrade() else { return false };
        if self.ended.is() {
            return false;
        }
        let (key, wake) = (self.key.clone(), Arc::clone(&self.wake));
        let set = offload(move || Ok(shared.watches.set(&key, &wake))).await;
        self.state = if set.unwrap_or(false) { State::Told } else { State::Looking };
        true
    }
}

impl Watches {
    pub(crate) fn new(root: Arc<Node>) -> Self {
        Self { root, inotify: Mutex::new(None), ended: Arc::default() }
    }

    /// Ends all streams.
    pub(crate) fn end(&self) {
        self.ended.ended.store(true, Ordering::SeqCst);
        self.ended.told.notify_waiters();
        self.inotify.lock().take();
    }

    /// Has `wake` be told of changes at a key from now on; whether the system can.
    fn set(&self, key: &KeyPath, wake: &Arc<Notify>) -> bool {
        let inotify = {
            let mut inotify = self.inotify.lock();
            if self.ended.is() {
                return false;
            }
            if inotify.is_none() {
                *inotify = Inotify::start(&self.root).ok();
            }
            inotify.clone()
        };
        inotify.is_some_and(|inotify| match inotify.set(&self.root, key, wake) {
            Ok(()) => true,
            Err(errno) => {
                tracing::debug!(%key, %errno, "no watch is to be had; looking by the clock");
                false
            }
        })
    }
}

impl Ended {
    fn is(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }
}

/// Ends the thread, if the store was not closed.
impl Drop for Watches {
    fn drop(&mut self) {
        self.end();
    }
}
