//! The typed table over the memory backend, and the bare contract doing the same.

use std::hint::black_box;
use std::sync::Arc;

use futures_util::StreamExt;
use persist_bench_kit::Result;
use persist_core::backend::{
    Backend, Batch, Cell, Commit, Direction, Expect, KeyRange, Marking, TableHandle, TableSpec,
    Write,
};
use persist_core::column::{Column, Postcard, Text};
use persist_core::{Persist, Table};

use crate::session::Session;
use crate::work::Keys;
use crate::{Case, Side};

type Value = Postcard<Session>;

/// How many rows the first page of a stream has, and the others.
const PAGES: [usize; 2] = [256, 1024];

pub(crate) struct Memory {
    table: Table<Text, Value>,
    backend: Arc<dyn Backend>,
    handle: TableHandle,
    session: Session,
}

impl Memory {
    pub(crate) async fn open(keys: &Keys) -> Result<Self> {
        let backend = persist_mem::Options::new().backend().await?;
        let table = Persist::new(Arc::clone(&backend)).table("rows").await?;
        let spec = TableSpec::new("rows", Text::spec(), Value::spec());
        let handle = backend.open_table(spec).await?;
        let memory = Self { table, backend, handle, session: Session::new(0) };
        for (n, key) in (0..).zip(keys.all()) {
            memory.table.insert(key, &Session::new(n)).await?;
        }
        Ok(memory)
    }

    pub(crate) async fn run(
        &mut self,
        case: Case,
        side: Side,
        keys: &mut Keys,
        n: u64,
    ) -> Result<()> {
        if case == Case::Scan {
            let mut seen = 0;
            while seen < n {
                seen += match side {
                    Side::Ours => self.scan(n - seen).await?,
                    Side::Bare => self.bare_scan(n - seen).await?,
                };
            }
            return Ok(());
        }
        for _ in 0..n {
            let key = keys.pick();
            match (case, side) {
                (Case::Get, Side::Ours) => _ = black_box(self.table.get(key).await?),
                (Case::Get, Side::Bare) => _ = black_box(self.bare_get(key).await?),
                (Case::Insert, side) => {
                    self.session.visits += 1;
                    match side {
                        Side::Ours => self.table.insert(key, &self.session).await?,
                        Side::Bare => self.bare_insert(key).await?,
                    }
                }
                (Case::Update, Side::Ours) => {
                    _ = black_box(self.table.update(key, |old| old.map(visited)).await?);
                }
                (Case::Update, Side::Bare) => _ = black_box(self.bare_update(key).await?),
                (Case::Scan | Case::SqliteGet, _) => return Err("not a call on one key".into()),
            }
        }
        Ok(())
    }

    async fn scan(&self, limit: u64) -> Result<u64> {
        let mut rows = self.table.range(..).stream();
        let mut seen = 0;
        while let Some(row) = rows.next().await {
            black_box(row?);
            seen += 1;
            if seen == limit {
                break;
            }
        }
        Ok(seen)
    }

    async fn bare_scan(&self, limit: u64) -> Result<u64> {
        let (mut range, mut seen) = (Some(KeyRange::all()), 0);
        let [mut size, others] = PAGES;
        while let Some(left) = range {
            let read =
                self.backend.scan(&self.handle, &left, Direction::Forward, size, Marking::Skip);
            size = others;
            let page = read.await?.value;
            for row in page.rows {
                let (key, value) = row?;
                black_box((Text::decode(key)?, Value::decode(value)?));
                seen += 1;
                if seen == limit {
                    return Ok(seen);
                }
            }
            range = page.rest;
        }
        Ok(seen)
    }

    async fn bare_get(&self, key: &str) -> Result<Option<Session>> {
        let found = self.read(&Text::encode(key)?).await?;
        found.map(Value::decode).transpose()
    }

    async fn bare_insert(&self, key: &str) -> Result<()> {
        let (key, put) = (Text::encode(key)?, Write::Put(Value::encode(&self.session)?));
        self.commit(key, Expect::Any, put).await
    }

    async fn bare_update(&self, key: &str) -> Result<Session> {
        let key = Text::encode(key)?;
        let found = self.read(&key).await?.ok_or("a key is missing")?;
        let new = visited(Value::decode(found.clone())?);
        let put = Write::Put(Value::encode(&new)?);
        self.commit(key, Expect::Equals(found), put).await?;
        Ok(new)
    }

    /// As an embedded engine is asked.
    async fn read(&self, key: &Cell) -> Result<Option<Cell>> {
        if let Some(found) = self.backend.get_now(&self.handle, key) {
            return Ok(found?);
        }
        let read = self.backend.get(&self.handle, std::slice::from_ref(key), Marking::Skip);
        Ok(read.await?.value.pop().flatten())
    }

    async fn commit(&self, key: Cell, expect: Expect, write: Write) -> Result<()> {
        match self.backend.commit(Batch::one(self.handle.clone(), key, expect, write)).await? {
            Commit::Applied => Ok(()),
            Commit::Conflict { .. } => Err("nobody else writes, and yet it conflicted".into()),
        }
    }
}

fn visited(mut session: Session) -> Session {
    session.visits += 1;
    session
}
