//! What makes a commit that is sent twice be applied once.
//!
//! Every commit that writes carries one more write, of its sequence number into its slot, a row
//! of the table [`TABLE`]. So it is known whether a commit was applied for as long as its client
//! may ask, whatever becomes of the server, at the price of one small row.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use persist_core::Result;
use persist_core::backend::{
    Backend, Batch, Cell, CellType, ColumnSpec, Direction, Expect, KeyRange, Marking, Op,
    TableHandle, TableSpec, Write,
};

use super::sessions::Sessions;
use crate::shared::wire::Token;

/// Where the tokens are.
pub(super) const TABLE: &str = "__persist_dbm_tokens";

/// How often the tokens of clients that ended without a goodbye are looked for.
pub(super) const SWEEP: Duration = Duration::from_mins(2);

/// How old they must be: far older than any client waits for a server.
const GRACE: Duration = Duration::from_mins(10);

/// How many rows are read at once.
const PAGE: usize = 1024;

/// The table of tokens.
#[derive(Debug)]
pub(super) struct Tokens(TableHandle);

impl Tokens {
    /// Opens the table in a store.
    pub(super) async fn of(store: &Arc<dyn Backend>) -> Result<Self> {
        let column = |codec: &str| ColumnSpec { cell: CellType::Bytes, codec: codec.to_owned() };
        let spec = TableSpec::new(TABLE, column("dbm-slot/1"), column("dbm-sequence/1"));
        Ok(Self(store.open_table(spec).await?))
    }

    /// The write that remembers a commit.
    pub(super) fn remember(&self, client: u128, token: Token) -> Op {
        self.remember_at(client, token, now())
    }

    fn remember_at(&self, client: u128, token: Token, time: Duration) -> Op {
        let value = [token.sequence.to_be_bytes(), time.as_secs().to_be_bytes()].concat();
        Op::Key {
            table: self.0.clone(),
            key: row(client, token.slot),
            expect: Expect::Any,
            write: Write::Put(Cell::Bytes(value)),
        }
    }

    /// Whether a commit was applied.
    pub(super) async fn applied(
        &self,
        store: &Arc<dyn Backend>,
        client: u128,
        token: Token,
    ) -> Result<bool> {
        let key = [row(client, token.slot)];
        let found = store.get(&self.0, &key, Marking::Skip).await?.value.pop().flatten();
        Ok(found.is_some_and(|found| sequence_and_time(&found).0 == Some(token.sequence)))
    }

    /// Forgets a client that will not come back.
    pub(super) async fn forget(&self, store: &Arc<dyn Backend>, client: u128) -> Result<()> {
        let range = KeyRange::prefix(Cell::Bytes(client.to_be_bytes().to_vec()));
        if store.count(&self.0, &range, Marking::Skip).await?.value > 0 {
            let op = Op::DeleteRange { table: self.0.clone(), range };
            store.commit(Batch { ops: vec![op] }).await?;
        }
        Ok(())
    }

    /// Forgets clients that ended without a goodbye, long ago.
    pub(super) async fn sweep(&self, store: &Arc<dyn Backend>, sessions: &Sessions) -> Result<()> {
        let mut newest: HashMap<u128, Duration> = HashMap::new();
        let mut left = Some(KeyRange::all());
        while let Some(range) = left {
            let page = store.scan(&self.0, &range, Direction::Forward, PAGE, Marking::Skip);
            let page = page.await?.value;
            for (key, value) in page.rows.into_iter().flatten() {
                let Some(client) = client(&key) else { continue };
                let time = sequence_and_time(&value).1.unwrap_or_default();
                let newest = newest.entry(client).or_default();
                *newest = time.max(*newest);
            }
            left = page.rest;
        }
        for (client, newest) in newest {
            if now().saturating_sub(newest) > GRACE && !sessions.has(client) {
                self.forget(store, client).await?;
            }
        }
        Ok(())
    }
}

/// The key of a slot: the client, then the slot.
fn row(client: u128, slot: u16) -> Cell {
    let mut key = client.to_be_bytes().to_vec();
    key.extend(slot.to_be_bytes());
    Cell::Bytes(key)
}

fn client(key: &Cell) -> Option<u128> {
    let Cell::Bytes(key) = key else { return None };
    Some(u128::from_be_bytes(*key.first_chunk()?))
}

fn sequence_and_time(value: &Cell) -> (Option<u64>, Option<Duration>) {
    let Cell::Bytes(value) = value else { return (None, None) };
    let number = |chunk: Option<&[u8; 8]>| chunk.map(|chunk| u64::from_be_bytes(*chunk));
    let time = number(value.last_chunk()).map(Duration::from_secs);
    (number(value.first_chunk()), time)
}

/// The time since 1970 by this machine's clock.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tokens_are_known_until_their_client_is_gone_for_long() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::Options::new(dir.path().join("store")).backend().await.unwrap();
        let tokens = Tokens::of(&store).await.unwrap();
        let token = |sequence, slot| Token { sequence, slot };
        let long_ago = now().saturating_sub(GRACE * 2);
        let ops = vec![
            tokens.remember(1, token(7, 0)),
            tokens.remember_at(2, token(7, 0), long_ago),
            tokens.remember_at(3, token(7, 0), long_ago),
            tokens.remember_at(4, token(7, 0), long_ago),
            tokens.remember(4, token(8, u16::MAX)),
        ];
        store.commit(Batch { ops }).await.unwrap();
        let known = async |client, sequence, slot| {
            tokens.applied(&store, client, token(sequence, slot)).await.unwrap()
        };
        assert!(known(1, 7, 0).await && !known(1, 8, 0).await && !known(1, 7, 1).await);

        let sessions = Sessions::default();
        sessions.begin(3).await;
        tokens.sweep(&store, &sessions).await.unwrap();
        assert!(known(1, 7, 0).await, "it is not old");
        assert!(!known(2, 7, 0).await, "its client is gone");
        assert!(known(3, 7, 0).await, "its client is connected");
        assert!(known(4, 7, 0).await, "its client wrote a while ago");

        tokens.forget(&store, 4).await.unwrap();
        assert!(!known(4, 7, 0).await && !known(4, 8, u16::MAX).await);
        assert!(known(3, 7, 0).await, "another client's");
    }
}
