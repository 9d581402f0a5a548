//! What waits for the thread, and which of it is next.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::Result;
use crate::backend::limits::BYTE_BUDGET;
use crate::backend::{Batch, Commit};

pub(super) struct State<E> {
    pub(super) jobs: VecDeque<Job<E>>,
    pub(super) open: bool,
    /// Somebody has asked for housekeeping since the thread last looked.
    pub(super) woken: bool,
}

pub(super) enum Job<E> {
    Commit { batch: Batch, reply: oneshot::Sender<Result<Commit>> },
    Call(Box<dyn FnOnce(&mut E) + Send>),
}

pub(super) enum Next<E> {
    Group(Vec<Batch>, Vec<oneshot::Sender<Result<Commit>>>),
    Call(Box<dyn FnOnce(&mut E) + Send>),
    Idle,
    End,
}

impl<E> State<E> {
    /// Takes what is to be done next, of batches so many at most.
    pub(super) fn take(&mut self, most: usize) -> Next<E> {
        let (mut batches, mut replies, mut weight) = (Vec::new(), Vec::new(), 0);
        while let Some(job) = self.jobs.pop_front() {
            match job {
                Job::Commit { batch, reply } => {
                    let more = batch.weight();
                    if !batches.is_empty() && (weight + more > BYTE_BUDGET || batches.len() == most)
                    {
                        self.jobs.push_front(Job::Commit { batch, reply });
                        break;
                    }
                    weight += more;
                    batches.push(batch);
                    replies.push(reply);
                }
                Job::Call(call) if batches.is_empty() => return Next::Call(call),
                call @ Job::Call(_) => {
                    self.jobs.push_front(call);
                    break;
                }
            }
        }
        match (batches.is_empty(), self.open) {
            (false, _) => Next::Group(batches, replies),
            (true, true) => Next::Idle,
            (true, false) => Next::End,
        }
    }
}
