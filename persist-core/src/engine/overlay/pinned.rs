//! One snapshot.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::kept::{Kept, Pin};
use super::{Binding, Bytes, Overlay, Span};
use crate::backend::Direction;
use crate::{Error, ErrorKind, Result};

/// A fixed state, until it is dropped.
///
/// Read the engine first and ask this afterwards: what is written in between is known here by
/// then. [`layered`](super::layered) does it for ranges.
pub struct Pinned<B: Bytes> {
    overlay: Arc<Overlay<B>>,
    pin: Pin,
}

impl<B: Bytes> Pinned<B> {
    pub(super) fn new(overlay: Arc<Overlay<B>>, pin: Pin) -> Self {
        Self { overlay, pin }
    }

    /// What `key` was bound to; `None` if what was found in the engine still stands.
    ///
    /// # Errors
    /// `Timeout` if the snapshot was ended because of its age or of what had to be kept for it,
    /// `Closed` if all were ended.
    pub fn get(&self, key: &[u8]) -> Result<Option<Binding<B>>> {
        self.live(|kept| kept.get(self.pin, key))
    }

    /// The first keys of a range, at most `limit`, that were bound to something else than is
    /// found in the engine, and what they were bound to.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn range(
        &self,
        span: &Span<B>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Binding<B>>> {
        self.live(|kept| kept.range(self.pin, span, direction, limit))
    }

    fn live<T>(&self, read: impl FnOnce(&Kept<B>) -> T) -> Result<T> {
        let kept = self.overlay.kept.read();
        let (limits, closed) = (&self.overlay.limits, &self.overlay.closed);
        if closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        let too_old = || kept.age(self.pin).is_none_or(|age| age >= limits.max_age);
        if too_old() {
            return Err(Error::new(
                ErrorKind::Timeout,
                format!(
                    "the snapshot was ended: it was held for longer than `snapshot_max_age` \
                     ({:?}), or more than `snapshot_max_bytes` ({}) was written over since it was \
                     taken; finish sooner, or raise the limit",
                    limits.max_age, limits.max_bytes,
                ),
            ));
        }
        Ok(read(&kept))
    }
}

impl<B: Bytes> Drop for Pinned<B> {
    fn drop(&mut self) {
        self.overlay.kept.write().end(self.pin);
    }
}

impl<B: Bytes> fmt::Debug for Pinned<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pinned").field(&self.pin.version).finish()
    }
}
