//! Content that is written before its value.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;

use super::Inner;
use super::rows::{CHUNK, Id, Lease, chunk_key, encode, id_cell};
use crate::backend::{Batch, Cell, Commit, Expect, Op, Write};
use crate::kv::{KvStage, Staged};
use crate::transaction::Tx;
use crate::{Error, ErrorKind, Result};

/// A content that is being written. Its row among the leases says that it has an owner; without
/// the row, the content is taken away, and nothing is added to it.
#[derive(Debug)]
pub(super) struct Stage {
    token: Token,
    size: u64,
    /// What does not fill a chunk yet.
    tail: Vec<u8>,
    chunks: u32,
}

/// The right to bind a staged content.
#[derive(Debug)]
pub(super) struct Token {
    inner: Arc<Inner>,
    id: Id,
    bound: AtomicBool,
}

impl Stage {
    pub(super) async fn begin(inner: Arc<Inner>) -> Result<Self> {
        let token = Token { inner, id: Id::random(), bound: AtomicBool::new(false) };
        let leases = &token.inner.tables.leases;
        token.inner.live.lock().insert(token.id);
        let lease = Write::Put(encode(&Lease { beat: 0 })?);
        leases.commit(id_cell(token.id), Expect::Any, lease).await?;
        // Others may live long, so that somebody must renew their leases.
        token.inner.wake();
        Ok(Self { token, size: 0, tail: Vec::new(), chunks: 0 })
    }

    /// Writes what fills chunks, or all.
    async fn unload(&mut self, all: bool) -> Result<()> {
        let chunk = usize::try_from(CHUNK).unwrap_or(usize::MAX);
        let whole = if all { self.tail.len() } else { self.tail.len() - self.tail.len() % chunk };
        if whole == 0 {
            return Ok(());
        }
        let rest = self.tail.split_off(whole);
        let full = std::mem::replace(&mut self.tail, rest);
        let tables = &self.token.inner.tables;
        let mut ops = vec![Op::Key {
            table: tables.leases.handle().clone(),
            key: id_cell(self.token.id),
            expect: Expect::Present,
            write: Write::Nothing,
        }];
        for bytes in full.chunks(chunk) {
            ops.push(Op::Key {
                table: tables.chunks.handle().clone(),
                key: chunk_key(self.token.id, self.chunks)?,
                expect: Expect::Any,
                write: Write::Put(Cell::Bytes(bytes.to_vec())),
            });
            self.chunks += 1;
        }
        match tables.persist.backend()?.commit(Batch { ops }).await? {
            Commit::Applied => Ok(()),
            Commit::Conflict { .. } => Err(lapsed()),
        }
    }
}

impl KvStage for Stage {
    fn write(&mut self, bytes: Arc<[u8]>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.size += bytes.len() as u64;
            self.tail.extend_from_slice(&bytes);
            self.unload(false).await
        })
    }

    fn finish(mut self: Box<Self>) -> BoxFuture<'static, Result<Staged>> {
        Box::pin(async move {
            self.unload(true).await?;
            Ok(Staged::new(self.size, self.token))
        })
    }
}

impl Token {
    /// Ends the lease in a transaction that binds the content.
    pub(super) async fn bind(&self, tx: &Tx) -> Result<Id> {
        let (leases, key) = (&self.inner.tables.leases, id_cell(self.id));
        // It may be younger than the state that the transaction reads.
        let lease = leases.get(&key).await?.ok_or_else(lapsed)?;
        tx.depend(leases, &key, Some(&lease))?;
        tx.put(leases, key, None)?;
        Ok(self.id)
    }

    /// It belongs to a value now.
    pub(super) fn bound(&self) {
        self.bound.store(true, Ordering::Relaxed);
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.inner.live.lock().remove(&self.id);
        if !self.bound.load(Ordering::Relaxed) {
            self.inner.abandoned.lock().push(self.id);
            self.inner.wake();
        }
    }
}

fn lapsed() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "what was written ahead has been taken away, since this process had not been heard of for \
         longer than its lease; write it again",
    )
}
