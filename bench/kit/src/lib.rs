//! The benchmark's common ground: the same data, the same work and the same clock for everybody.
//!
//! A contestant is a [`Store`] that tasks call, or an [`Engine`] that threads call. Those whose
//! dependencies do not resolve with ours run in a process of their own, behind [`serve`] and
//! [`Remote`].

pub mod data;
mod family;
mod pool;
mod remote;
mod round;
mod serve;
mod tasks;
mod threads;
mod wire;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

pub use family::{Durability, Family};
pub use remote::Remote;
pub use round::{Deadline, Latencies, Round};
pub use serve::{Opening, serve};
pub use tasks::{Store, Tasks};
pub use threads::{Engine, Threads, reading, writing};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T> = std::result::Result<T, Failure>;

/// How many threads a runtime has, in our process and in a helper's.
pub const WORKERS: usize = 2;

/// Where a contestant stores its rows, all by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spot {
    /// An empty directory.
    pub dir: PathBuf,
    /// An empty database of a server.
    pub url: Option<String>,
    pub durability: Durability,
    /// How many rows it is to load.
    pub rows: u64,
}

/// What is done in a round.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Job {
    pub family: Family,
    pub tasks: u64,
    pub rows: u64,
    /// Another one in every round: values made from it were never stored before.
    pub seed: u64,
    pub time: Duration,
}

/// Somebody who has loaded the rows and can be measured.
pub trait Contestant: Send + Sync {
    /// The families that it has no call for.
    fn lacks(&self) -> &[Family];

    fn round(&self, job: Job) -> BoxFuture<'_, Result<Round>>;
}
