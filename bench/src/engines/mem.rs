//! Memory: ours beside maps behind a lock, and a cache.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use parking_lot::RwLock;
use persist_bench_kit::{Deadline, Engine as Driven, Family, Result, Spot, WORKERS};

use crate::entrant::{Engine, Entrant, Opener};
use crate::ground::Kind;

type Key = Arc<str>;
type Value = Arc<[u8]>;

pub fn engine() -> Engine {
    Engine {
        name: "mem",
        families: &[
            Family::Get,
            Family::PutRelaxed,
            Family::UpdateHot,
            Family::UpdateSpread,
            Family::Batch100,
            Family::Scan,
            Family::SnapshotScan,
            Family::Count,
            Family::Mixed,
        ],
        durable: false,
        ground: Kind::Files,
        entrants: vec![
            Entrant::ours(|_| persist_mem::Options::new().open()),
            Entrant::raw(locked::<OrdMap<Key, Value>>),
            Entrant::engine("btreemap", locked::<BTreeMap<Key, Value>>),
            Entrant::engine("moka", |spot| {
                let cache = moka::sync::Cache::new(spot.rows * 2);
                Ok(Box::new(move || Ok(Moka(cache.clone()))))
            }),
            Entrant::helper("opendal", "memory"),
        ],
    }
}

/// A map behind a lock.
struct Locked<M>(Arc<RwLock<M>>);

/// A map in the order of its keys.
trait Map: Default + Send + Sync + 'static {
    fn get(&self, key: &str) -> Option<&Value>;
    fn get_mut(&mut self, key: &str) -> Option<&mut Value>;
    fn insert(&mut self, key: Key, value: Value);
    fn len(&self) -> usize;
    /// Reads one state until told to stop.
    fn read(lock: &RwLock<Self>, each: impl FnMut((&Key, &Value)) -> bool);
}

/// Persistent: its clone is a snapshot, and nobody waits for who reads it.
impl Map for OrdMap<Key, Value> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.get(key)
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.get_mut(key)
    }

    fn insert(&mut self, key: Key, value: Value) {
        self.insert(key, value);
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn read(lock: &RwLock<Self>, each: impl FnMut((&Key, &Value)) -> bool) {
        let state = lock.read().clone();
        state.iter().all(each);
    }
}

/// That of the standard library: writers wait for who reads it.
impl Map for BTreeMap<Key, Value> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.get(key)
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.get_mut(key)
    }

    fn insert(&mut self, key: Key, value: Value) {
        self.insert(key, value);
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn read(lock: &RwLock<Self>, each: impl FnMut((&Key, &Value)) -> bool) {
        lock.read().iter().all(each);
    }
}

fn locked<M: Map>(_: &Spot) -> Result<Opener<Locked<M>>> {
    let map = Arc::<RwLock<M>>::default();
    Ok(Box::new(move || Ok(Locked(Arc::clone(&map)))))
}

/// A cache, which has neither an order nor batches.
struct Moka(moka::sync::Cache<Key, Value>);

impl<M: Map> Driven for Locked<M> {
    fn threads(_: Family, _: u64) -> u64 {
        WORKERS as u64
    }

    fn get(&mut self, key: &str) -> Result<usize> {
        let value = self.0.read().get(key).map(|value| value.to_vec());
        Ok(value.ok_or("a key is missing")?.len())
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.0.write().insert(key.into(), value.into());
        Ok(())
    }

    fn update(&mut self, key: &str, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        let mut map = self.0.write();
        let value = map.get_mut(key).ok_or("a key is missing")?;
        *value = change(value).into();
        Ok(())
    }

    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()> {
        let mut map = self.0.write();
        for (key, value) in rows {
            map.insert(key.as_str().into(), value.as_slice().into());
        }
        Ok(())
    }

    fn scan(&mut self, until: Deadline) -> Result<u64> {
        let mut seen = 0;
        M::read(&self.0, |(key, value)| {
            std::hint::black_box((key.to_string(), value.to_vec()));
            seen += 1;
            seen % 4096 > 0 || !until.passed()
        });
        Ok(seen)
    }

    fn snapshot_scan(&mut self, until: Deadline) -> Result<u64> {
        self.scan(until)
    }

    fn count(&mut self) -> Result<u64> {
        Ok(self.0.read().len() as u64)
    }
}

impl Driven for Moka {
    const LACKS: &'static [Family] =
        &[Family::Batch100, Family::Scan, Family::SnapshotScan, Family::Count];

    fn threads(_: Family, _: u64) -> u64 {
        WORKERS as u64
    }

    fn get(&mut self, key: &str) -> Result<usize> {
        Ok(self.0.get(key).ok_or("a key is missing")?.to_vec().len())
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.0.insert(key.into(), value.into());
        Ok(())
    }

    fn update(&mut self, key: &str, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        self.0.entry(key.into()).and_upsert_with(|old: Option<moka::Entry<Key, Value>>| {
            old.map_or_else(|| Value::from([]), |old| change(old.value()).into())
        });
        Ok(())
    }

    /// One by one: only to load the rows.
    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()> {
        rows.iter().try_for_each(|(key, value)| self.put(key, value))
    }
}
