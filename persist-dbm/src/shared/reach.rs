//! How a client gets to a server: it connects, or starts one first.

mod program;
mod start;

use std::io;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use persist_core::{Error, ErrorKind, Result};
use tokio::time::{sleep, timeout};

use super::frame::{self, Incoming, Outgoing};
use super::hello::{self, Strange};
use super::place::{self, Place};
use super::wire::{Hello, Welcome};
use crate::Options;

pub(super) use program::this_program_serves;

/// How long a client tries to reach a server. Opening a large store after a crash takes time.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it tries to start one, when what is in the way may pass.
const STARTS: u32 = 3;

/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_millis(20);

/// Why there is no connection.
enum Missed {
    /// Nobody answers, or who did is leaving.
    Nobody,
    /// This will not change by itself.
    Refused(Error),
}

/// Connects to the server of a store, starting it if nobody answers.
///
/// # Errors
/// What the server says when it refuses, or why it could not be started.
pub(super) async fn reach(options: &Options, hello: &Hello) -> Result<(Incoming, Outgoing)> {
    let place = Place::new(&options.store);
    let deadline = Instant::now() + PATIENCE;
    let about = |error: Error| error.context(format_args!("the store {place}"));
    let mut failed = 0;
    loop {
        match connect(&place, options, hello).await {
            Ok(connection) => return Ok(connection),
            Err(Missed::Refused(error)) => return Err(about(error)),
            Err(Missed::Nobody) => {}
        }
        match start::start(&place, options, deadline).await {
            // Another one has it, who may answer by now; or the server was killed meanwhile.
            Err(error) if error.is_retryable() && failed < STARTS => failed += 1,
            Err(error) => return Err(about(error)),
            Ok(()) => {}
        }
        if Instant::now() > deadline {
            return Err(about(Error::new(
                ErrorKind::Unavailable,
                "no server of the shared store answers, though one was started; its error log \
                 (`error_log_path`) may say why",
            )));
        }
        sleep(PAUSE).await;
    }
}

/// One attempt to connect and to be welcome.
async fn connect(
    place: &Place,
    options: &Options,
    hello: &Hello,
) -> Result<(Incoming, Outgoing), Missed> {
    let stream = match place.connect().await {
        Ok(stream) => stream,
        Err(error) => {
            return Err(match error.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset
                // The queue of a server that is very busy, or stopped.
                | io::ErrorKind::WouldBlock => Missed::Nobody,
                io::ErrorKind::PermissionDenied => Missed::Refused(
                    Error::new(
                        ErrorKind::Config,
                        "its socket cannot be used by this user; run all programs that share it \
                         as one user, or set `other_users`",
                    )
                    .caused_by(error),
                ),
                _ => Missed::Refused(
                    Error::new(ErrorKind::Unavailable, "its server cannot be reached")
                        .caused_by(error),
                ),
            });
        }
    };
    let owner = stream.peer_cred().map_err(|_| Missed::Nobody)?.uid();
    if !options.other_users && owner != place::user() {
        return Err(Missed::Refused(Error::new(
            ErrorKind::Config,
            format!(
                "its server belongs to user {owner}, and this process to user {}; run both as one \
                 user, or set `other_users`",
                place::user()
            ),
        )));
    }
    let (mut incoming, mut outgoing) = frame::greeting(stream);
    let greeting = hello::greeting(hello).map_err(Missed::Refused)?;
    if outgoing.send(greeting).await.is_err() {
        return Err(Missed::Nobody);
    }
    let welcome = match timeout(hello::PATIENCE, incoming.next()).await {
        Ok(Some(Ok(welcome))) => hello::read(&welcome, "server"),
        // It left between our connection and our greeting.
        Ok(None | Some(Err(_))) => return Err(Missed::Nobody),
        Err(_) => {
            return Err(Missed::Refused(Error::new(
                ErrorKind::Unavailable,
                format!(
                    "its server does not answer within {} s; if it hangs, kill it, and the next \
                     call starts another one",
                    hello::PATIENCE.as_secs()
                ),
            )));
        }
    };
    match welcome {
        Ok(Welcome::Ready) => {
            frame::widen(&mut incoming);
            Ok((incoming, outgoing))
        }
        Ok(Welcome::Refused(parts)) => Err(Missed::Refused(Error::from_parts(parts))),
        Err(Strange::Version(error)) => Err(Missed::Refused(error)),
        Err(Strange::Stranger) => Err(Missed::Refused(Error::new(
            ErrorKind::Config,
            "something else than a server of a shared store answers on its socket",
        ))),
    }
}
