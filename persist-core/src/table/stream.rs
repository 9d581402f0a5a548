//! Streams over the rows of a range, page by page.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use futures_util::future::BoxFuture;

use super::RawTable;
use crate::backend::{Direction, KeyRange, Marking, Page, Read, Row};
use crate::column::{Column, KeyColumn, decode_row};
use crate::give_way::give_way;
use crate::{Error, Result};

/// How many rows are asked for at first: who wants few of many need not have said so.
const FIRST_PAGE: usize = 256;

/// How many are asked for at once then.
const PAGE: usize = 1024;

/// Where rows are read.
pub(crate) enum Source {
    /// The store as it is at each page.
    Live,
    /// One state, which the first read fixes.
    SnapshotWanted,
    /// One state.
    Snapshot(Arc<dyn Read>),
}

impl Source {
    /// Takes the snapshot if one is wanted.
    pub(crate) async fn settle(&mut self, raw: &RawTable) -> Result<()> {
        if matches!(self, Self::SnapshotWanted) {
            *self = Self::Snapshot(raw.backend()?.snapshot().await?);
        }
        Ok(())
    }

    pub(crate) fn read<'r>(&'r self, raw: &'r RawTable) -> Result<&'r dyn Read> {
        let live = raw.backend()?;
        Ok(if let Self::Snapshot(snapshot) = self { &**snapshot } else { live })
    }
}

/// The rows of a range, as cells.
pub(crate) struct Rows {
    raw: Arc<RawTable>,
    direction: Direction,
    /// How many rows may still be given, if there is a limit.
    left: Option<u64>,
    /// How many are asked for next.
    page: usize,
    buffer: std::vec::IntoIter<Row>,
    next: Next,
}

enum Next {
    /// Nothing is under way; this is still to be read.
    Read(Source, KeyRange),
    /// A page is under way; its source comes back with it.
    Reading(BoxFuture<'static, (Source, Result<Page>)>),
    End,
}

impl Rows {
    pub(crate) fn new(
        raw: Arc<RawTable>,
        bounds: Result<Option<KeyRange>>,
        direction: Direction,
        limit: Option<u64>,
        source: Source,
    ) -> Self {
        let (rows, next) = match bounds {
            Ok(Some(range)) => (Vec::new(), Next::Read(source, range)),
            Ok(None) => (Vec::new(), Next::End),
            Err(error) => (vec![Err(error)], Next::End),
        };
        Self { raw, direction, left: limit, page: FIRST_PAGE, buffer: rows.into_iter(), next }
    }

    pub(crate) fn raw(&self) -> &RawTable {
        &self.raw
    }

    fn read(&mut self, mut source: Source, range: KeyRange) -> Next {
        let raw = Arc::clone(&self.raw);
        let direction = self.direction;
        let page = std::mem::replace(&mut self.page, PAGE);
        let limit = self.left.map_or(page, |left| usize::try_from(left).unwrap_or(page).min(page));
        Next::Reading(Box::pin(async move {
            give_way().await;
            let page = async {
                source.settle(&raw).await?;
                let read = source.read(&raw)?;
                Ok(read.scan(raw.handle(), &range, direction, limit, Marking::Skip).await?.value)
            };
            let page = page.await;
            (source, page)
        }))
    }

    /// A row that is there already.
    #[inline]
    fn buffered(&mut self) -> Option<Row> {
        match &mut self.left {
            None => self.buffer.next(),
            Some(0) => None,
            Some(left) => {
                let row = self.buffer.next();
                *left -= u64::from(row.is_some());
                row
            }
        }
    }

    /// Reads on until there is a row again; whether there is one.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        while self.left != Some(0) {
            if !self.buffer.as_slice().is_empty() {
                return Poll::Ready(true);
            }
            self.next = match &mut self.next {
                Next::Reading(page) => {
                    let (source, page) = ready!(page.as_mut().poll(cx));
                    let Page { rows, rest } =
                        page.unwrap_or_else(|error| Page { rows: vec![Err(error)], rest: None });
                    self.buffer = rows.into_iter();
                    rest.map_or(Next::End, |rest| Next::Read(source, rest))
                }
                other => match std::mem::replace(other, Next::End) {
                    Next::Read(source, range) => self.read(source, range),
                    Next::Reading(_) | Next::End => break,
                },
            };
        }
        Poll::Ready(false)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("table", &self.raw.name()).finish_non_exhaustive()
    }
}

/// The bindings of a range, made by [`Range::stream`](super::Range::stream).
#[must_use = "a stream does nothing unless it is polled"]
#[derive(Debug)]
pub struct Entries<K, V> {
    rows: Rows,
    columns: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Entries<K, V> {
    pub(super) fn new(rows: Rows) -> Self {
        Self { rows, columns: PhantomData }
    }
}

impl<K: KeyColumn, V: Column> Stream for Entries<K, V> {
    type Item = Result<(K::Owned, V::Owned)>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.rows.buffered() {
                // Not by way of closures: between them, rows are moved as a whole.
                let error = match row {
                    Ok((key, value)) => match decode_row::<K, V>(key, value) {
                        Ok(entry) => return Poll::Ready(Some(Ok(entry))),
                        Err(error) => error,
                    },
                    Err(error) => error,
                };
                return Poll::Ready(Some(Err(self.rows.raw().blame("range", error))));
            }
            if !ready!(self.rows.poll_more(cx)) {
                return Poll::Ready(None);
            }
        }
    }
}

/// The bindings of a range in vectors, made by [`Range::pages`](super::Range::pages).
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<K: KeyColumn, V: Column> {
    entries: Entries<K, V>,
    size: usize,
    page: Vec<(K::Owned, V::Owned)>,
    /// An error that was met while a page was under way, and comes after it.
    failed: Option<Error>,
}

impl<K: KeyColumn, V: Column> Pages<K, V> {
    pub(super) fn new(entries: Entries<K, V>, size: usize) -> Self {
        Self { entries, size: size.max(1), page: Vec::new(), failed: None }
    }
}

impl<K: KeyColumn, V: Column> Unpin for Pages<K, V> {}

impl<K: KeyColumn, V: Column> Stream for Pages<K, V> {
    type Item = Result<Vec<(K::Owned, V::Owned)>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            match ready!(Pin::new(&mut self.entries).poll_next(cx)) {
                Some(Ok(entry)) => {
                    self.page.push(entry);
                    if self.page.len() < self.size {
                        continue;
                    }
                }
                Some(Err(error)) if self.page.is_empty() => return Poll::Ready(Some(Err(error))),
                Some(Err(error)) => self.failed = Some(error),
                None if self.page.is_empty() => return Poll::Ready(None),
                None => {}
            }
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.page))));
        }
    }
}

impl<K: KeyColumn, V: Column> fmt::Debug for Pages<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("size", &self.size).finish_non_exhaustive()
    }
}
