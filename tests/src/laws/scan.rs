//! Laws 5 and 6: the order of keys, and ranges of them.

mod bounds;
mod order;
mod prefix;
mod shape;

pub use bounds::{bounds, bounds_of_bytes, bounds_of_integers, bounds_of_pairs, bounds_of_reals};
pub use order::{
    order_of_bytes, order_of_integers, order_of_nested_pairs, order_of_pairs, order_of_reals,
    order_of_text,
};
pub use prefix::{prefix_of_bytes, prefix_of_pairs, prefix_of_text, prefix_within_bounds};
pub use shape::{empty_ranges, folds, large_values, limits, pages};
