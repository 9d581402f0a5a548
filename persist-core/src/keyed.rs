//! What belongs to a key for as long as somebody has to do with it.

use std::hash::BuildHasher;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::hash_table::Entry::Vacant;
use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::Mutex;

use crate::backend::Cell;

/// A table's number and a key.
pub(crate) type Place = (u64, Cell);

/// A `T` for each key that is in use.
pub(crate) struct Keyed<T> {
    entries: Mutex<Entries<T>>,
    /// Seeded at random, and of few keys at a time: who chooses keys cannot make it slow.
    hasher: DefaultHashBuilder,
}

struct Entries<T> {
    used: HashTable<Arc<Entry<T>>>,
    /// One that nobody uses any more: its memory is the next one's.
    spare: Option<Arc<Entry<T>>>,
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
    first: bool,
    left: bool,
}

impl<T: Default> Keyed<T> {
    pub(crate) fn share(&self, place: Place) -> Share<'_, T> {
        let hash = self.hasher.hash_one(&place);
        let mut entries = self.entries.lock();
        let Entries { used, spare } = &mut *entries;
        let found = used.entry(hash, |entry| entry.place == place, |entry| entry.hash);
        let first = matches!(found, Vacant(_));
        let entry = found.or_insert_with(|| {
            let (shares, content) = (AtomicUsize::new(0), T::default());
            spare_or_new(spare, Entry { hash, place, shares, content })
        });
        let entry = Arc::clone(entry.get());
        entry.count(1);
        drop(entries);
        Share { keyed: self, entry, first, left: false }
    }
}

/// The entry, in the memory of a spare one that its last user has let go.
fn spare_or_new<T>(spare: &mut Option<Arc<Entry<T>>>, entry: Entry<T>) -> Arc<Entry<T>> {
    if let Some(mut room) = spare.take()
        && let Some(unused) = Arc::get_mut(&mut room)
    {
        *unused = entry;
        return room;
    }
    Arc::new(entry)
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

    /// Whether nobody had a share when this one was given.
    pub(crate) fn is_first(&self) -> bool {
        self.first
    }

    /// Whether somebody else has a share at this moment.
    pub(crate) fn is_shared(&self) -> bool {
        self.entry.shares.load(Ordering::Relaxed) > 1
    }

    /// Gives it back before it is dropped; whether somebody else has a share then. If nobody has,
    /// the next one is a first one.
    pub(crate) fn leave(&mut self) -> bool {
        self.left = true;
        let mut entries = self.keyed.entries.lock();
        let others = self.entry.count(-1) > 0;
        if !others {
            let this = |entry: &Arc<Entry<T>>| Arc::ptr_eq(entry, &self.entry);
            if let Ok(found) = entries.used.find_entry(self.entry.hash, this) {
                entries.spare = Some(found.remove().0);
            }
        }
        others
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
        let entries = Entries { used: HashTable::new(), spare: None };
        Self { entries: Mutex::new(entries), hasher: DefaultHashBuilder::default() }
    }
}

impl<T> Drop for Share<'_, T> {
    fn drop(&mut self) {
        if !self.left {
            self.leave();
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
        assert!(one.is_first() && other.is_first() && !one.is_shared());
        let mut again = at(1, 7);
        assert!(!again.is_first() && one.is_shared() && again.is_shared() && !other.is_shared());
        assert_eq!((again.load(Ordering::Relaxed), other.load(Ordering::Relaxed)), (5, 0));
        drop(one);
        assert!(!again.is_shared());
        assert_eq!(again.key(), &Cell::Integer(7));
        assert_eq!(keyed.entries.lock().used.len(), 2);
        let mut third = at(1, 7);
        assert!(again.leave() && !third.is_shared() && !third.leave());
        let new = at(1, 7);
        assert!(new.is_first());
        assert_eq!(new.load(Ordering::Relaxed), 0);
        // Those who have left take nothing from it.
        drop((again, third, other));
        assert_eq!(keyed.entries.lock().used.len(), 1);
        new.store(9, Ordering::Relaxed);
        drop(new);
        assert_eq!(at(2, 8).load(Ordering::Relaxed), 0, "the next one found what was left");
        assert!(keyed.entries.lock().used.is_empty());
    }
}
