//! PostgreSQL.

mod builder;
mod certificate;
mod cluster;
mod psql;
mod shared;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustix::process::Signal;

pub use builder::Builder;

use crate::keeper::Kept;
use crate::programs::Postgres as Programs;
use crate::{Error, Result, processes};
use cluster::Cluster;

/// The database that every cluster has.
const DATABASE: &str = "postgres";

/// What stands for something else in a URL, or may.
const SPECIAL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// How long a server may take to start, with all of a crash to recover from, or to stop.
const PATIENCE: Duration = Duration::from_mins(2);

/// A PostgreSQL server with a cluster of its own.
///
/// It listens on a Unix socket in its directory, and on a port of the loopback interface if
/// [`Builder::tcp`] asked for one. `fsync` is on unless a setting says otherwise. Dropping it stops
/// the server and removes the directory.
#[derive(Debug)]
pub struct Postgres {
    cluster: Cluster,
    /// `None` while it is stopped. A call that changes this holds the lock to its end.
    running: Mutex<Option<Kept>>,
}

impl Postgres {
    /// Starts a server with the settings of [`Postgres::builder`].
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

    /// Where the tests of this process find a server: at `PERSIST_PG_URL` if that is set, else one
    /// is started for this process, and dies with it.
    ///
    /// # Errors
    ///
    /// As [`Postgres::start`]; a missing server never means that tests may be left out.
    pub fn shared_url() -> Result<String> {
        shared::url()
    }

    /// The version that would be started, such as `15.18 (Debian 15.18-0+deb12u1)`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if it is not installed.
    pub fn version() -> Result<String> {
        Programs::find()?.version()
    }

    /// The URL of the database that every cluster has, with user and password.
    pub fn url(&self) -> String {
        self.url_for(DATABASE)
    }

    /// The URL of a database: of the port if there is one, else of the socket.
    pub fn url_for(&self, database: &str) -> String {
        let encode = |text| utf8_percent_encode(text, SPECIAL).to_string();
        let (port, directory) = (self.port(), self.socket_dir().to_string_lossy());
        let host = match self.certificate() {
            Some(_) => "localhost",
            None if self.cluster.tcp => "127.0.0.1",
            None => &directory,
        };
        let mut user = encode(self.user());
        if let Some(password) = &self.cluster.password {
            user = format!("{user}:{}", encode(password));
        }
        format!("postgres://{user}@{}:{port}/{}", encode(host), encode(database))
    }

    /// The directory of the socket.
    pub fn socket_dir(&self) -> &Path {
        self.cluster.place.path()
    }

    /// The port, which is also a part of the socket's name.
    pub fn port(&self) -> u16 {
        self.cluster.port
    }

    /// The superuser that connects.
    pub fn user(&self) -> &str {
        &self.cluster.user
    }

    /// The name of the database in [`url`](Self::url).
    pub fn database(&self) -> &'static str {
        DATABASE
    }

    /// The certificate of a server with [`Builder::ssl`], for `localhost`; it is its own authority.
    pub fn certificate(&self) -> Option<&Path> {
        self.cluster.certificate.as_deref()
    }

    /// The number of the server's first process; `None` while it is stopped.
    pub fn pid(&self) -> Option<u32> {
        let running = self.running();
        running.as_ref().and_then(|kept| kept.pid().as_raw_nonzero().get().try_into().ok())
    }

    /// Kills all processes of the server at once with `SIGKILL`, as a crash.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn kill(&self) -> Result<()> {
        let kept = self.running().take().ok_or_else(not_running)?;
        if !processes::kill_family(kept.pid(), PATIENCE) {
            return Err(Error::Failed("processes of PostgreSQL outlived SIGKILL".to_owned()));
        }
        kept.wait(PATIENCE).map(drop)
    }

    /// Stops the server as an administrator does, without waiting for its clients.
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
        *running = Some(self.cluster.start()?);
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Option<Kept>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The keeper of a server that runs removes everything; after a crash something is left.
        if self.running().take().is_none() {
            self.cluster.free_memory();
        }
    }
}

fn stop(kept: Kept) -> Result<()> {
    kept.signal(Signal::INT)?;
    kept.wait(PATIENCE).map(drop)
}

fn not_running() -> Error {
    Error::Failed("the PostgreSQL server is not running".to_owned())
}
