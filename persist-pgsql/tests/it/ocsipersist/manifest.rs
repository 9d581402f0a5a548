//! Every row that Ocsipersist has written is read back as it was written.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use persist_core::backend::Cell;
use persist_core::column::{Bytes, Column, KeyColumn, RawText, Real};
use persist_core::{ErrorKind, Persist, Table};

use super::{adopting, copy};

const MANIFEST: &str = include_str!("../../fixtures/manifest-pgsql.tsv");

/// What a table should hold; `None` is a value that cannot be read.
#[derive(Default)]
struct Expected {
    rows: BTreeMap<Cell, Option<Cell>>,
    /// How many rows have a key that is no number.
    unreadable: usize,
}

#[tokio::test]
async fn every_row_is_read_back() {
    let store = adopting(&copy().await).open().await.unwrap();
    let tables = tables();
    assert_eq!(tables.len(), 10);
    for (name, expected) in &tables {
        match *name {
            "strings" | "vars" => check::<RawText, RawText>(&store, name, expected).await,
            "floats" => check::<RawText, Real>(&store, name, expected).await,
            "fkeys" => check::<Real, RawText>(&store, name, expected).await,
            "mkeys" => check::<Bytes, RawText>(&store, name, expected).await,
            _ => check::<RawText, Bytes>(&store, name, expected).await,
        }
    }
    let listed = store.tables().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|table| &*table.spec.name).collect();
    assert_eq!(listed, tables.keys().copied().collect::<Vec<_>>());
}

async fn check<K: KeyColumn, V: Column>(store: &Persist, name: &str, expected: &Expected) {
    let table: Table<K, V> = store.table(name).await.unwrap();
    for (key, value) in &expected.rows {
        let owned = K::decode(key.clone()).unwrap();
        match (table.get(K::borrow(&owned)).await, value) {
            (Ok(Some(found)), Some(value)) => {
                assert_eq!(&cell::<V>(&found), value, "{name}, {key}");
            }
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::Decode, "{name}: {error}"),
            (Ok(found), _) => panic!("{name}, {key}: {:?}", found.map(|found| cell::<V>(&found))),
            (Err(error), _) => panic!("{name}: {error}"),
        }
    }
    let rows = expected.rows.len() + expected.unreadable;
    assert_eq!(table.len().await.unwrap(), rows as u64, "{name}");
    // Iteration meets those that can be read in the order of cells.
    let met: Vec<_> = table.range(..).stream().collect().await;
    assert_eq!(met.len(), rows, "{name}");
    let met = met.iter().flatten().map(|(key, value)| (cell::<K>(key), cell::<V>(value)));
    let readable =
        expected.rows.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
    assert_eq!(met.collect::<Vec<_>>(), readable.collect::<Vec<_>>());
}

fn cell<C: Column>(owned: &C::Owned) -> Cell {
    C::encode(C::borrow(owned)).unwrap()
}

/// The rows of the manifest by table. Of two additions of one key the later one counts.
fn tables() -> BTreeMap<&'static str, Expected> {
    let mut tables: BTreeMap<&str, Expected> = BTreeMap::new();
    for line in MANIFEST.lines().skip(1) {
        let row: Vec<_> = line.split('\t').collect();
        let [table, interface, _, key, value, ..] = row[..] else { panic!("{line}") };
        let table = tables.entry(table).or_default();
        if interface == "Polymorphic.table_name" {
            continue;
        }
        match cell_of(key, hex) {
            Some(key) => drop(table.rows.insert(key, cell_of(value, literal))),
            None => table.unreadable += 1,
        }
    }
    tables
}

/// The cell of a field, unless it is a float that is no number. What is no float is read by
/// `otherwise`.
fn cell_of(field: &str, otherwise: fn(&str) -> Vec<u8>) -> Option<Cell> {
    let Some(float) = field.strip_prefix("float bits ") else {
        return Some(Cell::Bytes(otherwise(field)));
    };
    let real = f64::from_bits(u64::from_str_radix(&float[..16], 16).unwrap());
    // Ocsipersist writes no more than 16 decimals.
    let written: f64 = format!("{real:.16}").parse().unwrap();
    (!real.is_nan()).then_some(Cell::Real(written + 0.0))
}

fn literal(field: &str) -> Vec<u8> {
    let digits = field.strip_prefix("marshal hex ").or(field.strip_prefix("hex "));
    digits.map_or_else(|| field.as_bytes().to_vec(), hex)
}

fn hex(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}
