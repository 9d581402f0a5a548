//! How a server is to be.

use std::fmt;

use super::Postgres;
use super::cluster::Cluster;
use crate::Result;

/// Settings of a server that is to be started.
///
/// The cluster is in UTF-8 and sorts by bytes, its superuser is `postgres` and needs no password.
#[derive(Clone)]
pub struct Builder {
    pub(super) settings: Vec<(String, String)>,
    pub(super) initdb: Vec<String>,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) tcp: bool,
    pub(super) ssl: bool,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            settings: Vec::new(),
            initdb: Vec::new(),
            user: "postgres".to_owned(),
            password: None,
            tcp: false,
            ssl: false,
        }
    }

    /// A line of `postgresql.conf`, such as `("fsync", "off")`; the last one of a name counts.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// How many clients there may be; 100 unless said.
    #[must_use]
    pub fn max_connections(self, connections: u32) -> Self {
        self.setting("max_connections", connections)
    }

    /// Whether a commit waits for the disk; it does unless said.
    #[must_use]
    pub fn fsync(self, on: bool) -> Self {
        self.setting("fsync", if on { "on" } else { "off" })
    }

    /// More arguments of `initdb`, such as `--encoding=LATIN1` or
    /// `["--locale-provider=icu", "--icu-locale=en-US"]`.
    #[must_use]
    pub fn initdb_args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.initdb.extend(args.into_iter().map(Into::into));
        self
    }

    /// The name of the superuser.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        name.clone_into(&mut self.user);
        self
    }

    /// Everybody who connects proves by `scram-sha-256` to know a password; this is the
    /// superuser's.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Listens on a free port of the loopback interface too.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Listens on a port, and there speaks TLS only, with a new certificate for `localhost`.
    #[must_use]
    pub fn ssl(mut self) -> Self {
        self.ssl = true;
        self.tcp()
    }

    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    ///
    /// [`Missing`](crate::Error::Missing) if a program is not installed, otherwise what the server
    /// said.
    pub fn start(self) -> Result<Postgres> {
        let (cluster, kept) = Cluster::create(&self)?;
        Ok(Postgres { cluster, running: Some(kept).into() })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settings, initdb, user, tcp, ssl, password: _ } = self;
        let mut debug = f.debug_struct("Builder");
        debug.field("settings", settings).field("initdb", initdb).field("user", user);
        debug.field("tcp", tcp).field("ssl", ssl).finish_non_exhaustive()
    }
}
