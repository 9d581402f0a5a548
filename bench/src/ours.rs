//! Our side of every case: the typed table, whatever stands below it.

use futures_util::StreamExt;
use persist_bench_kit::{Deadline, Result, Spot, Store};
use persist_core::column::{Bytes, Text};
use persist_core::{Committed, Entries, Persist, Table};

#[derive(Clone)]
pub struct Ours {
    store: Persist,
    table: Table<Text, Bytes>,
}

impl Ours {
    pub async fn new(store: Persist) -> persist_core::Result<Self> {
        let table = store.table("rows").await?;
        Ok(Self { store, table })
    }
}

/// How durable a store on this spot is to be.
pub fn durability(spot: &Spot) -> persist_core::Durability {
    match spot.durability {
        persist_bench_kit::Durability::Full => persist_core::Durability::Full,
        persist_bench_kit::Durability::Relaxed => persist_core::Durability::Relaxed,
    }
}

impl Store for Ours {
    async fn get(&self, key: String) -> Result<usize> {
        Ok(self.table.get(&key).await?.ok_or("a key is missing")?.len())
    }

    async fn put(&self, key: String, value: Vec<u8>) -> Result<()> {
        Ok(self.table.insert(&key, &value).await?)
    }

    async fn update(&self, key: String, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        let new = self.table.update(&key, move |old| old.map(|old| change(&old))).await?;
        new.map(drop).ok_or("a key is missing".into())
    }

    async fn batch(&self, rows: Vec<(String, Vec<u8>)>) -> Result<()> {
        let mut batch = self.store.batch();
        for (key, value) in &rows {
            batch.insert(&self.table, key, value)?;
        }
        match batch.commit().await? {
            Committed::Applied => Ok(()),
            Committed::Conflict { .. } => Err("a batch that expects nothing conflicted".into()),
        }
    }

    async fn scan(&self, until: Deadline) -> Result<u64> {
        count(self.table.range(..).stream(), until).await
    }

    async fn snapshot_scan(&self, until: Deadline) -> Result<u64> {
        count(self.table.range(..).snapshot().stream(), until).await
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.table.len().await?)
    }
}

async fn count(mut rows: Entries<Text, Bytes>, until: Deadline) -> Result<u64> {
    let mut seen = 0;
    while let Some(row) = rows.next().await {
        std::hint::black_box(row?);
        seen += 1;
        if seen % 4096 == 0 && until.passed() {
            break;
        }
    }
    Ok(seen)
}
