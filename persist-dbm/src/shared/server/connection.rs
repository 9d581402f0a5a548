//! One connection: greetings, then requests as they come and answers as they are ready.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use persist_core::backend::Hint;
use persist_core::{Durability, Error, ErrorKind, Result};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::budget::{Budget, Held};
use super::execute::{Asked, Snapshots};
use super::sessions::Session;
use super::tokens;
use super::{Server, Settings};
use crate::shared::frame::{self, Incoming, Outgoing};
use crate::shared::hello::{self, Strange};
use crate::shared::wire::{Answer, Call, Hello, Message, Request, Welcome};

/// How many answers and hints wait to be written. What makes more waits itself.
const QUEUE: usize = 256;

/// How long a client has to take its last answers.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What the parts of a connection share.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) server: Arc<Server>,
    pub(super) client: u128,
    /// Commits with a smaller sequence may have been applied already.
    pub(super) fresh_from: u64,
    pub(super) snapshots: Snapshots,
    pub(super) budget: Budget,
    session: Arc<Session>,
    listening: Mutex<Option<AbortHandle>>,
    out: mpsc::Sender<(Bytes, Option<Held>)>,
}

/// How the reading of a connection ended.
enum End {
    /// The client is gone.
    Lost,
    /// The client waits for answers to what it asked, and nothing more is asked.
    Over,
}

/// Serves one connection to its end.
pub(super) async fn serve(server: &Arc<Server>, stream: UnixStream) {
    let greeted = tokio::select! {
        greeted = greet(server, stream) => greeted,
        () = server.stopping.cancelled() => return,
    };
    let (mut incoming, outgoing, hello) = match greeted {
        Ok(Some(greeted)) => greeted,
        Ok(None) => return,
        Err(error) => return tracing::info!(%error, "a connection was refused"),
    };
    frame::widen(&mut incoming);
    let session = tokio::select! {
        session = server.sessions.begin(hello.client) => session,
        () = server.stopping.cancelled() => return,
    };
    converse(server, &session, &hello, incoming, outgoing).await;
    server.sessions.end(hello.client, &session);
}

/// Hears who the other side is. `None` if it is nobody of ours.
async fn greet(server: &Server, stream: UnixStream) -> Result<Option<(Incoming, Outgoing, Hello)>> {
    let user = stream.peer_cred().map_err(lost)?.uid();
    let (mut incoming, mut outgoing) = frame::greeting(stream);
    let Ok(Some(Ok(first))) = timeout(hello::PATIENCE, incoming.next()).await else {
        return Ok(None);
    };
    let hello = match hello::read::<Hello>(&first, "client") {
        Ok(hello) => hello,
        Err(Strange::Version(error)) => {
            outgoing.send(hello::other_version()).await.map_err(lost)?;
            return Err(error);
        }
        Err(Strange::Stranger) => return Ok(None),
    };
    if let Err(error) = admit(&server.settings, user, hello.durability) {
        let refused = Welcome::Refused(error.parts());
        outgoing.send(hello::greeting(&refused)?).await.map_err(lost)?;
        return Err(error);
    }
    Ok(Some((incoming, outgoing, hello)))
}

/// Whether a client is served.
fn admit(settings: &Settings, user: u32, durability: Durability) -> Result<()> {
    if let Some(owner) = settings.user
        && owner != user
    {
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "the server of this shared store belongs to user {owner} and serves no process of \
                 user {user}; run both as one user, or set `other_users` where the server is \
                 started"
            ),
        ));
    }
    if (durability, settings.durability) == (Durability::Full, Durability::Relaxed) {
        return Err(Error::new(
            ErrorKind::Config,
            "the server of this shared store was started with `durability = \"relaxed\"`, by \
             another program, and cannot promise \"full\"; set the same for all programs that \
             share the store",
        ));
    }
    Ok(())
}

async fn converse(
    server: &Arc<Server>,
    session: &Arc<Session>,
    hello: &Hello,
    incoming: Incoming,
    mut outgoing: Outgoing,
) {
    let Ok(welcome) = hello::greeting(&Welcome::Ready) else { return };
    if outgoing.send(welcome).await.is_err() {
        return;
    }
    let (out, queue) = mpsc::channel(QUEUE);
    let conversation = Arc::new(Conversation {
        server: Arc::clone(server),
        client: hello.client,
        fresh_from: hello.fresh_from,
        snapshots: Snapshots::default(),
        budget: Budget::default(),
        session: Arc::clone(session),
        listening: Mutex::new(None),
        out,
    });
    let mut writing = std::pin::pin!(write(queue, outgoing));
    // Tracked, so that no later session of this client begins while this one still reads.
    let reading = session.work.track_future(read(Arc::clone(&conversation), incoming));
    let end = tokio::select! {
        end = reading => end,
        () = &mut writing => End::Lost,
        () = session.over.cancelled() => End::Lost,
        () = server.stopping.cancelled() => End::Over,
    };
    conversation.listen(None);
    if let End::Over = end {
        let rest = async {
            session.work.close();
            session.work.wait().await;
            drop(conversation);
            writing.await;
        };
        tokio::select! {
            // An error says that the client does not take its answers.
            _ = timeout(LAST_WORDS, rest) => {}
            () = session.over.cancelled() => {}
        }
    }
}

/// Takes requests until the client has no more.
async fn read(conversation: Arc<Conversation>, mut incoming: Incoming) -> End {
    while let Some(Ok(frame)) = incoming.next().await {
        let size = frame.len();
        let request = frame::decode(&frame);
        drop(frame);
        frame::trim_incoming(&mut incoming, size);
        let Request { id, call } = match request {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(%error, "a connection was ended");
                return End::Lost;
            }
        };
        match call {
            Call::Release(snapshot) => conversation.snapshots.release(snapshot),
            Call::Unlisten => conversation.listen(None),
            Call::Listen => conversation.begin_to_listen(id).await,
            Call::Goodbye => return conversation.goodbye(id).await,
            call => {
                // What a count holds until it is answered is next to nothing.
                let reads = matches!(call, Call::Get { .. } | Call::Scan { .. } | Call::Tables);
                let Some(held) = conversation.budget.hold(size, reads).await else {
                    return End::Lost;
                };
                Asked { conversation: Arc::clone(&conversation), id, held }.begin(call).await;
            }
        }
    }
    End::Lost
}

/// Writes what is ready, and sends it off when nothing more is.
async fn write(mut queue: mpsc::Receiver<(Bytes, Option<Held>)>, mut outgoing: Outgoing) {
    while let Some((frame, held)) = queue.recv().await {
        if outgoing.feed(frame).await.is_err() {
            return;
        }
        let now = queue.is_empty() || held.as_ref().is_some_and(Held::is_heavy);
        if now && frame::flush(&mut outgoing).await.is_err() {
            return;
        }
        drop(held);
    }
}

impl Conversation {
    /// Sends a message, with what it holds of the budget until it is written.
    pub(super) async fn say(&self, message: &Message, weight: usize, held: Option<Held>) {
        let frame = frame::encode(message, weight).or_else(|error| match message {
            Message::Answer { id, .. } => {
                let answer = Answer::Error(error.parts().into());
                frame::encode(&Message::Answer { id: *id, answer }, 0)
            }
            Message::Hint(_) => Err(error),
        });
        match frame {
            // Refused only when the connection is gone, and everybody knows.
            Ok(frame) => drop(self.out.send((frame, held)).await),
            Err(error) => tracing::error!(%error, "a message could not be sent"),
        }
    }

    /// Does a part of the work of this session beside the rest of it.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.session.work.spawn(work);
    }

    async fn begin_to_listen(self: &Arc<Self>, id: u64) {
        let mut changes = self.server.store.changes();
        self.say(&Message::Answer { id, answer: Answer::Listening }, 0, None).await;
        let conversation = Arc::downgrade(self);
        let listener = tokio::spawn(async move {
            while let Some(hint) = changes.next().await {
                let own = match &hint {
                    Hint::Keys { table, .. } | Hint::Table(table) => **table == *tokens::TABLE,
                    Hint::Everything => false,
                };
                let Some(conversation) = conversation.upgrade() else { return };
                if !own {
                    conversation.say(&Message::Hint(hint.into()), 0, None).await;
                }
            }
        });
        self.listen(Some(listener.abort_handle()));
    }

    fn listen(&self, listener: Option<AbortHandle>) {
        if let Some(earlier) = std::mem::replace(&mut *self.listening.lock(), listener) {
            earlier.abort();
        }
    }

    /// Ends well: everything asked before has been done and is durable, and nothing is remembered.
    async fn goodbye(&self, id: u64) -> End {
        self.listen(None);
        let forgotten = self.server.tokens.forget(&self.server.store, self.client).await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "the tokens of a client could not be removed");
        }
        let answer = match self.server.engine.flush().await {
            Ok(()) => Answer::Bye,
            Err(error) => Answer::Error(error.parts().into()),
        };
        self.say(&Message::Answer { id, answer }, 0, None).await;
        End::Over
    }
}

fn lost(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the connection was lost").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_admitted() {
        let settings = |user, durability| {
            let idle_time = Duration::ZERO;
            Settings { idle_time, durability, user }
        };
        let (full, relaxed) = (Durability::Full, Durability::Relaxed);
        assert!(admit(&settings(Some(7), full), 7, full).is_ok());
        assert!(admit(&settings(Some(7), full), 8, full).is_err());
        assert!(admit(&settings(Some(7), full), 0, full).is_err());
        assert!(admit(&settings(None, full), 8, full).is_ok());
        assert!(admit(&settings(None, full), 8, relaxed).is_ok());
        assert!(admit(&settings(None, relaxed), 8, relaxed).is_ok());
        assert!(admit(&settings(None, relaxed), 8, full).is_err());
    }
}
