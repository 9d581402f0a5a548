//! The thread that commits. It waits for locks and syncs so that nobody else has to, and finishes
//! what it was given whether or not anybody still waits.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use parking_lot::Mutex;
use persist_core::kv::{Change, Committed};
use persist_core::{Error, ErrorKind, Outcome, Result};
use tokio::sync::{oneshot, watch};

use crate::base::Base;
use crate::commit::commit;
use crate::view::Judged;

#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    /// Has a sender as long as the thread runs.
    running: watch::Receiver<()>,
}

#[derive(Debug)]
struct Job {
    reading: Arc<Mutex<Judged>>,
    changes: Arc<[Change]>,
    reply: oneshot::Sender<Result<Committed>>,
}

impl Writer {
    pub(crate) fn start(base: Arc<Base>) -> Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (runs, running) = watch::channel(());
        let run = move || {
            for Job { reading, changes, reply } in queue {
                // The caller may have gone.
                let _ = reply.send(commit(&base, &reading.lock().seen, &changes));
            }
            drop(base);
            drop(runs);
        };
        let thread = thread::Builder::new().name("persist-fs writer".into());
        thread.spawn(run).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "no thread could be started").caused_by(error)
        })?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), running })
    }

    /// Commits, when its turn comes.
    pub(crate) async fn commit(
        &self,
        reading: Arc<Mutex<Judged>>,
        changes: Arc<[Change]>,
    ) -> Result<Committed> {
        let (reply, answer) = oneshot::channel();
        let job = Job { reading, changes, reply };
        let sent = self.jobs.lock().as_ref().map(|jobs| jobs.send(job));
        match sent {
            Some(Ok(())) => answer.await.unwrap_or_else(|_| {
                let message = "the thread that commits has ended before its time";
                Err(Error::new(ErrorKind::Backend, message).with_outcome(Outcome::Unknown))
            }),
            _ => Err(Error::closed()),
        }
    }

    /// Takes no more, and returns when all that was taken is done.
    pub(crate) async fn end(&self) {
        self.jobs.lock().take();
        let mut running = self.running.clone();
        while running.changed().await.is_ok() {}
    }
}
