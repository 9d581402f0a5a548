//! How much memory the requests of one connection may take.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What the requests and unsent answers of a connection may take together: past it, nothing more
/// is read from the connection. A single one that is larger goes alone.
const BUDGET: usize = 32 << 20;

/// What is set aside for an answer that is not known yet.
const ANSWER: usize = 1 << 20;

/// The smallest share. So this many requests may be under way at once, too: 2048.
const SHARE: usize = 16 << 10;

/// An answer past this is heavy: of those, a connection may hold one.
pub(super) const HEAVY: usize = 2 << 20;

/// The budget of one connection.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    shares: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
}

/// What a request holds of the budget until its answer has been sent.
#[derive(Debug)]
pub(super) struct Held {
    permit: OwnedSemaphorePermit,
    /// The place of a heavy answer.
    heavy: Option<OwnedSemaphorePermit>,
}

impl Default for Budget {
    fn default() -> Self {
        let (shares, heavy) = (Semaphore::new(BUDGET / SHARE), Semaphore::new(1));
        Self { shares: Arc::new(shares), heavy: Arc::new(heavy) }
    }
}

impl Budget {
    /// Waits for room for a request of so many bytes, and for its answer if it reads.
    pub(super) async fn hold(&self, bytes: usize, reads: bool) -> Option<Held> {
        let shares = shares(bytes + if reads { ANSWER } else { 0 });
        let permit = Arc::clone(&self.shares).acquire_many_owned(shares).await.ok()?;
        Some(Held { permit, heavy: None })
    }

    /// The place of a heavy answer, if it is free.
    pub(super) fn heavy_now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.heavy).try_acquire_owned().ok()
    }

    /// Waits for the place of a heavy answer.
    pub(super) async fn heavy(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.heavy).acquire_owned().await.ok()
    }
}

impl Held {
    /// Whether this is the place of a heavy answer.
    pub(super) fn is_heavy(&self) -> bool {
        self.heavy.is_some()
    }

    /// Gives back all but what the answer takes.
    pub(super) fn keep(self, bytes: usize, heavy: Option<OwnedSemaphorePermit>) -> Self {
        let mut all = self.permit;
        let keep = usize::try_from(shares(bytes)).unwrap_or(usize::MAX);
        let permit = all.split(keep);
        Self { permit: permit.unwrap_or(all), heavy }
    }
}

fn shares(bytes: usize) -> u32 {
    u32::try_from((bytes / SHARE + 1).min(BUDGET / SHARE)).unwrap_or(u32::MAX)
}
