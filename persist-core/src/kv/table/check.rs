//! Counting what is there.

use std::collections::HashSet;
use std::ops::Bound;

use super::Inner;
use super::rows::{
    ChunkKey, Content, Entry, EntryKey, Grave, Id, IdKey, Value, chunk_key, decode, id_cell,
};
use super::state::part;
use crate::Result;
use crate::backend::{Cell, KeyRange};
use crate::column::decode_key;
use crate::kv::Health;
use crate::table::RawTable;
use crate::transaction::Tx;

const PAGE: usize = 1024;

/// What was met on the way through a store.
#[derive(Default)]
struct Met {
    health: Health,
    dictionaries: HashSet<Id>,
    contents: HashSet<Id>,
}

impl Inner {
    /// Reads all tables in one state. It keeps 16 bytes in mind for each dictionary and each
    /// content that does not stand in its entry.
    pub(super) async fn check(&self) -> Result<Health> {
        let tables = self.open()?;
        let tx = tables.persist.begin(false)?;
        let mut met = Met::default();
        let mut below = Vec::new();
        for (_, entry) in rows(&tx, &tables.entries, KeyRange::prefix(id_cell(Id::NOWHERE))).await?
        {
            met.entry(decode(entry)?, true, &mut below);
        }
        self.descend(&tx, &mut met, below, true).await?;

        let mut below = Vec::new();
        for (key, grave) in rows(&tx, &tables.graves, KeyRange::all()).await? {
            met.health.leftovers += 1;
            let id = decode_key::<IdKey>(key)?;
            match decode(grave)? {
                Grave::Dictionary => below.push(id),
                Grave::Content => drop(met.contents.insert(id)),
            }
        }
        self.descend(&tx, &mut met, below, false).await?;
        for (key, _) in rows(&tx, &tables.leases, KeyRange::all()).await? {
            met.health.leftovers += 1;
            met.contents.insert(decode_key::<IdKey>(key)?);
        }

        let mut left = Some(KeyRange::all());
        while let Some(range) = left {
            let page = tx.rows(&tables.entries, &range, PAGE, false).await?;
            for row in page.rows {
                let (above, _) = decode_key::<EntryKey>(row?.0)?;
                if above != Id::NOWHERE && !met.dictionaries.contains(&above) {
                    met.health.orphans += 1;
                }
            }
            left = page.rest;
        }
        self.contents(&tx, &mut met).await?;
        Ok(met.health)
    }

    /// Goes through dictionaries and all that is below them.
    async fn descend(
        &self,
        tx: &Tx,
        met: &mut Met,
        mut below: Vec<Id>,
        reached: bool,
    ) -> Result<()> {
        while let Some(id) = below.pop() {
            if !met.dictionaries.insert(id) {
                met.health.damages.push("a dictionary is bound twice".into());
                continue;
            }
            let range = KeyRange::prefix(id_cell(id));
            for (_, entry) in rows(tx, &self.tables.entries, range).await? {
                met.entry(decode(entry)?, reached, &mut below);
            }
        }
        Ok(())
    }

    /// Meets each content once, by going from one to the next.
    async fn contents(&self, tx: &Tx, met: &mut Met) -> Result<()> {
        let mut left = Some(KeyRange::all());
        while let Some(range) = left {
            let page = tx.rows(&self.tables.chunks, &range, 1, false).await?;
            left = page.rest;
            if let Some(row) = page.rows.into_iter().next() {
                let (id, _) = decode_key::<ChunkKey>(row?.0)?;
                if !met.contents.contains(&id) {
                    met.health.orphans += 1;
                }
                let behind = Bound::Excluded(chunk_key(id, u32::MAX)?);
                left = KeyRange::new(behind, Bound::Unbounded);
            }
        }
        Ok(())
    }
}

impl Met {
    fn entry(&mut self, entry: Entry, reached: bool, below: &mut Vec<Id>) {
        match entry {
            Entry::Dictionary { id, .. } => {
                self.health.dictionaries += u64::from(reached);
                below.push(id);
            }
            Entry::Value(Value { size, content, .. }) => {
                if reached {
                    self.health.values += 1;
                    self.health.bytes += size;
                }
                match content {
                    Content::Chunks(id) => {
                        if !self.contents.insert(id) && reached {
                            self.health.damages.push("a content is bound twice".into());
                        }
                    }
                    Content::Inline(bytes) if part(&bytes, 0, size).len() as u64 != size => {
                        self.health.damages.push("a value is shorter than its size".into());
                    }
                    Content::Inline(_) => {}
                }
            }
        }
    }
}

/// All rows of a range.
async fn rows(tx: &Tx, table: &RawTable, range: KeyRange) -> Result<Vec<(Cell, Cell)>> {
    let mut rows = Vec::new();
    let mut left = Some(range);
    while let Some(range) = left {
        let page = tx.rows(table, &range, PAGE, false).await?;
        for row in page.rows {
            rows.push(row?);
        }
        left = page.rest;
    }
    Ok(rows)
}
