//! The laws, one module for each family.
//!
//! [`laws!`](crate::laws!) makes a test of each; they are public so that tests of the suite
//! itself, and those who hunt a failure, can run a single one through
//! [`verdict`](crate::verdict).

pub mod atomic;
pub mod cancel;
pub mod closed;
pub mod crash;
pub mod data;
pub mod durable;
pub mod hints;
pub mod honest;
pub mod isolated;
pub mod kv;
pub mod names;
pub mod objects;
pub mod processes;
pub mod read;
pub mod runtime;
pub mod scan;
pub mod snapshot;
pub mod steady;
pub mod store;
pub mod transact;
pub mod typed;
pub mod update;
pub mod visible;
pub mod watch;

use crate::child::Parent;
use crate::{OnTable, Place, Subject};

/// Plays a role in a child process.
pub(crate) async fn play<S: Subject>(role: &str, place: Place<S>, parent: Parent) {
    match role.split_once("::") {
        Some(("crash", role)) => crash::play(role, place, parent).await,
        Some(("kv", role)) => kv::play(role, place.with::<OnTable<S>>(), parent).await,
        Some(("processes", role)) => processes::play(role, place, parent).await,
        _ => panic!("no child plays {role}"),
    }
}
