//! Code that users want to write: it compiles, and does what it says.

mod axum;
mod column;
mod range;
mod readme;
mod transact;
mod update;
mod watch;

use persist_config::Config;
use persist_core::Persist;

use crate::support::Place;

/// A store on each backend, and the place that one of them is at.
async fn stores() -> ([Persist; 2], Place) {
    let place = Place::new("persist = { backend = 'sqlite', sqlite.file = 'store.sqlite' }");
    let sqlite = place.load().unwrap().open().await.unwrap();
    let mem = Config::from_toml("persist.backend = 'mem'").unwrap().open().await.unwrap();
    ([sqlite, mem], place)
}
