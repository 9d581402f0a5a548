//! The runtimes that reads are made on: each caller's, if it can, since a read there wakes no other
//! thread, and the store's own.
//!
//! A connection lives on the runtime that it was made on. So each has rounds of its own, and when a
//! caller's ends, only those who asked there lose them.

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
}

/// A caller's runtime.
struct Home {
    runtime: Id,
    /// Whether connections can be made there; as long as nobody knows, nobody reads there.
    is_fit: bool,
    queue: Queue,
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
    // There are sockets if it says that there is none to be had.
    drop(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await);
    shared.homes.lock().approve(runtime);
}

impl Homes {
    pub(super) fn new() -> Self {
        Self { own: Queue::new(Pace::OWN), callers: Vec::new() }
    }

    /// What is known of a caller's runtime, which is remembered from now on.
    pub(super) fn known(&mut self, runtime: Id) -> Known {
        match self.of(runtime) {
            Some(home) if home.is_fit => Known::Fit,
            Some(_) => Known::Unfit,
            None => {
                self.forget_idle();
                let queue = Queue::new(Pace::CALLERS);
                self.callers.push(Home { runtime, is_fit: false, queue });
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

    fn approve(&mut self, runtime: Id) {
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
