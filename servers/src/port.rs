//! Ports of the loopback interface.

use std::net::{Ipv4Addr, TcpListener};

use crate::{Error, Result};

/// How often another port is tried, since any may be taken between our look and the server's.
pub(crate) const TRIES: usize = 5;

/// A port that was free a moment ago.
pub(crate) fn free() -> Result<u16> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    Ok(address.map_err(|error| Error::io("find a free port", error))?.port())
}

/// Whether a server ended because another had its port.
pub(crate) fn was_taken(words: &str) -> bool {
    words.contains("Address already in use")
}
