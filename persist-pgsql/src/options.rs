//! The settings of a PostgreSQL store: one struct, as a builder and as TOML.

pub(crate) mod address;
mod secret;
mod tls;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use persist_core::backend::Backend;
use persist_core::{Durability, Persist, Result};
use serde::Deserialize;

use secret::Secret;
pub use tls::Tls;

/// How to open a PostgreSQL store.
///
/// The same names serve as builder methods and as keys of `[persist.pgsql]`; durations are written
/// as `"5s"` there. What is not set is taken from the variables that every PostgreSQL program
/// reads (`PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE`, `PGSSLROOTCERT`,
/// `PGAPPNAME`, `PGOPTIONS`).
///
/// ```no_run
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let store = persist_pgsql::Options::new()
///     .host("db.example.org")
///     .user("shop")
///     .password("secret")
///     .database("shop")
///     .open()
///     .await?;
/// store.close().await
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    pub(crate) url: Option<Secret>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) unix_domain_socket_dir: Option<PathBuf>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) tls: Option<Tls>,
    pub(crate) root_certificate: Option<PathBuf>,
    pub(crate) application_name: Option<String>,
    pub(crate) durability: Option<Durability>,
    pub(crate) size_conn_pool: Option<usize>,
    pub(crate) snapshots: Option<usize>,
    #[serde(with = "humantime_serde")]
    pub(crate) snapshot_max_age: Option<Duration>,
    #[serde(with = "humantime_serde")]
    pub(crate) connect_timeout: Option<Duration>,
    #[serde(with = "humantime_serde")]
    pub(crate) acquire_timeout: Option<Duration>,
    #[serde(with = "humantime_serde")]
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) listen: Option<bool>,
    #[serde(with = "humantime_serde")]
    pub(crate) poll_interval: Option<Duration>,
    pub(crate) pgbouncer: bool,
    pub(crate) ocsipersist: bool,
}

impl Options {
    /// The defaults: the server that the environment names, else the local one, and its database
    /// `ocsipersist`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The server and the database as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with the
    /// parameters `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `application_name` and `options`
    /// of PostgreSQL's own programs. What it says cannot be set beside it.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(Secret::new(url));
        self
    }

    /// The server's name or address; `PGHOST`, else the local socket if there is one, else
    /// `localhost`.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The server's port, which is also part of the name of its Unix socket; `PGPORT`, else 5432.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The directory of the server's Unix socket, instead of a `host`.
    #[must_use]
    pub fn unix_domain_socket_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.unix_domain_socket_dir = Some(dir.into());
        self
    }

    /// The user to connect as; `PGUSER`, else the name of the system's user.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The user's password, else `PGPASSWORD`. It appears in no error and no log.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::new(password));
        self
    }

    /// The database; `PGDATABASE`, else `ocsipersist`. Its encoding must be UTF-8; its collation
    /// does not matter.
    #[must_use]
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// The schema that holds the store, made if it is not there; `public` by default. Each schema
    /// is a store of its own.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Whether connections are encrypted; `PGSSLMODE`, else [`Tls::Prefer`], or
    /// [`Tls::VerifyFull`] when a root certificate is set. From `Require` on, what the server
    /// does not offer is an error, never a fallback.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// A file in PEM of the authorities to trust, instead of the system's.
    #[must_use]
    pub fn root_certificate(mut self, file: impl Into<PathBuf>) -> Self {
        self.root_certificate = Some(file.into());
        self
    }

    /// What the server's lists of connections show; `PGAPPNAME`, else `persist`.
    #[must_use]
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = Some(name.into());
        self
    }

    /// How durable an acknowledged write is; `Full` by default: `synchronous_commit` is at least
    /// `on`, and a server that runs without `fsync` or `full_page_writes` is refused. With
    /// `Relaxed` it is `off`: a server that is killed loses what it acknowledged in the last
    /// moments (up to three times its `wal_writer_delay`, 0.6 s by default); a program that is
    /// killed loses nothing.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// How many connections are used at most, besides those of snapshots and the one that
    /// listens for changes; 16 by default, at least 2. From 4 on two of them write, else one;
    /// the others read, and open and drop tables.
    #[must_use]
    pub fn size_conn_pool(mut self, size: usize) -> Self {
        self.size_conn_pool = Some(size);
        self
    }

    /// How many snapshots may be open at once; 8 by default. Each has a connection, from a
    /// reserve of their own. One more is `Busy`.
    #[must_use]
    pub fn snapshots(mut self, snapshots: usize) -> Self {
        self.snapshots = Some(snapshots);
        self
    }

    /// How long a snapshot may be held; 5 minutes by default, then it answers `Timeout`. The
    /// server cannot clean up old rows while a snapshot may see them.
    #[must_use]
    pub fn snapshot_max_age(mut self, age: Duration) -> Self {
        self.snapshot_max_age = Some(age);
        self
    }

    /// How long one attempt to connect may take; 5 seconds by default.
    #[must_use]
    pub fn connect_timeout(mut self, wait: Duration) -> Self {
        self.connect_timeout = Some(wait);
        self
    }

    /// How long an operation waits for a connection: for a free one, then `Timeout`, and for a
    /// server that is down to come back, then `Unavailable`; 30 seconds by default.
    #[must_use]
    pub fn acquire_timeout(mut self, wait: Duration) -> Self {
        self.acquire_timeout = Some(wait);
        self
    }

    /// How long one statement may take, waiting for locks included; 1 minute by default, then
    /// `Timeout`. Counting or emptying very large tables may need more.
    #[must_use]
    pub fn statement_timeout(mut self, wait: Duration) -> Self {
        self.statement_timeout = Some(wait);
        self
    }

    /// Whether changes by other programs are learnt by `LISTEN`; `true` by default. Without it
    /// they are looked for at each `poll_interval`, for engines and poolers that do not have it.
    #[must_use]
    pub fn listen(mut self, listen: bool) -> Self {
        self.listen = Some(listen);
        self
    }

    /// How often changes are looked for when they are not listened for; 250 ms by default.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = Some(interval);
        self
    }

    /// Whether a `PgBouncer` in transaction mode stands in between; `false` by default. Then
    /// nothing is kept on a connection between transactions: no prepared statements, no settings,
    /// no `LISTEN`. Everything costs two or three round trips more.
    #[must_use]
    pub fn pgbouncer(mut self, pgbouncer: bool) -> Self {
        self.pgbouncer = pgbouncer;
        self
    }

    /// Whether tables that Ocsipersist has made in the schema are opened in place; `false` by
    /// default, and then they are left alone. `docs/from-ocsipersist.md` says how.
    #[must_use]
    pub fn ocsipersist(mut self, ocsipersist: bool) -> Self {
        self.ocsipersist = ocsipersist;
        self
    }

    /// Sets the durability unless it is set already: what a setting for all backends does.
    #[must_use]
    pub fn or_durability(mut self, durability: Durability) -> Self {
        self.durability.get_or_insert(durability);
        self
    }

    /// Puts relative paths into `dir`.
    #[must_use]
    pub fn relative_to(mut self, dir: &Path) -> Self {
        for path in [&mut self.root_certificate, &mut self.unix_domain_socket_dir] {
            *path = path.take().map(|path| dir.join(path));
        }
        self
    }

    /// Opens the store, making its schema and its registry if they are not there.
    ///
    /// # Errors
    /// `Config` for settings that are out of range or contradict each other, a wrong password, a
    /// missing database, missing rights, an encoding other than UTF-8, or a server whose settings
    /// break the durability that is asked for; `Unavailable` if the server could not be reached
    /// within `acquire_timeout`.
    pub async fn open(self) -> Result<Persist> {
        Ok(Persist::new(self.backend().await?))
    }

    /// Opens the store as a bare backend, to wrap it or to test it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn backend(self) -> Result<Arc<dyn Backend>> {
        crate::backend::open(self).await
    }
}
