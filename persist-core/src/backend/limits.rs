//! Sizes that hold on every backend. Core checks them before a backend sees anything.

/// The longest table name, in bytes.
pub const MAX_NAME: usize = 200;

/// The longest encoded key, in bytes.
pub const MAX_KEY: usize = 2_000;

/// The longest encoded value, in bytes: 64 MiB.
pub const MAX_VALUE: usize = 64 << 20;

/// The heaviest batch, in the bytes that [`Batch::weight`](super::Batch::weight) counts: 128 MiB.
pub const MAX_BATCH: usize = 128 << 20;

/// About how many bytes a page, a coalesced read or a group of commits may hold before it is
/// cut: 1 MiB. A single row or batch that is larger goes alone.
pub const BYTE_BUDGET: usize = 1 << 20;

/// Names that begin so are the library's own.
pub const RESERVED_PREFIX: &str = "__persist";
