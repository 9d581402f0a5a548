//! Law 11: a table is what it was made as, and wrong bytes are told.

mod corrupt;
mod schema;

pub use corrupt::{corrupt_references, corrupt_values, left_over_bytes};
pub use schema::{columns, made_at_once, own_column, references};
