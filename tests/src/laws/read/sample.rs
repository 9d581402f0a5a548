//! Tables of every type of key, with what they hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use persist_core::backend::{Backend, Cell, Commit, TableHandle};
use persist_core::column::{Bytes, Integer, Real, Text};

use crate::aid::cells::{commit, put_op, table_of};

/// A table, and what it holds.
pub(crate) struct Sample {
    /// The table.
    pub(crate) table: TableHandle,
    /// What it holds.
    pub(crate) rows: BTreeMap<Cell, Cell>,
    /// Keys that it does not hold.
    pub(crate) absent: Vec<Cell>,
}

impl Sample {
    /// A filled table for each type of key.
    pub(crate) async fn all(backend: &Arc<dyn Backend>) -> Vec<Self> {
        let text = table_of::<Text, Bytes>(backend, "text").await;
        let bytes = table_of::<Bytes, Integer>(backend, "bytes").await;
        let integer = table_of::<Integer, Real>(backend, "integer").await;
        let real = table_of::<Real, Text>(backend, "real").await;
        vec![
            Self::filled(backend, text, texts(), |n| Cell::Bytes(vec![0; n])).await,
            Self::filled(backend, bytes, blobs(), number).await,
            Self::filled(backend, integer, integers(), |n| Cell::Real(half(n))).await,
            Self::filled(backend, real, reals(), |n| Cell::Text("é".repeat(n))).await,
        ]
    }

    /// A table of thirty values of 100 KiB, and one of 3 MiB.
    pub(crate) async fn large(backend: &Arc<dyn Backend>) -> Self {
        let table = table_of::<Integer, Bytes>(backend, "large").await;
        let keys = (0..32).map(Cell::Integer).collect();
        let value = |n| Cell::Bytes(vec![1; if n == 20 { 3 << 20 } else { 100 << 10 }]);
        Self::filled(backend, table, keys, value).await
    }

    /// Binds every other key.
    async fn filled(
        backend: &Arc<dyn Backend>,
        table: TableHandle,
        keys: Vec<Cell>,
        value: impl Fn(usize) -> Cell,
    ) -> Self {
        let (mut rows, mut absent) = (BTreeMap::new(), Vec::new());
        for (n, key) in keys.into_iter().enumerate() {
            if n % 2 == 0 {
                rows.insert(key, value(n));
            } else {
                absent.push(key);
            }
        }
        // Not in the order of the keys: from the middle outwards.
        let half = rows.len() / 2;
        let shuffled = rows.iter().skip(half).chain(rows.iter().take(half).rev());
        let ops = shuffled.map(|(key, value)| put_op(&table, key.clone(), value.clone()));
        assert_eq!(commit(backend, ops.collect()).await.unwrap(), Commit::Applied);
        Self { table, rows, absent }
    }

    /// Every key, held or not.
    pub(crate) fn keys(&self) -> Vec<Cell> {
        self.rows.keys().chain(&self.absent).cloned().collect()
    }
}

fn texts() -> Vec<Cell> {
    let odd = ["", "\u{1}", " ", "A", "a", "a ", "aa", "á", "a\u{301}", "Z", "ä", "ß", "\u{7f}"];
    let more = ["\u{80}", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}"];
    let last = ["\u{10ffff}", "\u{10ffff}\u{10ffff}", "_", "%", "'", "\"", "\\"];
    odd.iter().chain(&more).chain(&last).map(|text| Cell::Text((*text).to_owned())).collect()
}

fn blobs() -> Vec<Cell> {
    let mut blobs =
        vec![vec![], vec![0, 0], vec![0, 1], vec![0, 255], vec![255, 255], vec![255, 0]];
    blobs.extend((0..=255).step_by(15).map(|byte| vec![byte]));
    blobs.into_iter().map(Cell::Bytes).collect()
}

fn integers() -> Vec<Cell> {
    let mut integers = vec![i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX, 1 << 53, (1 << 53) + 1];
    integers.extend([-256, -255, -2, -1, 0, 1, 9, 10, 11, 99, 100, 255, 256, 65_536]);
    integers.into_iter().map(Cell::Integer).collect()
}

fn reals() -> Vec<Cell> {
    let tiny = 5e-324;
    let mut reals = vec![f64::NEG_INFINITY, f64::MIN, -1e10, -1.5, -1.0, -tiny, 0.0, tiny, 0.1];
    reals.extend([0.2, 1.0, 1.0 + f64::EPSILON, 1.5, 2.0, 10.0, 1e10, f64::MAX, f64::INFINITY]);
    reals.into_iter().map(Cell::Real).collect()
}

fn number(n: usize) -> Cell {
    Cell::Integer(i64::try_from(n).expect("a small number"))
}

fn half(n: usize) -> f64 {
    f64::from(u32::try_from(n).expect("a small number")) / 2.0
}
