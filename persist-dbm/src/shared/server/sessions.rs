//! Which clients are connected.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The connection of each client; one client has one.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<u128, Arc<Session>>>);

/// What is being done on a connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Cancelled when nothing more is to be read from the connection.
    pub(super) over: CancellationToken,
    /// The requests that are being worked on, and the reading of them.
    pub(super) work: TaskTracker,
}

impl Sessions {
    /// Begins the session of a client, when all that it asked on an earlier connection has been
    /// done or will never be: what it then sends again cannot meet its first sending.
    pub(super) async fn begin(&self, client: u128) -> Arc<Session> {
        let session = Arc::new(Session::default());
        let earlier = self.0.lock().insert(client, Arc::clone(&session));
        if let Some(earlier) = earlier {
            earlier.over.cancel();
            earlier.work.close();
            earlier.work.wait().await;
        }
        session
    }

    /// Ends the session of a client, unless the client has begun another one.
    pub(super) fn end(&self, client: u128, session: &Arc<Session>) {
        let mut sessions = self.0.lock();
        if sessions.get(&client).is_some_and(|current| Arc::ptr_eq(current, session)) {
            sessions.remove(&client);
        }
    }

    /// Whether the client is connected.
    pub(super) fn has(&self, client: u128) -> bool {
        self.0.lock().contains_key(&client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_begins_when_the_earlier_one_has_done_its_work() {
        let sessions = Arc::new(Sessions::default());
        let earlier = sessions.begin(1).await;
        let (finish, finished) = tokio::sync::oneshot::channel::<()>();
        earlier.work.spawn(finished);
        let again = Arc::clone(&sessions);
        let mut later = tokio::spawn(async move { again.begin(1).await });
        earlier.over.cancelled().await;
        tokio::task::yield_now().await;
        assert!(futures_util::poll!(&mut later).is_pending(), "the earlier one still works");
        // Another client does not wait.
        sessions.begin(2).await;
        finish.send(()).unwrap();
        let later = later.await.unwrap();
        // The end of the earlier one is not that of the later one.
        sessions.end(1, &earlier);
        assert!(sessions.has(1));
        sessions.end(1, &later);
        assert!(!sessions.has(1));
    }
}
