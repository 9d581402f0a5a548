//! Which changes concern a key.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};

use super::Inner;
use super::rows::{Entry, id_cell};
use super::way::End;
use crate::Result;
use crate::backend::{Cell, Changes, Hint, KeyRange};
use crate::kv::KeyPath;

/// What is listened to for one key.
struct Listening {
    inner: Arc<Inner>,
    key: KeyPath,
    hints: Changes,
    /// The rows of the way to the key as it was met last, and those of its entries. Where nothing
    /// was changed that they name, the way is still the same.
    concerns: Option<Concerns>,
}

/// The changes that may concern a key, from now on.
pub(super) fn changes(inner: Arc<Inner>, key: KeyPath) -> BoxStream<'static, ()> {
    let Ok(hints) = inner.open().and_then(|tables| Ok(tables.entries.backend()?.changes())) else {
        return stream::empty().boxed();
    };
    let closed = {
        let mut closed = inner.closed.subscribe();
        async move { drop(closed.wait_for(|closed| *closed).await) }
    };
    let persist = inner.tables.persist.clone();
    let ended = async move { persist.closed().await };
    let listening = Listening { inner, key, hints, concerns: None };
    let heard = stream::unfold(listening, async |mut listening| {
        listening.next().await.map(|()| ((), listening))
    });
    heard.take_until(closed.boxed()).take_until(ended.boxed()).boxed()
}

impl Listening {
    async fn next(&mut self) -> Option<()> {
        loop {
            let hint = self.hints.next().await?;
            if self.concerned(&hint).await {
                return Some(());
            }
        }
    }

    async fn concerned(&mut self, hint: &Hint) -> bool {
        let entries = self.inner.tables.entries.name();
        let keys = match hint {
            Hint::Keys { table, keys } if &**table == entries => keys,
            Hint::Keys { .. } => return false,
            Hint::Table(table) if &**table != entries => return false,
            Hint::Table(_) | Hint::Everything => {
                self.learn().await;
                return true;
            }
        };
        let concerned = self.concerns.as_ref().is_none_or(|(way, below)| {
            let below = |key| below.as_ref().is_some_and(|below| below.contains(key));
            keys.iter().any(|key| way.contains(key) || below(key))
        });
        if concerned {
            self.learn().await;
        }
        concerned
    }

    /// Learns the way anew. What is learned now is newer than any hint that was heard.
    async fn learn(&mut self) {
        self.concerns = concerns(Arc::clone(&self.inner), self.key.clone()).await.ok();
    }
}

type Concerns = (Vec<Cell>, Option<KeyRange>);

async fn concerns(inner: Arc<Inner>, key: KeyPath) -> Result<Concerns> {
    let tx = inner.open()?.persist.begin(true)?;
    let way = inner.tables.walk(&tx, &key).await?;
    let below = match way.end {
        End::Here(Entry::Dictionary { id, .. }) => Some(KeyRange::prefix(id_cell(id))),
        _ => None,
    };
    Ok((way.rows.into_iter().map(|(key, _)| key).collect(), below))
}
