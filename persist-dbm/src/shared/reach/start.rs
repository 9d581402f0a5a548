//! Starting a server, by one client at a time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use persist_core::{Error, ErrorKind, Result};
use tokio::net::UnixStream;

use super::program;
use crate::Options;
use crate::directory;
use crate::shared::daemon::{Orders, Report, Role};
use crate::shared::place::Place;

/// How often a client looks whether another one has finished starting.
const LOOK: Duration = Duration::from_millis(5);

/// Starts a server unless one answers by then. Returns when it is ready.
pub(super) async fn start(place: &Place, options: &Options, deadline: Instant) -> Result<()> {
    directory::make(&options.store)?;
    let lock =
        place.starter_lock().map_err(|error| cannot("open its `persist-dbm.starter`", error))?;
    while !lock.take().map_err(|error| cannot("lock its `persist-dbm.starter`", error))? {
        if answers(place).await {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "another process has been starting its server for long, without success",
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
    if answers(place).await {
        return Ok(());
    }
    let program = program::find(options.server_program.as_deref())?;
    let orders = Orders { role: Role::Launch, options: options.clone() };
    let mut command = Command::new(&program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    orders.give(&mut command)?;
    let (reply, launched) = tokio::sync::oneshot::channel();
    let launch = move || {
        let output = command.output();
        // The caller may have gone.
        let _ = reply.send(output);
        // Held until the server listens, whoever waits for it.
        drop(lock);
    };
    thread::Builder::new().name("persist-dbm start".to_owned()).spawn(launch).map_err(|error| {
        Error::new(ErrorKind::Backend, "cannot start a thread").caused_by(error)
    })?;
    let left = deadline.saturating_duration_since(Instant::now());
    let output = match tokio::time::timeout(left, launched).await {
        Ok(Ok(Ok(output))) => output,
        Ok(Ok(Err(error))) => {
            return Err(cannot(&format!("run {}", program.display()), error));
        }
        _ => {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "its server was started and is not ready yet; try again later",
            ));
        }
    };
    match Report::read(&output.stdout) {
        Some(Report::Ready) => Ok(()),
        Some(Report::Failed(parts)) => Err(Error::from_parts(parts)),
        None => Err(Error::new(
            ErrorKind::Config,
            format!(
                "{} ended with {} and did not say that it serves; is it the persist-dbmd of this \
                 version?",
                program.display(),
                output.status
            ),
        )),
    }
}

/// Whether somebody listens on the socket.
async fn answers(place: &Place) -> bool {
    let connected: io::Result<UnixStream> = place.connect().await;
    connected.is_ok()
}

fn cannot(what: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
        _ => ErrorKind::Config,
    };
    Error::new(kind, format!("cannot {what}: {error}")).caused_by(error)
}
