//! The thread that has the connection: sends what callers ask, gives them the answers, and makes
//! the connection anew when it is lost.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use persist_core::backend::Hint;
use persist_core::engine::Hints;
use persist_core::{Error, Result};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::pending::{Answered, Job, Kind, Lease, Pending, Reply, lost_snapshot};
use crate::Options;
use crate::shared::frame::{self, Incoming, Outgoing};
use crate::shared::reach;
use crate::shared::wire::{Answer, Call, Hello, Message, Op, Request, Token};

/// How many commits may be under way at once; more wait here.
const SLOTS: u16 = 1024;

/// How long a client that only listens waits before it tries again to reach a server.
const PAUSE: Duration = Duration::from_secs(1);

/// The state of the thread.
pub(super) struct Driver {
    options: Options,
    client: u128,
    jobs: mpsc::UnboundedReceiver<Job>,
    /// For the leases, which must not keep the thread alive while they are here.
    weak: mpsc::WeakUnboundedSender<Job>,
    hints: Arc<Hints>,
    /// No more jobs come.
    ended: bool,
    closers: Vec<oneshot::Sender<Result<()>>>,
    /// What was not answered yet, by its number, which is its order.
    pending: BTreeMap<u64, Pending>,
    /// Commits that wait for a slot.
    waiting: VecDeque<(Vec<Op>, Reply)>,
    free_slots: Vec<u16>,
    last_id: u64,
    sequence: u64,
    /// The number of the present connection, or of the next one.
    connection: u64,
    /// The way to the present connection.
    out: Option<mpsc::UnboundedSender<Bytes>>,
    listening: bool,
    /// The number of the goodbye, if it was said.
    goodbye: Option<u64>,
    /// Why the goodbye was not answered well.
    last_words: Option<Error>,
}

impl Driver {
    pub(super) fn new(
        options: Options,
        client: u128,
        jobs: mpsc::UnboundedReceiver<Job>,
        weak: mpsc::WeakUnboundedSender<Job>,
        hints: Arc<Hints>,
    ) -> Self {
        Self {
            options,
            client,
            jobs,
            weak,
            hints,
            ended: false,
            closers: Vec::new(),
            pending: BTreeMap::new(),
            waiting: VecDeque::new(),
            free_slots: (0..SLOTS).rev().collect(),
            last_id: 0,
            sequence: 1,
            connection: 1,
            out: None,
            listening: false,
            goodbye: None,
            last_words: None,
        }
    }

    /// Runs until no more jobs come and all are done. Says through `opened` whether the first
    /// connection could be made, and ends if it could not.
    pub(super) async fn run(mut self, opened: oneshot::Sender<Result<()>>) {
        match self.reach().await {
            Ok((incoming, outgoing)) => {
                // The caller may have gone.
                let _ = opened.send(Ok(()));
                self.converse(incoming, outgoing).await;
            }
            Err(error) => {
                let _ = opened.send(Err(error));
                return;
            }
        }
        while !self.is_done() {
            if self.is_idle() && !self.hints.wanted() {
                self.next_job().await;
                continue;
            }
            match self.reach().await {
                Ok((incoming, outgoing)) => self.converse(incoming, outgoing).await,
                Err(error) => {
                    self.give_up(&error);
                    // Only hints are wanted now, if anything.
                    let _ = timeout(PAUSE, self.next_job()).await;
                }
            }
        }
        self.hints.end();
        for closer in self.closers {
            // Who waited may have gone.
            let _ = closer.send(self.last_words.as_ref().map_or(Ok(()), |e| Err(e.duplicate())));
        }
    }

    async fn reach(&self) -> Result<(Incoming, Outgoing)> {
        let durability = self.options.durability.unwrap_or_default();
        let hello = Hello { client: self.client, fresh_from: self.sequence, durability };
        reach::reach(&self.options, &hello).await
    }

    /// Talks over one connection until it is lost or nothing is left to say.
    async fn converse(&mut self, mut incoming: Incoming, outgoing: Outgoing) {
        let (out, queue) = mpsc::unbounded_channel();
        let mut writing = std::pin::pin!(write(queue, outgoing));
        self.out = Some(out);
        let again: Vec<u64> = self.pending.keys().copied().collect();
        for id in again {
            self.send(id);
        }
        self.listen_if_wanted();
        loop {
            if self.is_done() && self.goodbye.is_none() {
                self.goodbye = self.say(Call::Goodbye);
            }
            tokio::select! {
                frame = incoming.next() => match frame {
                    Some(Ok(frame)) if self.receive(&frame) => {
                        frame::trim_incoming(&mut incoming, frame.len());
                    }
                    _ => break,
                },
                () = &mut writing => break,
                () = self.next_job(), if !self.ended => {}
            }
        }
        self.connection_ended();
    }

    /// Takes one job, or notes that there will be none.
    async fn next_job(&mut self) {
        match self.jobs.recv().await {
            Some(job) => self.take(job),
            None => self.ended = true,
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Call { connection: Some(on), reply, .. }
                if on != self.connection || self.out.is_none() =>
            {
                // The caller may have gone.
                let _ = reply.send(Err(lost_snapshot()));
            }
            Job::Call { call: Call::Commit { token: Some(_), ops }, reply, .. } => {
                self.waiting.push_back((ops, reply));
                self.fill_slots();
            }
            Job::Call { call, reply, .. } => self.ask(call, reply),
            Job::Release { connection, view } => {
                if connection == self.connection {
                    self.say(Call::Release(view));
                }
            }
            Job::Listen => self.listen_if_wanted(),
            Job::Close { reply } => {
                self.closers.push(reply);
                self.jobs.close();
            }
        }
    }

    /// Sends waiting commits as far as there are slots for them.
    fn fill_slots(&mut self) {
        while !self.waiting.is_empty()
            && let Some(slot) = self.free_slots.pop()
            && let Some((ops, reply)) = self.waiting.pop_front()
        {
            let token = Token { sequence: self.sequence, slot };
            self.sequence += 1;
            self.ask(Call::Commit { token: Some(token), ops }, reply);
        }
    }

    fn ask(&mut self, call: Call, reply: Reply) {
        let kind = Kind::of(&call);
        let weight = call.weight();
        self.last_id += 1;
        let id = self.last_id;
        match frame::encode(&Request { id, call }, weight) {
            Ok(frame) => {
                self.pending.insert(id, Pending::new(frame, kind, reply));
                self.send(id);
            }
            Err(error) => {
                self.free(kind);
                // The caller may have gone.
                let _ = reply.send(Err(error));
            }
        }
    }

    /// Sends a pending call on the present connection, if there is one and somebody waits.
    fn send(&mut self, id: u64) {
        let (Some(out), Some(pending)) = (&self.out, self.pending.get_mut(&id)) else { return };
        if pending.is_forsaken() {
            self.pending.remove(&id);
            return;
        }
        pending.sent += 1;
        // Refused only when the connection is being lost, which is noticed elsewhere.
        let _ = out.send(pending.frame.clone());
    }

    /// Sends what nobody waits for; its number.
    fn say(&mut self, call: Call) -> Option<u64> {
        let out = self.out.as_ref()?;
        self.last_id += 1;
        let frame = frame::encode(&Request { id: self.last_id, call }, 0).ok()?;
        out.send(frame).ok()?;
        Some(self.last_id)
    }

    fn listen_if_wanted(&mut self) {
        if !self.listening && self.hints.wanted() {
            self.listening = self.say(Call::Listen).is_some();
        }
    }

    /// Takes what the server says; `false` if that is the end.
    fn receive(&mut self, frame: &[u8]) -> bool {
        match frame::decode(frame) {
            Ok(Message::Hint(hint)) => {
                if self.hints.wanted() {
                    self.hints.send(hint.into());
                } else if self.listening {
                    self.listening = self.say(Call::Unlisten).is_none();
                }
                true
            }
            // What changed while nobody listened here, nobody knows.
            Ok(Message::Answer { answer: Answer::Listening, .. }) => {
                self.hints.send(Hint::Everything);
                true
            }
            Ok(Message::Answer { id, answer }) if self.goodbye == Some(id) => {
                if let Answer::Error(parts) = answer {
                    self.last_words = Some(Error::from_parts(*parts));
                }
                false
            }
            Ok(Message::Answer { id, answer }) => {
                self.answered(id, answer);
                true
            }
            Err(error) => {
                tracing::error!(%error, "the server of a shared store cannot be understood");
                false
            }
        }
    }

    fn answered(&mut self, id: u64, answer: Answer) {
        let Some(pending) = self.pending.remove(&id) else { return };
        self.free(pending.kind);
        let answered = match answer {
            Answer::Error(parts) => Err(Error::from_parts(*parts)),
            Answer::Snapshot(view) => {
                let jobs = self.weak.upgrade();
                let lease = jobs.map(|jobs| Lease::new(self.connection, view, jobs));
                Ok(Answered { answer: Answer::Snapshot(view), lease })
            }
            answer => Ok(Answered { answer, lease: None }),
        };
        pending.settle(answered);
        self.fill_slots();
    }

    fn free(&mut self, kind: Kind) {
        if let Kind::Commit { slot } = kind {
            self.free_slots.push(slot);
        }
    }

    fn connection_ended(&mut self) {
        self.out = None;
        self.connection += 1;
        self.listening = false;
        self.settle_some(Pending::ends_with_connection);
    }

    /// Answers all with why no server can be reached.
    fn give_up(&mut self, why: &Error) {
        tracing::warn!(error = %why, "the server of a shared store cannot be reached");
        while let Ok(job) = self.jobs.try_recv() {
            self.take(job);
        }
        self.settle_some(|pending| Some(pending.given_up(why)));
        for (_, reply) in std::mem::take(&mut self.waiting) {
            // The caller may have gone.
            let _ = reply.send(Err(why.duplicate()));
        }
    }

    /// Answers those that end in an error.
    fn settle_some(&mut self, ends: impl Fn(&Pending) -> Option<Error>) {
        let ended: Vec<_> = self
            .pending
            .iter()
            .filter_map(|(id, pending)| ends(pending).map(|error| (*id, error)))
            .collect();
        for (id, error) in ended {
            if let Some(pending) = self.pending.remove(&id) {
                self.free(pending.kind);
                pending.settle(Err(error));
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.waiting.is_empty()
    }

    fn is_done(&self) -> bool {
        self.ended && self.is_idle()
    }
}

/// Writes what is asked, and sends it off when nothing more is.
async fn write(mut queue: mpsc::UnboundedReceiver<Bytes>, mut outgoing: Outgoing) {
    while let Some(frame) = queue.recv().await {
        if outgoing.feed(frame).await.is_err() {
            return;
        }
        if queue.is_empty() && frame::flush(&mut outgoing).await.is_err() {
            return;
        }
    }
}
