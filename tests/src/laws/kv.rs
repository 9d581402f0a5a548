//! Hierarchical keys: every verb and every error, batches, races, streams, watches, processes and
//! crashes.

mod aid;
mod batch;
mod crash;
mod large;
mod life;
mod model;
mod names;
mod processes;
mod races;
mod random;
mod streams;
mod verbs;
mod watch;
mod worked;

pub use batch::{
    batch_aborts, batch_alone, batch_before, batch_errors, batch_in_order, batch_listing,
    batch_runs_again, batch_size, too_many_retries,
};
pub use crash::{crash, lease};
pub use large::{gibibyte, large, partial};
pub use life::{clock, closed, leftovers, reopened, shared_handles};
pub use names::{limits, names, refused_names};
pub use processes::{process_watch, processes};
pub use races::{dropped_futures, increments, moved_under_way, no_cycles, whole_values};
pub use random::random;
pub use streams::{readers, writers};
pub use verbs::{
    allocate, dictionaries_stay, digest, empty_key, exists, get, last_modified, list, remove,
    rename, set, set_partial, size, through_values,
};
pub use watch::{watch_dictionary, watch_last_state, watch_value};
pub use worked::{
    worked_get_partial, worked_rename_dictionaries, worked_rename_into, worked_rename_into_itself,
    worked_rename_onto_value, worked_rename_values, worked_set_partial,
};

use crate::child::Parent;
use crate::{KvSubject, Place};

/// Plays a role of this family in a child process.
pub(crate) async fn play<S: KvSubject>(role: &str, place: Place<S>, parent: Parent) {
    match role {
        "batches" => processes::batches(place, parent).await,
        "watched" => processes::watched(place, parent).await,
        "paused" => crash::paused(place, parent).await,
        "load" => crash::load(place, parent).await,
        _ => panic!("no child plays kv::{role}"),
    }
}
