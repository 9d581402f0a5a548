//! Values as something to write to.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use tokio::io::AsyncWrite;

use super::judge::Verb;
use super::store::{Content, KvStage, MAX_READ};
use super::{KeyPath, Kv, Result};
use crate::{Error, ErrorKind};

/// A value, written piece by piece; made by [`Kv::writer`].
///
/// The key is bound to all that was written when `shutdown` ends well, as [`Kv::set`] would: at once
/// and durably. Before that nobody sees anything of it, and of a writer that is dropped before
/// nothing stays. `flush` makes nothing visible.
pub struct KvWriter {
    kv: Kv,
    key: KeyPath,
    buffer: Vec<u8>,
    state: State,
}

enum State {
    /// Nothing is under way. What has left the buffer is in the stage.
    Idle(Option<Box<dyn KvStage>>),
    Writing(BoxFuture<'static, Result<Box<dyn KvStage>>>),
    Binding(BoxFuture<'static, Result<()>>),
    Bound,
    Failed,
}

impl Kv {
    /// A writer of a value, which holds 1 MiB of it at a time. The value may have 1 TiB.
    ///
    /// What [`set`](Self::set) would refuse is refused by `shutdown`, as an [`io::Error`] whose
    /// inner error is a [`kv::Error`](super::Error).
    pub fn writer(&self, key: impl Into<KeyPath>) -> KvWriter {
        let (kv, key) = (self.clone(), key.into());
        KvWriter { kv, key, buffer: Vec::new(), state: State::Idle(None) }
    }
}

impl KvWriter {
    /// Waits until nothing is under way.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if let State::Writing(writing) = &mut self.state {
            match ready!(writing.as_mut().poll(cx)) {
                Ok(stage) => self.state = State::Idle(Some(stage)),
                Err(error) => {
                    self.state = State::Failed;
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Begins to move the buffer to the stage.
    fn unload(&mut self) {
        if let State::Idle(stage) = std::mem::replace(&mut self.state, State::Failed) {
            let (kv, piece) = (self.kv.clone(), std::mem::take(&mut self.buffer));
            self.state = State::Writing(Box::pin(async move {
                let mut stage = match stage {
                    Some(stage) => stage,
                    None => kv.usable()?.stage().await?,
                };
                stage.write(piece.into()).await?;
                Ok(stage)
            }));
        }
    }

    /// Begins to bind the key to what was written.
    fn bind(&mut self) {
        if let State::Idle(stage) = std::mem::replace(&mut self.state, State::Failed) {
            let (kv, key) = (self.kv.clone(), self.key.clone());
            let rest = std::mem::take(&mut self.buffer);
            self.state = State::Binding(Box::pin(async move {
                key.check()?;
                kv.usable()?;
                let content = match stage {
                    None => Content::Bytes(rest.into()),
                    Some(mut stage) => {
                        if !rest.is_empty() {
                            stage.write(rest.into()).await?;
                        }
                        Content::Staged(stage.finish().await?)
                    }
                };
                kv.write(&key, Verb::Set(content)).await
            }));
        }
    }

    fn check(&self) -> Result<()> {
        let what = match self.state {
            State::Idle(_) => return Ok(()),
            State::Failed => "an earlier write failed; begin with a new writer",
            _ => "the writer was shut down",
        };
        Err(Error::new(ErrorKind::Misuse, what).into())
    }
}

impl AsyncWrite for KvWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.buffer.len() >= MAX_READ {
            ready!(self.poll_idle(cx)).map_err(|error| error.during("writer"))?;
            self.check().map_err(|error| error.during("writer"))?;
            self.unload();
        }
        if let State::Bound | State::Binding(_) | State::Failed = self.state {
            self.check().map_err(|error| error.during("writer"))?;
        }
        let room = MAX_READ.saturating_sub(self.buffer.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.buffer.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_idle(cx).map_err(|error| error.during("writer").into())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_idle(cx)).map_err(|error| error.during("writer"))?;
        if let State::Bound = self.state {
            return Poll::Ready(Ok(()));
        }
        if let State::Idle(_) = self.state {
            self.bind();
        }
        let State::Binding(binding) = &mut self.state else {
            return Poll::Ready(self.check().map_err(|error| error.during("writer").into()));
        };
        let bound = ready!(binding.as_mut().poll(cx));
        self.state = if bound.is_ok() { State::Bound } else { State::Failed };
        Poll::Ready(bound.map_err(|error| error.during("writer").into()))
    }
}

impl fmt::Debug for KvWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KvWriter").field("key", &self.key).finish_non_exhaustive()
    }
}
