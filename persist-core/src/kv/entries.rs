//! What is in a dictionary.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};

use super::store::{KvRead, Listed, Listing, Stat};
use super::{Error, KeyPath, Kv, Pending, Result};

/// How many entries are asked for at once.
const PAGE: usize = 1024;

/// What a key is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bytes.
    Value,
    /// Entries.
    Dictionary,
}

/// An entry of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The whole key, from the top.
    pub key: KeyPath,
    /// What it is bound to.
    pub kind: Kind,
}

/// The entries of a dictionary, page by page, made by [`Kv::entries`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Entries(BoxStream<'static, Result<Entry>>);

impl Kv {
    /// The entries of a dictionary, by the bytes of their segments, all of one moment. It costs
    /// what the dictionary has of entries, whatever is in them and below them.
    ///
    /// # Errors
    /// `NotFound`, `DictionaryExpected`, `InvalidKey`, `Storage`.
    pub fn list(&self, key: impl Into<KeyPath>) -> Pending<Vec<Entry>> {
        self.verb("list", key, |kv, key| async move {
            let page = page(&*kv.store, &key, None).await?;
            if page.rest.is_none() {
                return entries(&key, page);
            }
            kv.fixed(&key, list).await
        })
    }

    /// The entries of a dictionary, for one that is too large to be held. An entry that is there
    /// throughout comes once; nothing is held between pages.
    ///
    /// Its first item may be an error, as of [`list`](Self::list), after which it ends; one name
    /// that cannot be read is an item, after which it goes on.
    pub fn entries(&self, key: impl Into<KeyPath>) -> Entries {
        let walk =
            Walk { kv: self.clone(), key: key.into(), next: Next::Begin, page: VecDeque::new() };
        Entries(
            stream::unfold(walk, async |mut walk| walk.next().await.map(|item| (item, walk)))
                .boxed(),
        )
    }
}

/// The entries in one state.
pub(super) fn list<'a>(
    state: &'a dyn KvRead,
    key: &'a KeyPath,
) -> BoxFuture<'a, Result<Vec<Entry>>> {
    Box::pin(async move {
        let all = all(state, key).await?.into_iter();
        Ok(all.map(|listed| entry(key, &listed)).collect())
    })
}

/// The entries in one state, with what is known of them.
pub(super) async fn all(state: &dyn KvRead, key: &KeyPath) -> Result<Vec<Listed>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = page(state, key, after.as_deref()).await?;
        for listed in page.entries {
            all.push(listed?);
        }
        after = page.rest;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// A page of entries.
pub(super) async fn page(
    state: &dyn KvRead,
    key: &KeyPath,
    after: Option<&str>,
) -> Result<Listing> {
    loop {
        if let Some(page) = state.list(key, after, PAGE).await? {
            return Ok(page);
        }
        match state.stat(key).await? {
            // It was made a moment ago.
            Stat::Dictionary(_) => {}
            Stat::Value(_) => return Err(Error::DictionaryExpected(key.clone())),
            Stat::Through(value) => return Err(Error::DictionaryExpected(value)),
            Stat::Absent => return Err(Error::NotFound(key.clone())),
        }
    }
}

fn entries(key: &KeyPath, page: Listing) -> Result<Vec<Entry>> {
    page.entries.into_iter().map(|listed| Ok(entry(key, &listed?))).collect()
}

fn entry(above: &KeyPath, listed: &Listed) -> Entry {
    let kind = match listed.stat {
        Stat::Dictionary(_) => Kind::Dictionary,
        _ => Kind::Value,
    };
    Entry { key: above.child(&listed.segment), kind }
}

/// A stream of entries between two items.
struct Walk {
    kv: Kv,
    key: KeyPath,
    next: Next,
    page: VecDeque<crate::Result<Listed>>,
}

enum Next {
    Begin,
    After(String),
    End,
}

impl Walk {
    async fn next(&mut self) -> Option<Result<Entry>> {
        loop {
            if let Some(listed) = self.page.pop_front() {
                let entry = listed.map(|listed| entry(&self.key, &listed));
                return Some(entry.map_err(|error| error.during("entries").into()));
            }
            let page = match std::mem::replace(&mut self.next, Next::End) {
                Next::Begin => self.turn(None).await,
                Next::After(segment) => self.turn(Some(&segment)).await,
                Next::End => return None,
            };
            match page {
                Ok(page) => {
                    self.next = page.rest.map_or(Next::End, Next::After);
                    self.page = page.entries.into();
                }
                Err(error) => return Some(Err(error.during("entries"))),
            }
        }
    }

    async fn turn(&self, after: Option<&str>) -> Result<Listing> {
        self.key.check()?;
        let store = Arc::clone(self.kv.usable()?);
        page(&*store, &self.key, after).await
    }
}

impl Stream for Entries {
    type Item = Result<Entry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").finish_non_exhaustive()
    }
}
