//! How both sides find out that they speak the same protocol.
//!
//! The first frame of each side begins with [`MAGIC`] and its version, four bytes, the largest
//! first; this much is the same in all versions. What follows is of that version.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use persist_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame;

/// The version of all that is said after the greeting.
pub(crate) const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"persist\0";

/// How long one side waits for the other's greeting.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A greeting of this version.
pub(crate) fn greeting(body: &impl Serialize) -> Result<Bytes> {
    let mut greeting = BytesMut::from(&MAGIC[..]);
    greeting.put_u32(VERSION);
    greeting.put(frame::encode(body, 0)?);
    Ok(greeting.freeze())
}

/// What greets whoever speaks another version: this one, and nothing that depends on it.
pub(crate) fn other_version() -> Bytes {
    let mut greeting = BytesMut::from(&MAGIC[..]);
    greeting.put_u32(VERSION);
    greeting.freeze()
}

/// What a greeting says, whoever said it being `who`.
pub(crate) fn read<T: DeserializeOwned>(frame: &[u8], who: &str) -> Result<T, Strange> {
    let stranger = Strange::Stranger;
    let rest = frame.strip_prefix(MAGIC).ok_or(stranger)?;
    let (version, body) = rest.split_first_chunk().ok_or(Strange::Stranger)?;
    let version = u32::from_be_bytes(*version);
    if version != VERSION {
        return Err(Strange::Version(Error::new(
            ErrorKind::Config,
            format!(
                "the {who} of this shared store speaks version {version} of its protocol, this \
                 process version {VERSION}; let all programs that share the store be of one \
                 version of persist-dbm, persist-dbmd included",
            ),
        )));
    }
    frame::decode(body).map_err(|_| Strange::Stranger)
}

/// Who does not greet as expected.
#[derive(Debug)]
pub(crate) enum Strange {
    /// Somebody of another version; what to say of it.
    Version(Error),
    /// Nobody of ours.
    Stranger,
}
