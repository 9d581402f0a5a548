//! The stores that a repository is made of, as Irmin's guide for backends has them.
//!
//! | here | table | in the guide | today |
//! | --- | --- | --- | --- |
//! | [`AppendOnly`] | `ROOT:append` | | `Append_only` |
//! | [`ContentAddressed`] | `ROOT:obj` | `AO` | `Content_addressable` |
//! | [`Link`] | `ROOT:link` | `LINK` | |
//! | [`Atomic`] | `ROOT:data` | `RW` | `Atomic_write` |
//!
//! Each is derived from [`Table`](crate::Table), so it is there on every backend, and shares what
//! tables promise: an awaited write is durable, a dropped future leaves it whole or undone, keys
//! may hold any bytes. `RO` is the `mem` and `find` that all of them have; `Make` and `KV` need no
//! counterpart, since stores that are opened under one root belong together.
//!
//! # Names
//! A root is a beginning of table names, and different roots never meet, whatever they hold:
//! `a` and `a:obj` too. Neither do the stores under one root see one another. An empty root gives
//! the bare names: `append`, `obj`, `link`, `data`. The tables are tables like others, in
//! [`Persist::tables`](crate::Persist::tables) also; whoever opens one as a
//! [`Table`](crate::Table) can change what these stores would not.
//!
//! # What was stored by others
//! `mem` does not decode. `find` takes what it cannot decode for absent, as the guide has it, and
//! `try_find` beside it tells. A [`ContentAddressed`] verifies what it reads, and remembers the
//! name of its hash: opening it with another one is `SchemaMismatch`.
//!
//! # Hashes
//! [`Sha1`], [`Sha256`] and [`Blake3`], each with a cargo feature of its own (`sha1`, `sha2`,
//! `blake3`, all on by default), and any other that implements [`Hash`]. [`Hashed`] is the column
//! of hashes.

mod append;
mod atomic;
mod content;
mod hash;
mod link;

pub use append::AppendOnly;
pub use atomic::Atomic;
pub use content::ContentAddressed;
#[cfg(feature = "blake3")]
pub use hash::Blake3;
#[cfg(feature = "sha1")]
pub use hash::Sha1;
#[cfg(feature = "sha2")]
pub use hash::Sha256;
pub use hash::{Digest, Hash, Hashed, NotADigest};
pub use link::Link;

use crate::{ErrorKind, Result};

/// The name of a table under a root. No namespace holds a colon, so the last one of a name ends
/// its root, and different roots give different names.
fn name(root: &str, namespace: &str) -> String {
    if root.is_empty() { namespace.to_owned() } else { format!("{root}:{namespace}") }
}

/// What was found, with what cannot be decoded taken for absent.
fn decodable<T>(found: Result<Option<T>>) -> Result<Option<T>> {
    match found {
        Err(error) if error.kind() == ErrorKind::Decode => Ok(None),
        found => found,
    }
}
