//! Law 14: outcomes that tell the truth.

mod answers;
mod closures;

pub use answers::{answers, batches, dropped_tables, foreign_tables, outcomes};
pub use closures::{errors_in_closures, panics_in_closures, panics_in_iterations};
