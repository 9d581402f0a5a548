//! A column of one's own: `cargo run --example uuid [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use futures_util::TryStreamExt;
use persist_core::Table;
use persist_core::backend::{Cell, CellType};
use persist_core::column::{CodecError, Column, KeyColumn, Text};
use uuid::Uuid;

/// UUIDs as 16 bytes, in byte order.
enum Id {}

impl Column for Id {
    type Borrowed<'a> = Uuid;
    type Owned = Uuid;
    const CELL: CellType = CellType::Bytes;

    fn codec() -> String {
        "example.org/uuid/1".into()
    }

    fn encode(id: Uuid) -> Result<Cell, CodecError> {
        Ok(Cell::Bytes(id.into_bytes().into()))
    }

    fn decode(cell: Cell) -> Result<Uuid, CodecError> {
        let Cell::Bytes(bytes) = cell else { return Err("not bytes".into()) };
        Ok(Uuid::from_slice(&bytes)?)
    }

    fn borrow(id: &Uuid) -> Uuid {
        *id
    }
}

// The bytes sort as the UUIDs do, so they may be keys.
impl KeyColumn for Id {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open(shared::config("store.toml")?).await?;
    let notes: Table<Id, Text> = store.table("notes").await?;

    // UUIDs of version 7 sort by their time.
    let id = Uuid::now_v7();
    notes.insert(id, &format!("note {}", notes.len().await? + 1)).await?;

    let mut latest = notes.range(..=id).rev().limit(3).stream();
    while let Some((id, text)) = latest.try_next().await? {
        println!("{id}: {text}");
    }
    store.close().await?;
    Ok(())
}
