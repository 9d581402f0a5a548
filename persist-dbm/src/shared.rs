//! One store for several processes, through a server that starts and stops by itself.
//!
//! `client` is the contract as asked of a server, from a thread that has the connection; `reach`
//! finds or starts the server; `daemon` is the life of the server's process, and `server` what it
//! does there. Between them: `hello` and `frame`, how they talk, `wire`, what they say, and
//! `place`, where they meet. `docs/shared-stores.md` describes the protocol.

mod client;
mod daemon;
mod frame;
mod hello;
mod place;
mod reach;
mod server;
mod wire;

use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;

use crate::Options;

pub use daemon::{serve_here, serve_if_asked};

/// Opens the store that a server has, starting the server if there is none.
pub(crate) async fn open(options: Options) -> Result<Arc<dyn Backend>> {
    client::open(options).await
}
