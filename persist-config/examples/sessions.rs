//! Sessions that expire, in three tables that agree:
//! `cargo run --example sessions [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use persist_core::column::{Json, Pair, Postcard, Real, Text};
use persist_core::{Persist, Result, Table};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Session {
    user: String,
    expires: f64,
}

/// What the sessions of one user share.
#[derive(Default, Serialize, Deserialize)]
struct Group {
    sessions: BTreeSet<String>,
    requests: u64,
}

struct Sessions {
    store: Persist,
    by_id: Table<Text, Postcard<Session>>,
    /// Date and id, so that two sessions may expire at the same moment.
    by_expiry: Table<Pair<Real, Text>, Postcard<()>>,
    groups: Table<Text, Json<Group>>,
}

impl Sessions {
    async fn open(store: &Persist) -> Result<Self> {
        Ok(Self {
            by_id: store.table("sessions").await?,
            by_expiry: store.table("session_expiry").await?,
            groups: store.table("session_groups").await?,
            store: store.clone(),
        })
    }

    async fn begin(&self, user: &str, lasts: Duration) -> Result<String> {
        let id = Uuid::new_v4().to_string();
        let session = Session { user: user.to_owned(), expires: now() + lasts.as_secs_f64() };
        let begun = self.store.transact(async |tx| {
            let mut group = tx.get(&self.groups, user).await?.unwrap_or_default();
            group.sessions.insert(id.clone());
            tx.insert(&self.groups, user, &group)?;
            tx.insert(&self.by_id, &id, &session)?;
            tx.insert(&self.by_expiry, (session.expires, &id), &())
        });
        begun.await?;
        Ok(id)
    }

    /// Counts a request. One that comes too late does not bring the group back.
    async fn count(&self, user: &str) -> Result<Option<Group>> {
        let count = |group: Group| Group { requests: group.requests + 1, ..group };
        self.groups.update(user, |group| group.map(count)).await
    }

    /// Removes a session from every table; `false` if there is none.
    async fn end(&self, id: &str) -> Result<bool> {
        let ended = self.store.transact(async |tx| {
            let Some(Session { user, expires }) = tx.get(&self.by_id, id).await? else {
                return Ok(false);
            };
            let mut group = tx.get(&self.groups, &user).await?.unwrap_or_default();
            group.sessions.remove(id);
            if group.sessions.is_empty() {
                tx.remove(&self.groups, &user)?;
            } else {
                tx.insert(&self.groups, &user, &group)?;
            }
            tx.remove(&self.by_id, id)?;
            tx.remove(&self.by_expiry, (expires, id))?;
            Ok(true)
        });
        ended.await
    }

    /// Ends what has expired; how many there were.
    async fn sweep(&self) -> Result<usize> {
        let mut ended = 0;
        let mut expired = self.by_expiry.range(..(now(), "")).stream();
        while let Some(((_, id), ())) = expired.try_next().await? {
            ended += usize::from(self.end(&id).await?);
        }
        Ok(ended)
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open(shared::config("store.toml")?).await?;
    let sessions = Sessions::open(&store).await?;

    let current = sessions.begin("ann", Duration::from_hours(1)).await?;
    for _ in 0..3 {
        sessions.begin("bob", Duration::ZERO).await?;
    }
    println!("{} sessions", sessions.by_id.len().await?);
    println!("{} have expired", sessions.sweep().await?);
    println!("bob is here: {}", sessions.count("bob").await?.is_some());

    let ann = sessions.count("ann").await?.unwrap_or_default();
    println!("ann is here {} times, {} requests", ann.sessions.len(), ann.requests);
    for id in ann.sessions.iter().filter(|id| **id != current) {
        println!("logged out elsewhere: {}", sessions.end(id).await?);
    }
    println!("{} session, {} date", sessions.by_id.len().await?, sessions.by_expiry.len().await?);

    store.close().await?;
    Ok(())
}
