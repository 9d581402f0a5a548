//! The sled backend, tested on real directories.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod backward;
mod child;
mod compacting;
mod damage;
mod dir;
mod dropped;
mod full;
mod killed;
mod load;
mod opening;
mod snapshots;
mod subject;
mod upstream;

use child::Child;
use dir::Dir;

persist_conformance::laws!(subject::Dbm);
