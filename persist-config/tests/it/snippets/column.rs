//! A column of one's own.

use persist_core::Table;
use persist_core::backend::{Cell, CellType};
use persist_core::column::{CodecError, Column, Integer, KeyColumn};
use uuid::Uuid;

/// UUIDs as 16 bytes, in byte order.
pub(crate) enum Id {}

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
        let Cell::Bytes(b) = cell else { return Err("not bytes".into()) };
        Ok(Uuid::from_slice(&b)?)
    }
    fn borrow(id: &Uuid) -> Uuid {
        *id
    }
}

impl KeyColumn for Id {}

#[tokio::test]
async fn keys_in_their_order() {
    let (stores, _place) = super::stores().await;
    for store in stores {
        let table: Table<Id, Integer> = store.table("ids").await.unwrap();
        let [low, high] = [Uuid::from_u128(7), Uuid::from_u128(7 << 120)];
        table.insert(high, 2).await.unwrap();
        table.insert(low, 1).await.unwrap();
        assert_eq!(table.get(high).await.unwrap(), Some(2));
        assert_eq!(table.range(low..high).count().await.unwrap(), 1);
        let other = store.table::<persist_core::column::Bytes, Integer>("ids").await;
        assert_eq!(other.unwrap_err().kind(), persist_core::ErrorKind::SchemaMismatch);
    }
}
