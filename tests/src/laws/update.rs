//! Law 4, as users meet it: updates are exact under any number of tasks. The family `processes`
//! adds other processes.

mod exact;
mod forms;
mod mixed;

pub use exact::{handles, many_keys, references, swaps, tasks, toggles};
pub use forms::{forms, unchanged};
pub use mixed::{decisions, hot_chain, other_writers};
