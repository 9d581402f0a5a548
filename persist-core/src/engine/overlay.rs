//! Snapshots for engines that have none.
//!
//! While a snapshot lives, the owner of the engine hands over what each key was bound to before
//! it was written. A reader of the snapshot reads the engine first and then lays over it what was
//! kept since. It costs nothing while no snapshot lives, about the writes made meanwhile in memory
//! while one does, and taking one is a matter of a microsecond.

mod kept;
mod layered;
mod pinned;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{RwLock, RwLockReadGuard};

pub use layered::{Bytes, Layer, Span, layered};
pub use pinned::Pinned;

use crate::{Error, ErrorKind, Result};
use kept::Kept;

/// How much the snapshots of a store may take.
#[derive(Debug, Clone, Copy)]
pub struct OverlayLimits {
    /// How many snapshots may be held at once; one more is `Busy`.
    pub snapshots: usize,
    /// How long one may be held; then it answers `Timeout`.
    pub max_age: Duration,
    /// How many bytes may be kept for all of them; past it, the oldest ones answer `Timeout`.
    pub max_bytes: usize,
}

/// What a key is bound to in another state than the engine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding<B> {
    /// The key.
    pub key: B,
    /// Its value there; `None` if it is absent.
    pub value: Option<B>,
}

/// Keeps what was written over, for an engine with a single owner and keys in the order of bytes.
///
/// The owner makes all its writes within [`apply`](Self::apply). Others read the present state
/// under [`look`](Self::look), and a fixed one through a [`Pinned`].
pub struct Overlay<B> {
    limits: OverlayLimits,
    /// Held by readers of the present state, and by the owner alone while the state changes.
    gate: RwLock<()>,
    kept: RwLock<Kept<B>>,
    closed: AtomicBool,
}

impl<B: Bytes> Overlay<B> {
    /// An overlay over an engine that nobody writes to yet.
    pub fn new(limits: OverlayLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            gate: RwLock::new(()),
            kept: RwLock::new(Kept::default()),
            closed: AtomicBool::new(false),
        })
    }

    /// Changes the state of the engine by `work`, which nobody sees half done: whoever looks or
    /// takes a snapshot does so before it or after it. If a snapshot lives, `before` is asked what
    /// the keys that `work` writes are bound to.
    ///
    /// # Errors
    /// Those of `before`, and then nothing was done, or of `work`.
    pub fn apply<T>(
        &self,
        before: impl FnOnce() -> Result<Vec<Binding<B>>>,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let _alone = self.gate.write();
        // Nobody can begin a snapshot while the gate is shut.
        if self.is_pinned() {
            let before = before()?;
            self.kept.write().record(before, &self.limits);
        } else {
            self.kept.write().advance();
        }
        work()
    }

    /// Keeps the state as it is until the guard is dropped, which must be soon: the owner waits.
    /// `None` while the owner changes the state; then look again from a thread that may wait.
    pub fn look(&self) -> Option<RwLockReadGuard<'_, ()>> {
        self.gate.try_read()
    }

    /// A snapshot for a user. Waits while the owner changes the state.
    ///
    /// # Errors
    /// `Busy` past the limit of snapshots, `Closed`.
    pub fn pin(self: &Arc<Self>) -> Result<Pinned<B>> {
        let _same_state = self.gate.read();
        self.begin(true)
    }

    /// As [`pin`](Self::pin), without waiting; `None` while the owner changes the state.
    ///
    /// # Errors
    /// As [`pin`](Self::pin).
    pub fn try_pin(self: &Arc<Self>) -> Result<Option<Pinned<B>>> {
        let Some(_same_state) = self.gate.try_read() else { return Ok(None) };
        self.begin(true).map(Some)
    }

    /// A snapshot for a single read that takes a while, which counts for no limit of snapshots.
    /// Waits while the owner changes the state.
    ///
    /// # Errors
    /// `Closed`.
    pub fn pin_for_one_read(self: &Arc<Self>) -> Result<Pinned<B>> {
        let _same_state = self.gate.read();
        self.begin(false)
    }

    /// Whether what is written over must be kept.
    pub fn is_pinned(&self) -> bool {
        self.kept.read().is_pinned()
    }

    /// Ends the snapshots that are too old; how long until the next one is, if there is any.
    pub fn expire(&self) -> Option<Duration> {
        let kept = self.kept.read();
        let next = kept.oldest_age().map(|age| self.limits.max_age.saturating_sub(age));
        drop(kept);
        if next.is_some_and(|left| left.is_zero()) {
            let mut kept = self.kept.write();
            kept.expire(self.limits.max_age);
            return kept.oldest_age().map(|age| self.limits.max_age.saturating_sub(age));
        }
        next
    }

    /// Ends all snapshots, and refuses to begin others.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.kept.write().end_all();
    }

    fn begin(self: &Arc<Self>, counts: bool) -> Result<Pinned<B>> {
        let mut kept = self.kept.write();
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        kept.expire(self.limits.max_age);
        let max = self.limits.snapshots;
        let pin = kept.begin(counts.then_some(max)).ok_or_else(|| {
            Error::new(
                ErrorKind::Busy,
                format!(
                    "{max} snapshots are open, which is the limit; end one, or raise `snapshots`"
                ),
            )
        })?;
        Ok(Pinned::new(Arc::clone(self), pin))
    }
}

impl<B> fmt::Debug for Overlay<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
