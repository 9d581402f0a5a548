//! What ours costs above what it stands on: allocations and instructions of a call, which do not
//! depend on the machine's mood, and its time as a ratio.
//!
//! Of each [`Case`] there are two [`Side`]s, which do the same work on the same rows: a user's
//! call, and what one would write by hand one floor below.

pub mod allocations;
mod case;
pub mod instructions;
mod memory;
pub mod report;
mod session;
mod sqlite;
pub mod time;
mod work;

pub use case::{Case, Side};
pub use work::Work;
