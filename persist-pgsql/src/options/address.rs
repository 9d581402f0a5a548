//! Which server, which database, and with what limits: the options as they are used.

use std::env;
use std::str::FromStr;
use std::time::Duration;

use persist_core::{Durability, Error, ErrorKind, Result};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use super::{Options, Tls};

/// What Ocsipersist calls its database.
const DATABASE: &str = "ocsipersist";

/// How many statements a connection keeps prepared.
const STATEMENTS: usize = 256;

/// What a URL may say after its `?`.
const PARAMETERS: [&str; 6] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "application_name", "options"];

/// Options that were checked, with their defaults.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) connect: PgConnectOptions,
    /// The server, for people.
    pub(crate) server: String,
    pub(crate) schema: String,
    pub(crate) durability: Durability,
    /// How many connections write.
    pub(crate) writers: usize,
    /// How many connections read.
    pub(crate) readers: usize,
    pub(crate) size_conn_pool: usize,
    pub(crate) snapshots: usize,
    pub(crate) snapshot_max_age: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) acquire_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) listen: bool,
    pub(crate) poll_interval: Duration,
    pub(crate) pgbouncer: bool,
    pub(crate) ocsipersist: bool,
}

impl Options {
    /// Checks what types cannot, and fills in the defaults.
    pub(crate) fn settle(self) -> Result<Settings> {
        let size_conn_pool = self.size_conn_pool.unwrap_or(16);
        let snapshots = self.snapshots.unwrap_or(8);
        for (name, number, least) in
            [("size_conn_pool", size_conn_pool, 2), ("snapshots", snapshots, 1)]
        {
            if number < least {
                return Err(config(format!("`{name}` must be at least {least}")));
            }
        }
        let schema = self.schema.clone().unwrap_or_else(|| "public".to_owned());
        if schema.is_empty() || schema.len() > 63 || schema.contains('\0') {
            return Err(config("`schema` must be 1 to 63 bytes without NUL"));
        }
        let listen = match (self.listen, self.pgbouncer) {
            (Some(true), true) => {
                return Err(config(
                    "`listen` needs a connection of its own, which `pgbouncer` says there is not; \
                     unset one of them",
                ));
            }
            (listen, pgbouncer) => listen.unwrap_or(!pgbouncer),
        };
        let second = Duration::from_secs(1);
        let durations = [
            ("snapshot_max_age", self.snapshot_max_age, 300 * second),
            ("connect_timeout", self.connect_timeout, 5 * second),
            ("acquire_timeout", self.acquire_timeout, 30 * second),
            ("statement_timeout", self.statement_timeout, 60 * second),
            ("poll_interval", self.poll_interval, second / 4),
        ];
        for (name, set, _) in durations {
            // The server counts milliseconds in 31 bits.
            if set.is_some_and(|set| set.as_millis() == 0 || set.as_secs() > 2_000_000) {
                return Err(config(format!("`{name}` must be from 1 ms to 23 days")));
            }
        }
        let [snapshot_max_age, connect_timeout, acquire_timeout, statement_timeout, poll_interval] =
            durations.map(|(_, set, default)| set.unwrap_or(default));
        let connect = self.connect()?;
        let writers = if size_conn_pool < 4 { 1 } else { 2 };
        Ok(Settings {
            server: shown(&connect),
            connect,
            schema,
            durability: self.durability.unwrap_or_default(),
            writers,
            readers: size_conn_pool - writers,
            size_conn_pool,
            snapshots,
            snapshot_max_age,
            connect_timeout,
            acquire_timeout,
            statement_timeout,
            listen,
            poll_interval,
            pgbouncer: self.pgbouncer,
            ocsipersist: self.ocsipersist,
        })
    }

    fn connect(&self) -> Result<PgConnectOptions> {
        self.check_conflicts()?;
        check_environment()?;
        let mut connect = match &self.url {
            Some(url) => parse(url.reveal())?,
            None => PgConnectOptions::new_without_pgpass(),
        };
        if let Some(host) = &self.host {
            connect = connect.host(host);
        }
        if let Some(dir) = &self.unix_domain_socket_dir {
            connect = connect.socket(dir);
        }
        if let Some(port) = self.port {
            connect = connect.port(port);
        }
        if let Some(user) = &self.user {
            connect = connect.username(user);
        }
        if let Some(database) = &self.database {
            connect = connect.database(database);
        }
        if connect.get_database().is_none() {
            connect = connect.database(DATABASE);
        }
        connect = self.encrypted(connect)?;
        if let Some(name) = &self.application_name {
            connect = connect.application_name(name);
        } else if connect.get_application_name().is_none() {
            connect = connect.application_name("persist");
        }
        if self.pgbouncer {
            // PgBouncer refuses parameters that it does not track.
            connect = connect.extra_float_digits(None).statement_cache_capacity(0);
        } else {
            connect = connect.statement_cache_capacity(STATEMENTS);
        }
        if let Some(password) = &self.password {
            connect = connect.password(password.reveal());
        }
        Ok(connect.disable_statement_logging())
    }

    fn encrypted(&self, mut connect: PgConnectOptions) -> Result<PgConnectOptions> {
        if let Some(file) = &self.root_certificate {
            std::fs::read(file).map_err(|error| {
                let shown = file.display();
                config(format!("`root_certificate` cannot be read: {shown}")).caused_by(error)
            })?;
            connect = connect.ssl_root_cert(file).ssl_mode(Tls::VerifyFull.mode());
        }
        Ok(match self.tls {
            Some(tls) => connect.ssl_mode(tls.mode()),
            None => connect,
        })
    }

    fn check_conflicts(&self) -> Result<()> {
        if self.url.is_some() {
            let beside = [
                ("host", self.host.is_some()),
                ("port", self.port.is_some()),
                ("unix_domain_socket_dir", self.unix_domain_socket_dir.is_some()),
                ("user", self.user.is_some()),
                ("password", self.password.is_some()),
                ("database", self.database.is_some()),
            ];
            if let Some((name, _)) = beside.into_iter().find(|(_, set)| *set) {
                return Err(config(format!("`url` and `{name}` are both set; unset one of them")));
            }
        }
        if self.host.is_some() && self.unix_domain_socket_dir.is_some() {
            return Err(config(
                "`host` and `unix_domain_socket_dir` are both set; unset one of them",
            ));
        }
        if self.root_certificate.is_some() && self.tls.is_some_and(|tls| !tls.verifies()) {
            return Err(config(
                "`root_certificate` is set, but `tls` says not to check the server; set `tls` to \
                 \"verify-full\" or \"verify-ca\", or unset one of them",
            ));
        }
        if self.unix_domain_socket_dir.is_some()
            && self.tls.is_some_and(|tls| !matches!(tls, Tls::Disable | Tls::Prefer))
        {
            return Err(config("a Unix socket has no TLS; unset `tls`"));
        }
        Ok(())
    }
}

/// The options of a URL, whose text is not repeated in errors.
fn parse(url: &str) -> Result<PgConnectOptions> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(config("`url` must begin with postgres://"));
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        if !PARAMETERS.contains(&name) {
            return Err(config(format!(
                "`url` has a parameter that is not known; known are {}",
                PARAMETERS.join(", ")
            )));
        }
    }
    PgConnectOptions::from_str(url).map_err(|_| {
        config(
            "`url` is not a URL of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS",
        )
    })
}

/// What the driver would read over in silence.
fn check_environment() -> Result<()> {
    let wrong = |name: &str, expected: &str| {
        Err(config(format!("the variable {name} is not {expected}; correct it or unset it")))
    };
    if env::var("PGPORT").is_ok_and(|port| port.parse::<u16>().is_err()) {
        return wrong("PGPORT", "a port");
    }
    if env::var("PGSSLMODE").is_ok_and(|mode| mode.parse::<sqlx::postgres::PgSslMode>().is_err()) {
        return wrong("PGSSLMODE", "one of disable, prefer, require, verify-ca and verify-full");
    }
    Ok(())
}

/// A server, for people: without the password.
fn shown(connect: &PgConnectOptions) -> String {
    let place = match connect.get_socket() {
        Some(dir) => format!("{}/.s.PGSQL.{}", dir.display(), connect.get_port()),
        None if connect.get_host().starts_with('/') => {
            format!("{}/.s.PGSQL.{}", connect.get_host(), connect.get_port())
        }
        None => format!("{}:{}", connect.get_host(), connect.get_port()),
    };
    let database = connect.get_database().unwrap_or(DATABASE);
    format!("database {database:?} at {place}, user {:?}", connect.get_username())
}

fn config(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}
