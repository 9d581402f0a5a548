//! What belongs to a key for as long as somebody has to do with it.

use std::hash::BuildHasher;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::Mutex;

use crate::backend::Cell;

/// A table's number and a key.
pub(crate) type Place = (u64, Cell);

/// A `T` for each key that is in use.
pub(crate) struct Keyed<T> {
    entries: Mutex<HashTable<Arc<Entry<T>>>>,
    /// Seeded at random, and of few keys at a time: who chooses keys cannot make it slow.
    hasher: DefaultHashBuilder,
}

struct Entry<T> {
    /// Kept, since hashing is most of what a share costs.
    hash: u64,
    place: Place,
    /// Changes under the lock of the table only.
    shares: AtomicUsize,
    content: T,
}

/// A share in the `T` of a key, which goes away with the last one.
pub(crate) struct Share<'k, T> {
    keyed: &'k Keyed<T>,
    entry: Arc<Entry<T>>,
}

impl<T: Default> Keyed<T> {
    pub(crate) fn share(&self, place: Place) -> Share<'_, T> {
        let hash = self.hasher.hash_one(&place);
        let mut entries = self.entries.lock();
        let entry = entries.entry(hash, |entry| entry.place == place, |entry| entry.hash);
        let entry = entry.or_insert_with(|| {
            let (shares, content) = (AtomicUsize::new(0), T::default());
            Arc::new(Entry { hash, place, shares, content })
        });
        let entry = Arc::clone(entry.get());
        entry.count(1);
        drop(entries);
        Share { keyed: self, entry }
    }
}

impl<T> Entry<T> {
    /// Counts shares in or out, under the lock of the table; how many there are then.
    fn count(&self, more: isize) -> usize {
        let shares = self.shares.load(Ordering::Relaxed).wrapping_add_signed(more);
        self.shares.store(shares, Ordering::Relaxed);
        shares
    }
}

impl<T> Share<'_, T> {
    pub(crate) fn key(&self) -> &Cell {
        &self.entry.place.1
    }

    /// Whether somebody else has a share at this moment.
    pub(crate) fn is_shared(&self) -> bool {
        self.entry.shares.load(Ordering::Relaxed) > 1
    }
}

impl<T> Deref for Share<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.entry.content
    }
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { entries: Mutex::default(), hasher: DefaultHashBuilder::default() }
    }
}

impl<T> Drop for Share<'_, T> {
    fn drop(&mut self) {
        let mut entries = self.keyed.entries.lock();
        if self.entry.count(-1) == 0 {
            let this = |entry: &Arc<Entry<T>>| Arc::ptr_eq(entry, &self.entry);
            if let Ok(found) = entries.find_entry(self.entry.hash, this) {
                found.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_shared_by_key_and_goes_with_the_last_share() {
        let keyed = Keyed::<AtomicUsize>::default();
        let at = |table, key| keyed.share((table, Cell::Integer(key)));
        let (one, other) = (at(1, 7), at(2, 7));
        one.store(5, Ordering::Relaxed);
        assert!(!one.is_shared());
        let again = at(1, 7);
        assert!(one.is_shared() && again.is_shared() && !other.is_shared());
        assert_eq!((again.load(Ordering::Relaxed), other.load(Ordering::Relaxed)), (5, 0));
        drop(one);
        assert!(!again.is_shared());
        assert_eq!(again.key(), &Cell::Integer(7));
        assert_eq!(keyed.entries.lock().len(), 2);
        drop((again, other));
        assert!(keyed.entries.lock().is_empty());
        assert_eq!(at(1, 7).load(Ordering::Relaxed), 0);
    }
}
