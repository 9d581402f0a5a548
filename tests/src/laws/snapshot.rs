//! Law 8: snapshots, and iteration over them.

mod limit;
mod reads;
mod state;

pub use limit::{busy_not_stuck, released};
pub use reads::{budget, counts, gets, scans};
pub use state::{callback_writes, consistent, dropped_table, one_state, writers_go_on};
