//! Working on the contract itself.

use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::{
    Backend, Batch, Cell, Commit, Direction, Expect, KeyRange, Mark, Marking, Op, Read,
    TableHandle, TableSpec, Write,
};
use persist_core::column::{Column, Integer, Text};

/// Text as a cell.
pub(crate) fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// An integer as a cell.
pub(crate) fn int(integer: i64) -> Cell {
    Cell::Integer(integer)
}

/// A table of these columns, opened on the contract.
pub(crate) async fn table_of<K: Column, V: Column>(
    backend: &Arc<dyn Backend>,
    name: &str,
) -> TableHandle {
    let spec = TableSpec::new(name, K::spec(), V::spec());
    backend.open_table(spec).await.expect("a table opens")
}

/// The table that most laws use, opened on the contract.
pub(crate) async fn table(backend: &Arc<dyn Backend>, name: &str) -> TableHandle {
    table_of::<Text, Integer>(backend, name).await
}

/// An operation on one key.
pub(crate) fn op(table: &TableHandle, key: Cell, expect: Expect, write: Write) -> Op {
    Op::Key { table: table.clone(), key, expect, write }
}

/// Binds a key, whatever was there.
pub(crate) fn put_op(table: &TableHandle, key: Cell, value: Cell) -> Op {
    op(table, key, Expect::Any, Write::Put(value))
}

/// Commits operations.
pub(crate) async fn commit(backend: &Arc<dyn Backend>, ops: Vec<Op>) -> Result<Commit> {
    backend.commit(Batch { ops }).await
}

/// Binds a key, whatever was there.
pub(crate) async fn put(backend: &Arc<dyn Backend>, table: &TableHandle, key: Cell, value: Cell) {
    let committed = commit(backend, vec![put_op(table, key, value)]).await;
    assert_eq!(committed.expect("a put"), Commit::Applied);
}

/// What a key is bound to.
pub(crate) async fn get(read: &dyn Read, table: &TableHandle, key: Cell) -> Option<Cell> {
    let mut found = read.get(table, &[key], Marking::Skip).await.expect("a get").value;
    assert_eq!(found.len(), 1, "one key has one answer");
    found.remove(0)
}

/// The mark of what some keys are bound to.
pub(crate) async fn mark_of(read: &dyn Read, table: &TableHandle, keys: &[&str]) -> Mark {
    let keys: Vec<Cell> = keys.iter().map(|key| text(*key)).collect();
    let marked = read.get(table, &keys, Marking::Take).await.expect("a get");
    assert_eq!(marked.value.len(), keys.len(), "small cells come together");
    marked.mark.expect("the mark that was asked for")
}

/// The bindings of a range, which must be readable, page by page.
pub(crate) async fn rows(
    read: &dyn Read,
    table: &TableHandle,
    range: KeyRange,
) -> Vec<(Cell, Cell)> {
    let (mut rows, mut left) = (Vec::new(), Some(range));
    while let Some(range) = left {
        let scan = read.scan(table, &range, Direction::Forward, 1000, Marking::Skip);
        let page = scan.await.expect("a scan").value;
        rows.extend(page.rows.into_iter().map(|row| row.expect("a good row")));
        left = page.rest;
    }
    rows
}
