//! One state of the store: sled's tree, and what is laid over it.

use persist_core::backend::Direction;
use persist_core::engine::{Layer, Pinned, Span, layered};
use persist_core::{Error, Result};
use sled::{IVec, Tree};

use crate::error::{corrupt, engine};
use crate::keys;
use crate::pending::Pending;
use crate::values::{Cut, PIECE, Stored};

/// How many bindings are read in one step.
const STEP: usize = 256;

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'v> {
    tree: &'v Tree,
    over: Over<'v>,
}

/// What lies over the tree.
#[derive(Debug, Clone, Copy)]
enum Over<'v> {
    Nothing,
    /// What was bound before others wrote.
    Pinned(&'v Pinned<IVec>),
    /// What is going to be written.
    Pending(&'v Pending),
}

impl<'v> View<'v> {
    /// What a snapshot shows; without one, the present state, as long as nobody writes.
    pub(crate) fn new(tree: &'v Tree, pinned: Option<&'v Pinned<IVec>>) -> Self {
        Self { tree, over: pinned.map_or(Over::Nothing, Over::Pinned) }
    }

    /// What the writer sees.
    pub(crate) fn pending(tree: &'v Tree, pending: &'v Pending) -> Self {
        Self { tree, over: Over::Pending(pending) }
    }

    /// What a key is bound to.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<IVec>> {
        if let Over::Pending(pending) = self.over
            && let Some(after) = pending.get(key)
        {
            return Ok(after.value);
        }
        let found = self.tree.get(key).map_err(engine)?;
        if let Over::Pinned(pinned) = self.over
            && let Some(before) = pinned.get(key)?
        {
            return Ok(before.value);
        }
        Ok(found)
    }

    /// The first bindings of a range, at most `limit` and possibly none, and what is left of it.
    pub(crate) fn step(
        &self,
        span: &Span<IVec>,
        direction: Direction,
        limit: usize,
    ) -> Result<(Layer<IVec>, Option<Span<IVec>>)> {
        let below = |span: &Span<IVec>, limit| {
            let within = self.tree.range::<IVec, _>((span.lower.as_ref(), span.upper.as_ref()));
            let rows: Result<Layer<IVec>, _> = match direction {
                Direction::Forward => within.take(limit).collect(),
                Direction::Backward => within.rev().take(limit).collect(),
            };
            rows.map_err(engine)
        };
        let above = |span: &Span<IVec>, limit| match self.over {
            Over::Nothing => Ok(Vec::new()),
            Over::Pinned(pinned) => pinned.range(span, direction, limit),
            Over::Pending(pending) => Ok(pending.range(span, direction, limit)),
        };
        layered(span, direction, limit.min(STEP), below, above)
    }

    /// Calls `visit` for each binding of a range, in ascending order, until it fails.
    pub(crate) fn each<E: From<Error>>(
        &self,
        span: Span<IVec>,
        mut visit: impl FnMut(IVec, IVec) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = Some(span);
        while let Some(span) = left {
            let (rows, rest) = self.step(&span, Direction::Forward, STEP)?;
            for (key, value) in rows {
                visit(key, value)?;
            }
            left = rest;
        }
        Ok(())
    }

    /// The bytes of a stored value, put together again.
    pub(crate) fn bytes(&self, table: u64, stored: Stored<'_>) -> Result<Vec<u8>> {
        match stored {
            Stored::Whole(bytes) => Ok(bytes.to_vec()),
            Stored::Cut(cut) => self.joined(table, cut),
        }
    }

    fn joined(&self, table: u64, cut: Cut) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(cut.pieces() as usize * PIECE);
        self.each(keys::pieces(table, cut.number), |_, piece| {
            bytes.extend_from_slice(&piece);
            Ok::<_, Error>(())
        })?;
        if bytes.len() as u64 == cut.length {
            Ok(bytes)
        } else {
            Err(corrupt("pieces of the value are missing; restore a copy of the directory"))
        }
    }
}
