//! A proxy that cuts connections, at chosen moments.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst as SEQ;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What begins each simple query of the protocol that is, or ends with, a commit.
const COMMIT: &[u8] = b"COMMIT\0";

const NOTHING: u8 = 0;
/// The next commit does not reach the server.
const BEFORE: u8 = 1;
/// The answer to the next commit does not reach the client.
const AFTER: u8 = 2;
/// The answer to the next statement with [`WORD`] in it does not reach the client.
const WORD_AFTER: u8 = 3;

/// What [`Proxy::cut_after_word`] looks for among what is sent.
pub(crate) const WORD: &str = "word-to-cut-after";

pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    plan: AtomicU8,
    cut: AtomicUsize,
    /// How many connections more are closed as soon as they are made.
    refusals: AtomicUsize,
    /// How often all connections were cut.
    cuts: watch::Sender<usize>,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            plan: AtomicU8::new(NOTHING),
            cut: AtomicUsize::new(0),
            refusals: AtomicUsize::new(0),
            cuts: watch::Sender::new(0),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                if state.refuses() {
                    // What is closed before it was read is reset, which is another error.
                    let _ = client.read(&mut [0; 64]).await;
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(async move { state.join(client, server).await });
            }
        });
        Self { port, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all connections now.
    pub(crate) fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub(crate) fn cut_before_commit(&self) {
        self.state.plan.store(BEFORE, SEQ);
    }

    pub(crate) fn cut_after_commit(&self) {
        self.state.plan.store(AFTER, SEQ);
    }

    pub(crate) fn cut_after_word(&self) {
        self.state.plan.store(WORD_AFTER, SEQ);
    }

    /// Closes so many connections as soon as they are made.
    pub(crate) fn refuse(&self, connections: usize) {
        self.state.refusals.store(connections, SEQ);
    }

    /// How many connections are still to be refused.
    pub(crate) fn refusals(&self) -> usize {
        self.state.refusals.load(SEQ)
    }

    /// How many commits, or words, met a cut.
    pub(crate) fn were_cut(&self) -> usize {
        self.state.cut.load(SEQ)
    }
}

impl State {
    async fn join(&self, client: TcpStream, server: TcpStream) {
        let mut cuts = self.cuts.subscribe();
        let (client_read, client_write) = client.into_split();
        let (server_read, server_write) = server.into_split();
        let deaf = AtomicBool::new(false);
        // Whichever ends first drops all four halves, which closes both sockets.
        tokio::select! {
            () = self.upwards(client_read, server_write, &deaf) => {}
            () = self.downwards(server_read, client_write, &deaf) => {}
            _ = cuts.changed() => {}
        }
    }

    async fn upwards(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, deaf: &AtomicBool) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from.read(&mut buffer).await.unwrap_or(0);
            if read == 0 {
                return;
            }
            let sent = &buffer[..read];
            let is_commit = sent.first() == Some(&b'Q') && sent.ends_with(COMMIT);
            if is_commit && self.next(BEFORE) {
                return;
            }
            let has_word = sent.windows(WORD.len()).any(|part| part == WORD.as_bytes());
            if is_commit && self.next(AFTER) || has_word && self.next(WORD_AFTER) {
                deaf.store(true, SEQ);
            }
            if to.write_all(sent).await.is_err() {
                return;
            }
        }
    }

    async fn downwards(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, deaf: &AtomicBool) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from.read(&mut buffer).await.unwrap_or(0);
            if read == 0 || deaf.load(SEQ) {
                return;
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    }

    fn refuses(&self) -> bool {
        self.refusals.fetch_update(SEQ, SEQ, |left| left.checked_sub(1)).is_ok()
    }

    /// Whether this is what was planned, which it then is no more.
    fn next(&self, plan: u8) -> bool {
        let planned = self.plan.compare_exchange(plan, NOTHING, SEQ, SEQ).is_ok();
        if planned {
            self.cut.fetch_add(1, SEQ);
        }
        planned
    }
}
