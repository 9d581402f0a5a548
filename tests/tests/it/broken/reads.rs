//! Reads of keys that do not show what is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_core::backend::{Backend, Cell, Marked, Marking, TableHandle};
use persist_core::{Error, ErrorKind, Result};

use crate::broken::over_mem;
use crate::fault::Fault;

/// Answers of `get`, changed.
struct Twisted<F>(F);

type Answer = Marked<Vec<Option<Cell>>>;

impl<F> Fault for Twisted<F>
where
    F: Fn(&TableHandle, &[Cell], Result<Answer>) -> Result<Answer> + Send + Sync + 'static,
{
    fn get<'a>(
        &'a self,
        inner: &'a Arc<dyn Backend>,
        table: &'a TableHandle,
        keys: &'a [Cell],
        marking: Marking,
    ) -> BoxFuture<'a, Result<Answer>> {
        inner.get(table, keys, marking).map(|read| (self.0)(table, keys, read)).boxed()
    }
}

/// A stale read: what was read once is what is read.
fn cached() -> impl Fn(&TableHandle, &[Cell], Result<Answer>) -> Result<Answer> {
    let cache: Mutex<HashMap<(u64, Cell), Cell>> = Mutex::default();
    move |table, keys, read| {
        let mut read = read?;
        let mut cache = cache.lock().unwrap();
        for (key, found) in keys.iter().zip(&mut read.value) {
            if let Some(cell) = found.clone() {
                *found = Some(cache.entry((table.id(), key.clone())).or_insert(cell).clone());
            }
        }
        Ok(read)
    }
}

/// Absent keys are left out of the answer.
fn dense(_: &TableHandle, _: &[Cell], read: Result<Answer>) -> Result<Answer> {
    let mut read = read?;
    read.value.retain(Option::is_some);
    if read.value.is_empty() {
        read.value.push(None);
    }
    Ok(read)
}

/// Empty values are taken for absence.
fn empty_is_absent(_: &TableHandle, _: &[Cell], read: Result<Answer>) -> Result<Answer> {
    let mut read = read?;
    for found in &mut read.value {
        *found = found.take().filter(|cell| !cell.is_empty());
    }
    Ok(read)
}

/// No mark comes even if it was asked for.
fn forgets_marks(_: &TableHandle, _: &[Cell], read: Result<Answer>) -> Result<Answer> {
    Ok(Marked::plain(read?.value))
}

/// A dropped table is an empty one.
fn gone_is_empty(_: &TableHandle, keys: &[Cell], read: Result<Answer>) -> Result<Answer> {
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(Marked::plain(vec![None; keys.len()]))
        }
        other => other,
    }
}

/// Large answers are refused.
fn timid(_: &TableHandle, _: &[Cell], read: Result<Answer>) -> Result<Answer> {
    let large = |found: &Option<Cell>| found.as_ref().is_some_and(|cell| cell.len() > 1 << 20);
    match read {
        Ok(read) if read.value.iter().any(large) => {
            Err(Error::new(ErrorKind::TooLarge, "the value is too large to be read"))
        }
        other => other,
    }
}

over_mem!(stale_read: Twisted(cached())
    => visible: own_writes under_load references, objects: test_and_set);
over_mem!(dense_answers: Twisted(dense) => read: gets, scan: large_values);
over_mem!(absent_if_empty: Twisted(empty_is_absent) => data: empty);
over_mem!(unmarked: Twisted(forgets_marks) => read: gets, isolated: mark_of_keys);
over_mem!(empty_if_gone: Twisted(gone_is_empty)
    => read: of_what_is_gone, honest: dropped_tables);
over_mem!(small_answers: Twisted(timid) => data: value_limit, read: budget);
