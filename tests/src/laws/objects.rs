//! The stores of a repository: the checklist of Irmin's guide for backends, point by point.

mod append;
mod compared;
mod content;
mod damage;
mod hashes;
mod names;
mod watched;
mod watchers;

pub use append::{append_only, links, one_binding};
pub use compared::{one_winner, test_and_set};
pub use content::{adding, adding_at_once, bulk, bulk_limit, every_cell};
pub use damage::{corrupt, repaired, undecodable};
pub use hashes::{collisions, digests, remembered};
pub use names::{binary_keys, branches, listing, namespaces, opening, together};
pub use watched::{beginnings, callbacks, equal_sets, handles};
pub use watchers::{half_unwatched, hundred};

use persist_core::Persist;
use persist_core::column::{Bytes, Integer, Text};
use persist_core::objects::{Atomic, ContentAddressed, Digest, Sha256};

/// The values that most of these laws use.
type Blobs = ContentAddressed<Sha256, Bytes>;

/// The branches that most of these laws use.
type Heads = Atomic<Text, Integer>;

async fn blobs(store: &Persist) -> Blobs {
    ContentAddressed::open(store, "root").await.expect("the values open")
}

async fn heads(store: &Persist) -> Heads {
    Atomic::open(store, "root").await.expect("the branches open")
}

/// The hash of bytes.
fn sha256(bytes: &[u8]) -> Digest<Sha256> {
    Digest::of(bytes)
}
