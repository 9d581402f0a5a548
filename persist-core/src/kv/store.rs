//! What stands behind a [`Kv`](super::Kv): the contract for implementors.
//!
//! Four small traits. [`KvRead`] reads, [`KvStore`] adds transactions, staging and hints,
//! [`KvTransaction`] reads and commits, [`KvStage`] takes content that is too large for a batch.
//! All that users call is derived from these, once, in [`kv`](super): which error a verb ends in,
//! windows that run over the end, digests, retries, watches, readers and writers. So stores cannot
//! differ in them.
//!
//! # What core has already done
//! Every key that a store sees is legal: segments of 1 to 255 bytes of UTF-8 without `/` and NUL,
//! none of them `.` or `..`, and at most 4,096 bytes in all. Every change has been judged on what
//! the transaction itself read, so what it is documented to need was there.
//!
//! # What every store promises
//! - **Errors** are those of the storage alone, with an honest [`Outcome`](crate::Outcome). That
//!   something is absent, or of the other kind, is an answer. A full disk is
//!   [`NoSpace`](crate::ErrorKind::NoSpace), with everything as it was before. A name that this one
//!   store cannot hold is [`InvalidKey`](crate::ErrorKind::InvalidKey).
//! - **Whole values.** A read sees content that was written whole: that of one `Put`, with the
//!   `Write`s after it, never a part of one.
//! - **Whole commits.** All changes of a commit or none, also when the process dies; durable on
//!   return, as far as the store's [`Durability`](crate::Durability) says.
//! - **Dropping a future** of a commit leaves it applied whole or not at all, and disturbs nobody.
//! - **Sleeping.** What can sleep happens off the caller's thread. Any verb may be called from any
//!   task at any time, on multi-thread and current-thread runtimes, inside and outside of them.
//! - **Leftovers.** What removals, replaced contents and crashes leave is taken away by the store
//!   in steps that hold up nobody, never while a live process still writes it.

use std::any::Any;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::KeyPath;
use crate::Result;

/// The most that core asks of one [`KvRead::read`], in bytes: 1 MiB.
pub const MAX_READ: usize = 1 << 20;

/// The most content that core puts into the changes of one commit, in bytes: 64 MiB. Larger values
/// are staged.
pub const MAX_COMMIT: usize = 64 << 20;

/// What stands at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stat {
    /// A value.
    Value(ValueStat),
    /// A dictionary. The empty key always is one.
    Dictionary(DictionaryStat),
    /// Nothing, and no key above it is a value.
    Absent,
    /// Nothing can: this key above it is a value.
    Through(KeyPath),
}

/// What is known of a value without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueStat {
    /// Bytes of content.
    pub size: u64,
    /// When it was last changed: the time that came with that change, or what the store knows of
    /// changes by others. A rename keeps it.
    pub modified: SystemTime,
    /// A number that is another one whenever the content is another one: whoever finds the same
    /// version at the same key finds the same content. A rename keeps it.
    pub version: u128,
}

/// What is known of a dictionary without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DictionaryStat {
    /// When it was made, or later: when it last changed, as far as the store knows.
    pub modified: SystemTime,
    /// A number that another dictionary at the same key would not have.
    pub version: u128,
}

impl ValueStat {
    /// What is known of a value.
    pub fn new(size: u64, modified: SystemTime, version: u128) -> Self {
        Self { size, modified, version }
    }
}

impl DictionaryStat {
    /// What is known of a dictionary.
    pub fn new(modified: SystemTime, version: u128) -> Self {
        Self { modified, version }
    }
}

/// A part of a value.
#[derive(Clone)]
pub struct Window {
    /// The value that it is of, at the moment of reading.
    pub stat: ValueStat,
    /// The content from the offset on: as much as was asked for, less only where the value ends.
    pub bytes: Vec<u8>,
}

/// Some entries of a dictionary, by the bytes of their segments.
#[derive(Debug)]
pub struct Listing {
    /// The entries, or why this one cannot be told: a name that is no UTF-8, say.
    pub entries: Vec<Result<Listed>>,
    /// The segment to go on after; `None` when there are no more. A page may end early for any
    /// reason, but must advance.
    pub rest: Option<String>,
}

/// An entry of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The last segment of its key.
    pub segment: String,
    /// What it is: [`Stat::Value`] or [`Stat::Dictionary`].
    pub stat: Stat,
}

/// Reading. Each call reads one state, in which all that it returns stood together.
pub trait KvRead: Debug + Send + Sync {
    /// `stat(key)` is what stands at the key. It reads no content.
    fn stat<'a>(&'a self, key: &'a KeyPath) -> BoxFuture<'a, Result<Stat>>;

    /// `read(key, offset, length)` is the content of a value from `offset` on, at most `length`
    /// bytes, which is at most [`MAX_READ`]; empty past the end. `None` if the key is not a value.
    ///
    /// It costs what the window holds, not what the value does.
    fn read<'a>(
        &'a self,
        key: &'a KeyPath,
        offset: u64,
        length: usize,
    ) -> BoxFuture<'a, Result<Option<Window>>>;

    /// `list(key, after, limit)` is the entries of a dictionary behind the segment `after`, at
    /// most `limit` (which is at least 1). `None` if the key is not a dictionary.
    ///
    /// It reads no content, and nothing of what is further below.
    fn list<'a>(
        &'a self,
        key: &'a KeyPath,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Option<Listing>>>;
}

/// Which states a transaction reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// All its reads see one state: that of the first read or an earlier one after `begin`. Others
    /// may go on writing.
    Fixed,
    /// The same, for a transaction that is never committed: nothing of what it reads need be kept in
    /// mind.
    View,
    /// Each read sees the newest state; two reads may see two. Cheaper, and as safe, since a
    /// commit judges every read. A store may do the same for both.
    Newest,
}

/// A store of values by keys.
pub trait KvStore: KvRead {
    /// Begins a transaction. Dropping it ends it, without a trace.
    fn begin(&self, reads: Reads) -> BoxFuture<'_, Result<Arc<dyn KvTransaction>>>;

    /// Begins content that is written piece by piece, for a [`Content::Staged`].
    fn stage(&self) -> BoxFuture<'_, Result<Box<dyn KvStage>>>;

    /// An item at least once for every change that may concern `key`, a key above it, or a direct
    /// entry of it, by whatever process, from this moment on; items may be merged and may come for
    /// nothing. A read that begins after an item sees at least that change. Ends when the store is
    /// closed.
    fn changes(&self, key: &KeyPath) -> BoxStream<'static, ()>;

    /// Takes away all leftovers that can be taken away now, and returns when that is done. Stores
    /// do so by themselves too, after removals and when they are opened.
    fn tidy(&self) -> BoxFuture<'_, Result<()>>;

    /// Reads the whole store, and counts. Meant for the quiet: beside writers the numbers may be of
    /// different moments.
    fn check(&self) -> BoxFuture<'_, Result<Health>>;

    /// Releases what the store holds; afterwards every call is `Closed`. What was acknowledged is
    /// durable already. May be called again.
    fn disconnect(&self) -> BoxFuture<'_, ()>;
}

/// A transaction: reads that are judged, and then changes.
///
/// A store may be unable to go on reading the state that the transaction began with, because
/// others have changed it; the error is then [`Conflict`](crate::ErrorKind::Conflict), and core
/// begins anew.
pub trait KvTransaction: KvRead {
    /// Applies the changes in their order, all together, if everything that was read through this
    /// transaction is still so: kinds, versions, entries of listed dictionaries, absences; of the
    /// keys above as well, so that a key that was moved away or replaced is noticed.
    /// `Conflict` may come for nothing, but may never stay out. Core calls it once, with changes;
    /// reads that still run then need no answer.
    fn commit(self: Arc<Self>, changes: Arc<[Change]>) -> BoxFuture<'static, Result<Committed>>;
}

/// How a commit ended, when it ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// All changes were made, durably.
    Applied,
    /// Something that was read is not so any more, and nothing was changed.
    Conflict,
}

/// A change. It is made to the state that the changes before it in the same commit leave, and has
/// been judged on that.
#[derive(Clone)]
pub enum Change {
    /// The key, which is not the empty one, is bound to a value, whatever it was bound to: of a
    /// dictionary all goes away. Missing dictionaries above it are made.
    Put {
        /// The key.
        key: KeyPath,
        /// The value.
        content: Content,
        /// The value's [`modified`](ValueStat::modified), and that of dictionaries that are made.
        modified: SystemTime,
    },
    /// Of the value at the key, `bytes` replace what is at `offset`, which is not past its end;
    /// where they run over the end, the value grows. The rest stays.
    Write {
        /// The key.
        key: KeyPath,
        /// The first byte to replace.
        offset: u64,
        /// What replaces it.
        bytes: Arc<[u8]>,
        /// The value's new [`modified`](ValueStat::modified).
        modified: SystemTime,
    },
    /// What is at the key goes away, with all that is below it. Of the empty key, all entries.
    Remove {
        /// The key.
        key: KeyPath,
    },
    /// What is at `from`, which is not the empty key, comes to be at `to`, with all that is below
    /// it. `to` is not below `from`, and is absent, or both are values. Missing dictionaries above
    /// `to` are made. It costs the same whatever is below.
    Move {
        /// Where it is.
        from: KeyPath,
        /// Where it goes.
        to: KeyPath,
        /// The [`modified`](DictionaryStat::modified) of dictionaries that are made.
        modified: SystemTime,
    },
}

/// The content of a value that is put.
#[derive(Clone)]
pub enum Content {
    /// These bytes, at most [`MAX_COMMIT`] in all changes together.
    Bytes(Arc<[u8]>),
    /// So many zero bytes, which should not be written one by one. A store that reserves space
    /// answers `NoSpace` if there is none.
    Zeros(u64),
    /// What was staged by the same store.
    Staged(Staged),
}

/// Content that is written before its value is put. What has been written is found by nobody until
/// then. If it is dropped, or its process dies, the store takes it away.
pub trait KvStage: Debug + Send + Sync {
    /// Adds bytes at the end, at most [`MAX_READ`] at once. After an error, or a future that was
    /// dropped, the stage is of no more use.
    fn write(&mut self, bytes: Arc<[u8]>) -> BoxFuture<'_, Result<()>>;

    /// Ends it. The content stays for as long as the result is held, and becomes that of a value
    /// by a [`Content::Staged`] in one commit that is applied; until then it may be part of
    /// several attempts.
    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<Staged>>;
}

/// Content that was staged.
#[derive(Clone)]
pub struct Staged {
    size: u64,
    token: Arc<dyn Any + Send + Sync>,
}

impl Staged {
    /// What a store returns from [`KvStage::finish`]; `token` is what [`token`](Self::token) gives
    /// back, and when it is dropped before it was bound, the content can go.
    pub fn new(size: u64, token: impl Any + Send + Sync) -> Self {
        Self { size, token: Arc::new(token) }
    }

    /// Bytes of content.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What the store keeps in it, if it is of this type.
    pub fn token<T: Any>(&self) -> Option<&T> {
        self.token.downcast_ref()
    }
}

impl Content {
    /// Bytes of content.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Zeros(size) => *size,
            Self::Staged(staged) => staged.size,
        }
    }
}

/// What [`KvStore::check`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Values that can be reached from the top.
    pub values: u64,
    /// Dictionaries that can be reached, the top included.
    pub dictionaries: u64,
    /// Bytes of all these values.
    pub bytes: u64,
    /// What is known, cannot be reached, and will be taken away; each content that is staged and not
    /// bound counts as one, whoever writes it.
    pub leftovers: u64,
    /// What nothing refers to and nobody would take away. A store makes none.
    pub orphans: u64,
    /// What cannot be as it is, in words, without contents. A store makes none.
    pub damages: Vec<String>,
}

/// Shows no content.
impl Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window")
            .field("stat", &self.stat)
            .field("bytes", &format_args!("[{} bytes]", self.bytes.len()))
            .finish()
    }
}

/// Shows no content.
impl Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { key, content, .. } => write!(f, "Put({key}, {content:?})"),
            Self::Write { key, offset, bytes, .. } => {
                write!(f, "Write({key}, at {offset}, [{} bytes])", bytes.len())
            }
            Self::Remove { key } => write!(f, "Remove({key})"),
            Self::Move { from, to, .. } => write!(f, "Move({from}, {to})"),
        }
    }
}

/// Shows no content.
impl Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes[{} bytes]", bytes.len()),
            Self::Zeros(size) => f.debug_tuple("Zeros").field(size).finish(),
            Self::Staged(staged) => staged.fmt(f),
        }
    }
}

impl Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged").field("size", &self.size).finish_non_exhaustive()
    }
}
