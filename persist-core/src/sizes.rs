//! How much tables hold.

use crate::backend::{Backend, Direction, KeyRange, Marking, TableInfo, TableSpec};
use crate::{ErrorKind, Persist, Result};

/// How many rows are asked for at once.
const PAGE: usize = 1024;

/// A table with what it holds, as [`Persist::sizes`] lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableSize {
    /// The table.
    pub info: TableInfo,
    /// How many keys have a value.
    pub rows: u64,
    /// How many bytes its keys and values take when encoded, without what the engine adds.
    pub bytes: u64,
}

impl Persist {
    /// The tables of the store, by name, with what each holds. Reads all of it, page by page; a
    /// table that is dropped meanwhile is left out, and a row that cannot be read counts with no
    /// bytes.
    ///
    /// # Errors
    /// `Closed`, and what the engine reports.
    pub async fn sizes(&self) -> Result<Vec<TableSize>> {
        let measured = async {
            let mut sizes = Vec::new();
            for info in self.backend()?.tables().await? {
                match measure(&**self.backend()?, info.spec.clone()).await {
                    Ok((rows, bytes)) => sizes.push(TableSize { info, rows, bytes }),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error.table(&info.spec.name)),
                }
            }
            Ok(sizes)
        };
        measured.await.map_err(|error| error.during("sizes"))
    }
}

async fn measure(backend: &dyn Backend, spec: TableSpec) -> Result<(u64, u64)> {
    let table = backend.open_table(spec).await?;
    let (mut rows, mut bytes) = (0, 0);
    let mut left = Some(KeyRange::all());
    while let Some(range) = left {
        let scan = backend.scan(&table, &range, Direction::Forward, PAGE, Marking::Skip);
        let page = scan.await?.value;
        rows += page.rows.len() as u64;
        let readable = page.rows.iter().flatten();
        bytes += readable.map(|(key, value)| (key.len() + value.len()) as u64).sum::<u64>();
        left = page.rest;
    }
    Ok((rows, bytes))
}
