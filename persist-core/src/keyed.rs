//! Locks by key, which exist only while somebody holds a share in them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::backend::Cell;

/// A table's number and a key.
pub(crate) type Place = (u64, Cell);

/// A lock with a `T` in it for each key that is in use.
pub(crate) struct Keyed<T> {
    locks: Mutex<HashMap<Place, Lock<T>>>,
    /// What a share that is given up holds instead of its lock.
    none: Lock<T>,
}

type Lock<T> = Arc<tokio::sync::Mutex<T>>;

/// A share in the lock of a key. The lock goes away with the last one.
pub(crate) struct Share<'k, T: Default> {
    keyed: &'k Keyed<T>,
    place: Place,
    lock: Lock<T>,
}

impl<T: Default> Keyed<T> {
    pub(crate) fn share(&self, place: Place) -> Share<'_, T> {
        let lock = Arc::clone(self.locks.lock().entry(place.clone()).or_default());
        Share { keyed: self, place, lock }
    }
}

impl<T: Default> Share<'_, T> {
    /// Waits for the lock; who came first gets it first.
    pub(crate) async fn lock(&self) -> tokio::sync::MutexGuard<'_, T> {
        self.lock.lock().await
    }

    /// As [`lock`](Self::lock), for a guard that borrows nothing.
    pub(crate) fn lock_owned(
        &self,
    ) -> impl Future<Output = tokio::sync::OwnedMutexGuard<T>> + use<T> {
        Arc::clone(&self.lock).lock_owned()
    }
}

impl<T: Default> Default for Keyed<T> {
    fn default() -> Self {
        Self { locks: Mutex::default(), none: Lock::default() }
    }
}

impl<T: Default> Drop for Share<'_, T> {
    fn drop(&mut self) {
        let mut locks = self.keyed.locks.lock();
        // Given up under the lock of the map, so that of two last shares one sees that it is.
        self.lock = Arc::clone(&self.keyed.none);
        if locks.get(&self.place).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.place);
        }
    }
}
