//! What callers ask of the thread that has the connection, and what it has not answered yet.

use bytes::Bytes;
use persist_core::{Error, ErrorKind, Outcome, Result};
use tokio::sync::{mpsc, oneshot};

use crate::shared::wire::{Answer, Call};

/// Work for the thread.
pub(super) enum Job {
    /// A call, of a snapshot on its connection if one is given.
    Call { call: Call, connection: Option<u64>, reply: Reply },
    /// A snapshot has ended.
    Release { connection: u64, view: u64 },
    /// Somebody listens to hints.
    Listen,
    /// No more calls come.
    Close { reply: oneshot::Sender<Result<()>> },
}

pub(super) type Reply = oneshot::Sender<Result<Answered>>;

/// An answer, with what ends the snapshot that it may be.
pub(super) struct Answered {
    pub(super) answer: Answer,
    pub(super) lease: Option<Lease>,
}

/// A snapshot on the server, which ends when this is dropped, wherever it is by then.
#[derive(Debug)]
pub(super) struct Lease {
    connection: u64,
    view: u64,
    jobs: mpsc::UnboundedSender<Job>,
}

/// A call that was not answered yet.
pub(super) struct Pending {
    pub(super) frame: Bytes,
    pub(super) kind: Kind,
    reply: Reply,
    /// On how many connections it was sent.
    pub(super) sent: u32,
}

/// What a lost connection means for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It may be asked again, as often as one likes.
    Ask,
    /// It asks a snapshot, which is gone.
    View,
    /// It may be sent again: if its token is known, it was applied.
    Commit { slot: u16 },
    /// It must not be sent again.
    Once,
}

/// A call is given up when so many connections were lost under it: it may be what kills servers.
const MAX_LOSSES: u32 = 20;

impl Lease {
    pub(super) fn new(connection: u64, view: u64, jobs: mpsc::UnboundedSender<Job>) -> Self {
        Self { connection, view, jobs }
    }

    /// The number of the snapshot on the server.
    pub(super) fn view(&self) -> u64 {
        self.view
    }

    /// The connection on which that number means something.
    pub(super) fn connection(&self) -> u64 {
        self.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // An error says that the connection has ended, and the snapshot with it.
        let _ = self.jobs.send(Job::Release { connection: self.connection, view: self.view });
    }
}

impl Kind {
    pub(super) fn of(call: &Call) -> Self {
        match call {
            Call::Commit { token: Some(token), .. } => Self::Commit { slot: token.slot },
            Call::DropTable(_) => Self::Once,
            call if call.view().is_some() => Self::View,
            _ => Self::Ask,
        }
    }
}

impl Pending {
    pub(super) fn new(frame: Bytes, kind: Kind, reply: Reply) -> Self {
        Self { frame, kind, reply, sent: 0 }
    }

    /// Whether nobody would miss it.
    pub(super) fn is_forsaken(&self) -> bool {
        self.reply.is_closed() && matches!(self.kind, Kind::Ask | Kind::View)
    }

    /// Answers the caller, who may have gone.
    pub(super) fn settle(self, answered: Result<Answered>) {
        let _ = self.reply.send(answered);
    }

    /// Why the call ends with the connection that it was sent on, if it does.
    pub(super) fn ends_with_connection(&self) -> Option<Error> {
        match self.kind {
            Kind::View => Some(lost_snapshot()),
            Kind::Once if self.sent > 0 => Some(self.given_up(&lost_server())),
            _ if self.sent > MAX_LOSSES => Some(self.given_up(&lost_server())),
            _ => None,
        }
    }

    /// The error of a call that cannot be answered for this reason.
    pub(super) fn given_up(&self, why: &Error) -> Error {
        let writes = matches!(self.kind, Kind::Commit { .. } | Kind::Once);
        let unknown = writes && self.sent > 0;
        why.duplicate().with_outcome(if unknown { Outcome::Unknown } else { Outcome::NotApplied })
    }
}

/// The answer of snapshots whose server is gone.
pub(super) fn lost_snapshot() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the server that held the snapshot was lost; begin again with a new one",
    )
}

fn lost_server() -> Error {
    Error::new(ErrorKind::Unavailable, "the server of the shared store was lost meanwhile")
}
