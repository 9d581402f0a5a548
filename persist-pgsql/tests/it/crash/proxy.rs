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
/// No answer to anything reaches the client.
const ANSWERS: u8 = 3;

pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    plan: AtomicU8,
    commits: AtomicUsize,
    /// How often all connections were cut.
    cuts: watch::Sender<usize>,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            plan: AtomicU8::new(NOTHING),
            commits: AtomicUsize::new(0),
            cuts: watch::Sender::new(0),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
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

    pub(crate) fn cut_all_answers(&self) {
        self.state.plan.store(ANSWERS, SEQ);
    }

    /// How many commits met a cut.
    pub(crate) fn commits_cut(&self) -> usize {
        self.state.commits.load(SEQ)
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
            if is_commit && self.next(AFTER) {
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
            let answers = || self.plan.compare_exchange(ANSWERS, NOTHING, SEQ, SEQ).is_ok();
            if read == 0 || deaf.load(SEQ) || answers() {
                return;
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    }

    /// Whether this is what was planned, which it then is no more.
    fn next(&self, plan: u8) -> bool {
        let planned = self.plan.compare_exchange(plan, NOTHING, SEQ, SEQ).is_ok();
        if planned {
            self.commits.fetch_add(1, SEQ);
        }
        planned
    }
}
