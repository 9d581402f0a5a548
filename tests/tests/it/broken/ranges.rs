//! Ranges that are read wrongly.

use std::ops::Bound;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::{
    Backend, Cell, Direction, KeyRange, Marked, Marking, Page, TableHandle,
};

use crate::broken::over_mem;
use crate::fault::Fault;

/// What is asked of the good backend instead.
#[derive(Clone)]
struct Asked {
    range: KeyRange,
    direction: Direction,
    limit: usize,
}

/// Asks something else, and changes the answer.
struct Twisted {
    ask: fn(&mut Asked),
    answer: fn(&Asked, &mut Page),
}

impl Twisted {
    const GOOD: Self = Self { ask: |_| {}, answer: |_, _| {} };
}

impl Fault for Twisted {
    fn scan<'a>(
        &'a self,
        inner: &'a Arc<dyn Backend>,
        table: &'a TableHandle,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<Page>>> {
        async move {
            let right = Asked { range: range.clone(), direction, limit };
            let mut asked = right.clone();
            (self.ask)(&mut asked);
            let Asked { range, direction, limit } = asked;
            let mut page = inner.scan(table, &range, direction, limit, marking).await?;
            (self.answer)(&right, &mut page.value);
            Ok(page)
        }
        .boxed()
    }
}

/// The range with other bounds, if something can lie between them.
fn with_bounds(range: &KeyRange, change: fn(Bound<Cell>) -> Bound<Cell>) -> KeyRange {
    let (lower, upper) = (range.lower().cloned(), range.upper().cloned());
    KeyRange::new(change(lower), change(upper)).unwrap_or_else(|| range.clone())
}

/// A wrong bound: `Excluded` is taken for `Included`.
fn includes_all(asked: &mut Asked) {
    asked.range = with_bounds(&asked.range, |bound| match bound {
        Bound::Excluded(key) => Bound::Included(key),
        other => other,
    });
}

fn excludes_all(asked: &mut Asked) {
    asked.range = with_bounds(&asked.range, |bound| match bound {
        Bound::Included(key) => Bound::Excluded(key),
        other => other,
    });
}

fn only_forward(asked: &mut Asked) {
    asked.direction = Direction::Forward;
}

fn without_limit(asked: &mut Asked) {
    asked.limit = usize::MAX;
}

/// The next page begins with the row that ended this one.
fn repeats_a_row(asked: &Asked, page: &mut Page) {
    let last = match page.rows.last() {
        Some(Ok((key, _))) => Bound::Included(key.clone()),
        _ => return,
    };
    if page.rest.is_some() && page.rows.len() > 1 {
        page.rest = match asked.direction {
            Direction::Forward => KeyRange::new(last, asked.range.upper().cloned()),
            Direction::Backward => KeyRange::new(asked.range.lower().cloned(), last),
        };
    }
}

/// Pages of few rows end the scan.
fn ends_early(_: &Asked, page: &mut Page) {
    if page.rows.len() > 1 {
        page.rest = None;
    }
}

/// The last row of a page is lost.
fn loses_a_row(_: &Asked, page: &mut Page) {
    if page.rest.is_some() && page.rows.len() > 1 {
        page.rows.pop();
    }
}

/// The order of a dictionary.
fn order_of_case(_: &Asked, page: &mut Page) {
    page.rows.sort_by_key(|row| match row {
        Ok((Cell::Text(key), _)) => key.to_lowercase(),
        _ => String::new(),
    });
}

over_mem!(wrong_bound: Twisted { ask: includes_all, ..Twisted::GOOD }
    => scan: bounds bounds_of_integers, read: scans);
over_mem!(wrong_inclusion: Twisted { ask: excludes_all, ..Twisted::GOOD }
    => scan: bounds_of_reals prefix_of_text);
over_mem!(one_way: Twisted { ask: only_forward, ..Twisted::GOOD }
    => scan: order_of_text limits);
over_mem!(boundless: Twisted { ask: without_limit, ..Twisted::GOOD } => read: scans);
over_mem!(repeated_row: Twisted { answer: repeats_a_row, ..Twisted::GOOD }
    => steady: present_throughout, scan: limits, read: scans);
over_mem!(early_end: Twisted { answer: ends_early, ..Twisted::GOOD }
    => steady: present_throughout, scan: large_values, objects: listing);
over_mem!(lost_row: Twisted { answer: loses_a_row, ..Twisted::GOOD }
    => scan: limits, read: budget, objects: listing);
over_mem!(folded_case: Twisted { answer: order_of_case, ..Twisted::GOOD } => scan: order_of_text);

/// Counts everything, whatever was asked.
struct CountsAll;

impl Fault for CountsAll {
    fn count<'a>(
        &'a self,
        inner: &'a Arc<dyn Backend>,
        table: &'a TableHandle,
        _: &'a KeyRange,
        marking: Marking,
    ) -> BoxFuture<'a, Result<Marked<u64>>> {
        async move { inner.count(table, &KeyRange::all(), marking).await }.boxed()
    }
}

over_mem!(counts_all: CountsAll => read: counts, scan: bounds);
