//! Frames: a length of four bytes, then as many bytes of postcard.

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use persist_core::backend::limits::MAX_BATCH;
use persist_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

/// The largest frame: the heaviest batch, with room for what surrounds its cells.
pub(crate) const MAX_FRAME: usize = MAX_BATCH + MAX_BATCH / 4;

/// The largest frame before both sides have greeted each other.
const MAX_GREETING: usize = 16 << 10;

/// Buffers that have grown past this are not kept.
const MAX_KEPT: usize = 1 << 20;

/// The frames that come.
pub(crate) type Incoming = FramedRead<OwnedReadHalf, LengthDelimitedCodec>;

/// The frames that go.
pub(crate) type Outgoing = FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>;

/// A connection on which nothing but greetings may be said yet.
pub(crate) fn greeting(stream: UnixStream) -> (Incoming, Outgoing) {
    let codec = |max| LengthDelimitedCodec::builder().max_frame_length(max).new_codec();
    let (read, write) = stream.into_split();
    (FramedRead::new(read, codec(MAX_GREETING)), FramedWrite::new(write, codec(MAX_FRAME)))
}

/// Lets frames be as large as requests and answers are.
pub(crate) fn widen(incoming: &mut Incoming) {
    incoming.decoder_mut().set_max_frame_length(MAX_FRAME);
}

/// Gives back what the buffer has grown by for a large frame.
pub(crate) fn trim_incoming(incoming: &mut Incoming, last: usize) {
    if last > MAX_KEPT {
        let left = BytesMut::from(&incoming.read_buffer()[..]);
        *incoming.read_buffer_mut() = left;
    }
}

/// Sends off what was fed, and gives back what the buffer has grown by for a large frame.
pub(crate) async fn flush(outgoing: &mut Outgoing) -> std::io::Result<()> {
    SinkExt::<Bytes>::flush(outgoing).await?;
    if outgoing.write_buffer().capacity() > MAX_KEPT {
        *outgoing.write_buffer_mut() = BytesMut::new();
    }
    Ok(())
}

/// The bytes of a frame. `weight` is about how many there will be.
///
/// # Errors
/// `TooLarge` for what no frame can hold.
pub(crate) fn encode(value: &impl Serialize, weight: usize) -> Result<Bytes> {
    if weight > MAX_FRAME {
        return Err(too_large());
    }
    let buffer = Vec::with_capacity(weight + 64);
    let bytes = postcard::to_extend(value, buffer).map_err(|error| {
        Error::new(ErrorKind::Encode, "a message cannot be written").caused_by(error)
    })?;
    if bytes.len() > MAX_FRAME { Err(too_large()) } else { Ok(bytes.into()) }
}

/// What the bytes of a frame say, all of them.
pub(crate) fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T> {
    match postcard::take_from_bytes(frame) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(malformed()),
        Err(error) => Err(malformed().caused_by(error)),
    }
}

fn too_large() -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "it takes more than the {} MiB that can be sent to the server of a shared store at \
             once; make it smaller",
            MAX_FRAME >> 20
        ),
    )
}

fn malformed() -> Error {
    Error::new(ErrorKind::Backend, "a frame holds no message of this protocol")
}
