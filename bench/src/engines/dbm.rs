//! sled: ours beside sled by hand, and the engines that one would take for it.

use std::sync::Arc;

use fjall::{KeyspaceCreateOptions, PersistMode, Readable};
use persist_bench_kit::{Deadline, Durability, Engine as Driven, Family, Result, Spot};
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use crate::entrant::{Engine, Entrant, Opener};
use crate::ground::Kind;
use crate::ours::durability;

pub fn engine() -> Engine {
    Engine {
        name: "dbm",
        families: &Family::ROWS,
        durable: true,
        ground: Kind::Files,
        entrants: vec![
            Entrant::ours(|spot| {
                persist_dbm::Options::new(&spot.dir).durability(durability(&spot)).open()
            }),
            Entrant::raw(sled),
            Entrant::engine("redb", redb),
            Entrant::engine("fjall", fjall),
            Entrant::helper("opendal", "sled"),
        ],
    }
}

/// A tree that is flushed after each durable write.
struct Sled {
    tree: sled::Db,
    full: bool,
}

fn sled(spot: &Spot) -> Result<Opener<Sled>> {
    let (tree, full) = (sled::open(&spot.dir)?, spot.durability == Durability::Full);
    Ok(Box::new(move || Ok(Sled { tree: tree.clone(), full })))
}

impl Sled {
    fn written(&self) -> Result<()> {
        if self.full {
            self.tree.flush()?;
        }
        Ok(())
    }
}

impl Driven for Sled {
    const LACKS: &'static [Family] = &[Family::SnapshotScan];

    fn get(&mut self, key: &str) -> Result<usize> {
        Ok(self.tree.get(key)?.ok_or("a key is missing")?.to_vec().len())
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.tree.insert(key, value)?;
        self.written()
    }

    fn update(&mut self, key: &str, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        self.tree.update_and_fetch(key, |old| old.map(change))?.ok_or("a key is missing")?;
        self.written()
    }

    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()> {
        let mut batch = sled::Batch::default();
        for (key, value) in rows {
            batch.insert(key.as_str(), value.as_slice());
        }
        self.tree.apply_batch(batch)?;
        self.written()
    }

    fn scan(&mut self, until: Deadline) -> Result<u64> {
        let mut seen = 0;
        for row in self.tree.iter() {
            let (key, value): (sled::IVec, sled::IVec) = row?;
            if !visit(&mut seen, &key, &value, until) {
                break;
            }
        }
        Ok(seen)
    }

    fn count(&mut self) -> Result<u64> {
        Ok(self.tree.len() as u64)
    }
}

struct Redb {
    database: Arc<redb::Database>,
    durability: redb::Durability,
}

const ROWS: TableDefinition<&str, &[u8]> = TableDefinition::new("rows");

fn redb(spot: &Spot) -> Result<Opener<Redb>> {
    let database = Arc::new(redb::Database::create(spot.dir.join("rows.redb"))?);
    let durability = match spot.durability {
        Durability::Full => redb::Durability::Immediate,
        Durability::Relaxed => redb::Durability::None,
    };
    Ok(Box::new(move || Ok(Redb { database: Arc::clone(&database), durability })))
}

impl Redb {
    fn write(
        &self,
        work: impl FnOnce(&mut redb::Table<'_, &str, &[u8]>) -> Result<()>,
    ) -> Result<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(self.durability)?;
        work(&mut transaction.open_table(ROWS)?)?;
        Ok(transaction.commit()?)
    }
}

impl Driven for Redb {
    fn get(&mut self, key: &str) -> Result<usize> {
        let table = self.database.begin_read()?.open_table(ROWS)?;
        let value = table.get(key)?.ok_or("a key is missing")?;
        Ok(value.value().to_vec().len())
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.write(|table| Ok(table.insert(key, value).map(drop)?))
    }

    fn update(&mut self, key: &str, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        self.write(|table| {
            let new = change(table.get(key)?.ok_or("a key is missing")?.value());
            Ok(table.insert(key, new.as_slice()).map(drop)?)
        })
    }

    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()> {
        self.write(|table| {
            for (key, value) in rows {
                table.insert(key.as_str(), value.as_slice())?;
            }
            Ok(())
        })
    }

    fn scan(&mut self, until: Deadline) -> Result<u64> {
        let table = self.database.begin_read()?.open_table(ROWS)?;
        let mut seen = 0;
        for row in table.iter()? {
            let (key, value) = row?;
            if !visit(&mut seen, key.value().as_bytes(), value.value(), until) {
                break;
            }
        }
        Ok(seen)
    }

    /// What it reads is one state anyway.
    fn snapshot_scan(&mut self, until: Deadline) -> Result<u64> {
        self.scan(until)
    }

    fn count(&mut self) -> Result<u64> {
        Ok(self.database.begin_read()?.open_table(ROWS)?.len()?)
    }
}

/// Its transactions, which updates need, make other writes slower; so they are left out.
struct Fjall {
    database: fjall::Database,
    rows: fjall::Keyspace,
    full: bool,
}

fn fjall(spot: &Spot) -> Result<Opener<Fjall>> {
    let database = fjall::Database::builder(&spot.dir).open()?;
    let rows = database.keyspace("rows", KeyspaceCreateOptions::default)?;
    let full = spot.durability == Durability::Full;
    Ok(Box::new(move || Ok(Fjall { database: database.clone(), rows: rows.clone(), full })))
}

impl Fjall {
    fn written(&self) -> Result<()> {
        if self.full {
            self.database.persist(PersistMode::SyncAll)?;
        }
        Ok(())
    }
}

impl Driven for Fjall {
    const LACKS: &'static [Family] = &[Family::UpdateHot, Family::UpdateSpread];

    fn get(&mut self, key: &str) -> Result<usize> {
        Ok(self.rows.get(key)?.ok_or("a key is missing")?.to_vec().len())
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.rows.insert(key, value)?;
        self.written()
    }

    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()> {
        let mut batch = self.database.batch();
        for (key, value) in rows {
            batch.insert(&self.rows, key.as_str(), value.as_slice());
        }
        batch.commit()?;
        self.written()
    }

    fn scan(&mut self, until: Deadline) -> Result<u64> {
        all(self.rows.iter(), until)
    }

    fn snapshot_scan(&mut self, until: Deadline) -> Result<u64> {
        all(self.database.snapshot().iter(&self.rows), until)
    }

    fn count(&mut self) -> Result<u64> {
        Ok(self.rows.len()? as u64)
    }
}

fn all(rows: fjall::Iter, until: Deadline) -> Result<u64> {
    let mut seen = 0;
    for row in rows {
        let (key, value) = row.into_inner()?;
        if !visit(&mut seen, &key, &value, until) {
            break;
        }
    }
    Ok(seen)
}

/// Takes a row as a user does, and says whether to go on.
fn visit(seen: &mut u64, key: &[u8], value: &[u8], until: Deadline) -> bool {
    std::hint::black_box((key.to_vec(), value.to_vec()));
    *seen += 1;
    !seen.is_multiple_of(4096) || !until.passed()
}
