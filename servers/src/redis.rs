//! Redis.

mod builder;

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

pub use builder::{Builder, Fsync};

use crate::account::Account;
use crate::keeper::{Keeping, Kept};
use crate::place::Place;
use crate::{Error, Result, port, processes, programs};

/// How long a server may take to start, with all of its log to read, or to stop.
const PATIENCE: Duration = Duration::from_mins(2);

/// A Redis server with an append-only log of its own.
///
/// It listens on a Unix socket, and on a port of the loopback interface if [`Builder::tcp`] asked
/// for one. Dropping it stops the server and removes its directory.
#[derive(Debug)]
pub struct Redis {
    place: Place,
    program: PathBuf,
    arguments: Vec<String>,
    port: Option<u16>,
    /// `None` while it is stopped. A call that changes this holds the lock to its end.
    running: Mutex<Option<Kept>>,
}

impl Redis {
    /// Starts a server that syncs its log before each answer.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if it is not installed, otherwise what the server said.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Settings for a server that is to be started.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The URL of the port if there is one, else of the socket.
    pub fn url(&self) -> String {
        match self.port {
            Some(port) => format!("redis://127.0.0.1:{port}"),
            None => format!("redis+unix://{}", self.socket().display()),
        }
    }

    /// The socket.
    pub fn socket(&self) -> PathBuf {
        self.place.file("redis.sock")
    }

    /// The directory of the log and the socket.
    pub fn dir(&self) -> &Path {
        self.place.path()
    }

    /// The port, if there is one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The number of the server's process; `None` while it is stopped.
    pub fn pid(&self) -> Option<u32> {
        let running = self.running();
        running.as_ref().and_then(|kept| kept.pid().as_raw_nonzero().get().try_into().ok())
    }

    /// Kills the server and its children with `SIGKILL`, as a crash.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn kill(&self) -> Result<()> {
        let kept = self.running().take().ok_or_else(not_running)?;
        processes::kill_family(kept.pid(), PATIENCE);
        kept.wait(PATIENCE).map(drop)
    }

    /// Stops the server as an administrator does.
    ///
    /// # Errors
    ///
    /// If it does not run or does not stop.
    pub fn stop(&self) -> Result<()> {
        stop(self.running().take().ok_or_else(not_running)?)
    }

    /// Starts the server again, after a [`kill`](Self::kill) or [`stop`](Self::stop) or while it
    /// runs: with the same directory, port and data.
    ///
    /// # Errors
    ///
    /// What the server said.
    pub fn restart(&self) -> Result<()> {
        let mut running = self.running();
        if let Some(kept) = running.take() {
            stop(kept)?;
        }
        *running = Some(self.spawn()?);
        Ok(())
    }

    fn create(arguments: Vec<String>, tcp: bool) -> Result<Self> {
        let program = programs::redis()?;
        let place = Place::new("persist-redis-", Account::OURS)?;
        let mut server = Self { place, program, arguments, port: None, running: Mutex::default() };
        for attempt in 1..=port::TRIES {
            if tcp {
                server.port = Some(port::free()?);
            }
            match server.spawn() {
                Err(Error::Failed(words))
                    if tcp && attempt < port::TRIES && port::was_taken(&words) => {}
                spawned => {
                    *server.running() = Some(spawned?);
                    break;
                }
            }
        }
        Ok(server)
    }

    /// Starts the server and waits until it answers.
    fn spawn(&self) -> Result<Kept> {
        let mut command = Command::new(&self.program);
        command.args(["--daemonize", "no", "--save", "", "--dir"]).arg(self.place.path());
        command.arg("--unixsocket").arg(self.socket()).args(["--bind", "127.0.0.1"]);
        command.args(["--port", &self.port.unwrap_or_default().to_string()]);
        command.args(&self.arguments);
        let keeping = Keeping { account: Account::OURS, place: &self.place, last_signal: "KILL" };
        let kept = Kept::spawn(&command, keeping)?;
        let mut answered = false;
        processes::until(PATIENCE, || {
            answered = ping(&self.socket()).unwrap_or(false);
            answered || kept.ended()
        });
        if answered && !kept.ended() {
            return Ok(kept);
        }
        Err(Error::Failed(format!("Redis did not start:\n{}", self.place.last_words())))
    }

    fn running(&self) -> MutexGuard<'_, Option<Kept>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a server at this socket has read its log and answers.
fn ping(socket: &Path) -> io::Result<bool> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer.starts_with("+PONG"))
}

fn stop(kept: Kept) -> Result<()> {
    kept.signal(Signal::TERM)?;
    kept.wait(PATIENCE).map(drop)
}

fn not_running() -> Error {
    Error::Failed("the Redis server is not running".to_owned())
}
