//! Dropping a future leaves its write applied whole or not at all, and disturbs nobody else.

mod lifecycle;
mod load;
mod reads;
mod transactions;
mod writes;

pub use lifecycle::{closes, opens};
pub use reads::{reads, snapshots};
pub use transactions::{defaults, transactions, watches};
pub use writes::{batches, singles, updates};
