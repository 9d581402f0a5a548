//! Law 10: any data, up to the limits and not past them.

mod content;
mod limits;

pub use content::{bytes, characters, empty, numbers, refused};
pub use limits::{batch_limit, key_limit, value_limit};
