//! The runtimes that reads are made on: each caller's, if it can, since an answer need not go from
//! thread to thread then, and the store's own.
//!
//! Each has rounds of its own: when a caller's ends or stands still, so do only the reads of those
//! who asked there, and they are made on the store's own then.

use std::mem;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::runtime::{Handle, Id, RuntimeFlavor};

use super::Shared;
use super::queue::{Pace, Queue};

/// So many are remembered though nobody reads there.
const MOST_IDLE: usize = 8;

pub(super) struct Homes {
    /// The store's own.
    own: Queue,
    callers: Vec<Home>,
    is_watched: bool,
}

/// A caller's runtime.
struct Home {
    runtime: Id,
    /// Whether connections can be made there, and it does not stand still; as long as nobody
    /// knows, nobody reads there.
    is_fit: bool,
    queue: Queue,
    /// How many rounds had begun there when it was last looked at, and whether somebody waited.
    seen: (u64, bool),
}

/// What is known of a runtime.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    Fit,
    /// Reads are not made there, or not yet.
    Unfit,
    /// It was not met before, and is now to be tried out.
    New,
}

/// The runtime that we are called on, if it goes on by itself while a caller waits. One of a single
/// thread does so only while somebody drives it.
pub(super) fn here() -> Option<Handle> {
    let handle = Handle::try_current().ok()?;
    (handle.runtime_flavor() == RuntimeFlavor::MultiThread).then_some(handle)
}

/// Tries out a runtime, this one, that was not met before. It may have been built without clock or
/// sockets: tokio panics then, and with it this task, but no caller's.
pub(super) async fn try_out(shared: Arc<Shared>, runtime: Id) {
    tokio::time::sleep(Duration::ZERO).await;
    // An error will do: without sockets, tokio panics instead.
    drop(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await);
    shared.homes.lock().approve(runtime);
}

impl Homes {
    pub(super) fn new() -> Self {
        Self { own: Queue::new(Pace::OWN), callers: Vec::new(), is_watched: false }
    }

    /// What is known of a caller's runtime, which is remembered from now on.
    pub(super) fn known(&mut self, runtime: Id) -> Known {
        match self.of(runtime) {
            Some(home) if home.is_fit => Known::Fit,
            Some(_) => Known::Unfit,
            None => {
                self.forget_idle();
                let queue = Queue::new(Pace::CALLERS);
                self.callers.push(Home { runtime, is_fit: false, queue, seen: (0, false) });
                Known::New
            }
        }
    }

    /// Who waits for the rounds of a runtime. None is forgotten while rounds are made on it.
    pub(super) fn queue(&mut self, runtime: Id) -> &mut Queue {
        match self.callers.iter_mut().find(|home| home.runtime == runtime) {
            Some(home) => &mut home.queue,
            None => &mut self.own,
        }
    }

    /// Whether somebody is to be started who looks after callers' runtimes.
    pub(super) fn needs_watch(&mut self) -> bool {
        !mem::replace(&mut self.is_watched, true)
    }

    /// Hands those who wait where no round has begun for a while to the store's own runtime. How
    /// many collectors it needs for them; `None` if nobody has read anything since the last time.
    pub(super) fn look_after(&mut self) -> Option<usize> {
        let (mut collectors, mut is_idle) = (0, true);
        for home in &mut self.callers {
            let now = (home.queue.rounds, !home.queue.waiting.is_empty());
            let before = mem::replace(&mut home.seen, now);
            is_idle &= home.queue.is_idle() && now.0 == before.0;
            let stands_still = now.1 && now == before;
            if stands_still {
                home.is_fit = false;
                for get in mem::take(&mut home.queue.waiting) {
                    collectors += usize::from(self.own.add(get));
                }
            }
        }
        self.is_watched = !is_idle;
        self.is_watched.then_some(collectors)
    }

    /// Says that a runtime does what it should.
    pub(super) fn approve(&mut self, runtime: Id) {
        if let Some(home) = self.of(runtime) {
            home.is_fit = true;
        }
    }

    fn of(&mut self, runtime: Id) -> Option<&mut Home> {
        self.callers.iter_mut().find(|home| home.runtime == runtime)
    }

    /// Runtimes come and go, and do not say so.
    fn forget_idle(&mut self) {
        if self.callers.len() >= MOST_IDLE {
            self.callers.retain(|home| !home.queue.is_idle());
        }
    }
}
