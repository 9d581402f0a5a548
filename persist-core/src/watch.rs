//! Watches: being told what changed, whoever changed it.

mod callback;
mod watching;

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeBounds;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;

pub use callback::WatchGuard;
pub(crate) use watching::Watching;

use crate::backend::{Cell, KeyRange};
use crate::column::{Column, KeyColumn, decode_key, decode_value, encode_key, encode_value};
use crate::table::{Range, Table};
use crate::{Ref, Result, Variable};
use watching::Driven;

/// What became of a value, compared with what this watcher last knew of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// It is there; the watcher knew of none.
    Added(T),
    /// It is another one.
    Updated {
        /// What this watcher last knew.
        old: T,
        /// What is there now.
        new: T,
    },
    /// It is gone.
    Removed {
        /// What this watcher last knew.
        old: T,
    },
}

/// The changes of a range, made by [`Table::watch`] and [`Range::watch`].
///
/// Each settled last state arrives; states between may be merged, and a value that is set to what
/// it is says nothing. Changes are compared with what *this* watcher last knew: it takes a look
/// when it is first polled (or by [`ready`](Self::ready)) and reports what changes from then on,
/// unless [`knowing`](Self::knowing) says otherwise. A slow watcher holds up nobody. It keeps what
/// it knows in memory, so a range may hold 100,000 keys and 64 MiB; more is `TooLarge`, and ends
/// the stream. An error that passes is an item, after which the stream goes on. It ends when the
/// handle or the store is closed.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # use persist_core::{Change, Table, column::{Integer, Text}};
/// # let store = persist_mem::Options::new().open().await?;
/// # let flags: Table<Text, Integer> = store.table("flags").await?;
/// use futures_util::TryStreamExt;
///
/// let mut seen = flags.range(..).prefix("beta/").watch();
/// seen.ready().await?;
/// flags.insert("beta/dark", 1).await?;
/// let (name, change) = seen.try_next().await?.expect("the store is open");
/// assert_eq!((name.as_str(), change), ("beta/dark", Change::Added(1)));
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[must_use = "a watch does nothing unless it is polled"]
pub struct Watch<K, V> {
    driven: Driven,
    columns: PhantomData<fn() -> (K, V)>,
}

/// The changes of one value, made by [`Table::watch_key`], [`Variable::watch`] and [`Ref::watch`].
/// What is said of [`Watch`] holds here too.
#[must_use = "a watch does nothing unless it is polled"]
pub struct WatchValue<T> {
    driven: Driven,
    decode: fn(Cell) -> Result<T>,
}

impl<K: KeyColumn, V: Column> Table<K, V> {
    /// The changes of the keys between two bounds, by whatever task or process.
    pub fn watch<'a>(&self, bounds: impl RangeBounds<K::Borrowed<'a>>) -> Watch<K, V> {
        self.range(bounds).watch()
    }

    /// The changes of one key, by whatever task or process.
    pub fn watch_key(&self, key: K::Borrowed<'_>) -> WatchValue<V::Owned> {
        let key = encode_key::<K>(key).map(KeyRange::one);
        let watching = Watching::new(Arc::clone(self.raw()), key.map(Some));
        WatchValue { driven: Driven::new(watching), decode: decode_value::<V> }
    }
}

impl<K: KeyColumn, V: Column> Range<K, V> {
    /// The changes of the range, by whatever task or process. Direction, limit and snapshot do not
    /// matter to it.
    pub fn watch(self) -> Watch<K, V> {
        let (raw, bounds) = self.into_bounds();
        Watch { driven: Driven::new(Watching::new(raw, bounds)), columns: PhantomData }
    }
}

impl<T: Send + 'static> Variable<T> {
    /// The changes of the value, by whatever task or process.
    pub fn watch(&self) -> WatchValue<T> {
        let range = Ok(Some(KeyRange::one(self.key().clone())));
        let watching = Watching::new(Arc::clone(self.raw()), range);
        WatchValue { driven: Driven::new(watching), decode: self.decoder() }
    }
}

impl<T> Ref<T>
where
    T: Clone + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    /// The changes of the value, by whatever task or process.
    ///
    /// # Errors
    /// `Misuse` for a volatile reference.
    pub fn watch(&self) -> Result<WatchValue<T>> {
        self.variable().map(Variable::watch)
    }
}

impl<K: KeyColumn, V: Column> Watch<K, V> {
    /// Begins from these values instead of from what is there at the first poll. With none,
    /// everything that is there is reported as added.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`.
    pub fn knowing<'a>(
        mut self,
        known: impl IntoIterator<Item = (K::Borrowed<'a>, V::Borrowed<'a>)>,
    ) -> Result<Self> {
        let known = known.into_iter().map(|(key, value)| {
            let key = encode_key::<K>(key)?;
            let value = encode_value::<V>(value).map_err(|error| error.key(&key))?;
            Ok((key, value))
        });
        self.driven.know(known.collect::<Result<_>>()?);
        Ok(self)
    }

    /// Takes the look that changes are compared with, unless it has been taken.
    ///
    /// # Errors
    /// `TooLarge`, `Closed`, and what the engine reports.
    pub async fn ready(&mut self) -> Result<()> {
        self.driven.ready().await
    }
}

impl<T> WatchValue<T> {
    /// Takes the look that changes are compared with, unless it has been taken.
    ///
    /// # Errors
    /// `Closed`, and what the engine reports.
    pub async fn ready(&mut self) -> Result<()> {
        self.driven.ready().await
    }
}

impl<K: KeyColumn, V: Column> Stream for Watch<K, V> {
    type Item = Result<(K::Owned, Change<V::Owned>)>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.driven.poll(cx));
        Poll::Ready(item.map(|item| {
            let (key, change) = item?;
            let change = change.decode(decode_value::<V>).map_err(|error| error.key(&key));
            let decoded = change.and_then(|change| Ok((decode_key::<K>(key)?, change)));
            decoded.map_err(|error| self.driven.blame(error))
        }))
    }
}

impl<T> Stream for WatchValue<T> {
    type Item = Result<Change<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.driven.poll(cx));
        Poll::Ready(item.map(|item| {
            let (key, change) = item?;
            let change = change.decode(self.decode).map_err(|error| error.key(&key));
            change.map_err(|error| self.driven.blame(error))
        }))
    }
}

impl Change<Cell> {
    fn decode<T>(self, decode: impl Fn(Cell) -> Result<T>) -> Result<Change<T>> {
        Ok(match self {
            Self::Added(new) => Change::Added(decode(new)?),
            Self::Updated { old, new } => Change::Updated { old: decode(old)?, new: decode(new)? },
            Self::Removed { old } => Change::Removed { old: decode(old)? },
        })
    }
}

impl<K, V> fmt::Debug for Watch<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WatchValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchValue").finish_non_exhaustive()
    }
}
