//! How durable an acknowledged write is.

use serde::{Deserialize, Serialize};

/// How durable an acknowledged write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// It survives `kill -9` of the process and of the engine's server, and the loss of power as
    /// far as the disk honours sync.
    #[default]
    Full,
    /// The last moments may be lost when the owner of the engine dies; each backend says how
    /// much that is.
    Relaxed,
}
