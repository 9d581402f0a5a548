//! Law 4: expectations and marks are judged together with the writes.

mod expect;
mod marks;
mod serial;

pub use expect::{conflict_tells, equals_is_exact, judged_together};
pub use marks::{
    mark_of_a_count, mark_of_a_page, mark_of_a_scan, mark_of_a_snapshot, mark_of_keys,
    mark_of_what_is_gone, marks_stand,
};
pub use serial::{no_phantoms, no_write_skew, transfers};
