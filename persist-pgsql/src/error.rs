//! From PostgreSQL's errors to ours.

use std::fmt;

use persist_core::{Error, ErrorKind};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// What the server or the driver reported, for people.
pub(crate) fn engine(error: sqlx::Error) -> Error {
    let (kind, message) = match &error {
        sqlx::Error::Database(reported) => {
            let reported = reported.downcast_ref::<PgDatabaseError>();
            return Error::new(kind_of(reported.code()), told(reported))
                .caused_by(Reported::of(reported));
        }
        error if is_tls(error) => (
            ErrorKind::Config,
            "TLS with the PostgreSQL server failed; check `tls` and `root_certificate`, and that \
             the server offers TLS",
        ),
        error if matches!(error, sqlx::Error::Io(_)) || is_hung_up(error) => (
            ErrorKind::Unavailable,
            "the connection to the PostgreSQL server failed; is it running?",
        ),
        sqlx::Error::Protocol(_) => (
            ErrorKind::Unavailable,
            "what answered does not speak PostgreSQL's protocol as expected; check host and port",
        ),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            (ErrorKind::Decode, "a stored cell is not of its column's type")
        }
        _ => (ErrorKind::Backend, "PostgreSQL failed"),
    };
    Error::new(kind, message).caused_by(error)
}

/// Whether the connection is of no use any more.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(reported) => {
            let reported = reported.downcast_ref::<PgDatabaseError>();
            matches!(reported.severity(), PgSeverity::Fatal | PgSeverity::Panic)
                || matches!(class(reported.code()), "08" | "57")
                    && reported.code() != QUERY_CANCELED
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

/// Whether the server may take the same connection a little later.
pub(crate) fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => !is_tls(error),
        sqlx::Error::Protocol(_) => is_hung_up(error),
        // Too many connections; starting up, shutting down.
        sqlx::Error::Database(_) => {
            code(error).is_some_and(|code| code == "53300" || class(code) == "57")
        }
        _ => false,
    }
}

/// Whether the two sides could not agree on TLS, which the driver reports in two ways.
fn is_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

/// Whether the other side closed the connection instead of saying whether it offers TLS, which the
/// driver takes for an answer of 0: so do servers and proxies that are just shutting down.
fn is_hung_up(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Protocol(said) if said.contains("SSLRequest: 0x00"))
}

/// Whether others were in the way, so that the same transaction may succeed when made again.
pub(crate) fn is_clash(error: &sqlx::Error) -> bool {
    matches!(code(error), Some("40001" | "40P01" | "CR000"))
}

/// Whether a prepared statement does not fit any more to what it was prepared for.
pub(crate) fn is_stale_statement(error: &sqlx::Error) -> bool {
    matches!(code(error), Some("26000" | "0A000" | "42P05"))
}

/// Whether a lock was not to be had in time.
pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
    code(error) == Some("55P03")
}

const QUERY_CANCELED: &str = "57014";

fn code(error: &sqlx::Error) -> Option<&str> {
    match error {
        sqlx::Error::Database(reported) => Some(reported.downcast_ref::<PgDatabaseError>().code()),
        _ => None,
    }
}

fn class(code: &str) -> &str {
    code.get(..2).unwrap_or_default()
}

/// The kinds of `SQLSTATE`s. See the appendix "PostgreSQL Error Codes" of its manual.
fn kind_of(code: &str) -> ErrorKind {
    match code {
        "28P01" | "28000" | "3D000" | "42501" | "3F000" | "25006" | "42P06" => ErrorKind::Config,
        "42P01" => ErrorKind::NotFound,
        "40001" | "40P01" => ErrorKind::Conflict,
        "55P03" => ErrorKind::Busy,
        "53100" => ErrorKind::NoSpace,
        "54000" => ErrorKind::TooLarge,
        QUERY_CANCELED => ErrorKind::Timeout,
        "XX001" | "XX002" => ErrorKind::Corrupt,
        _ => match class(code) {
            "08" | "57" | "53" => ErrorKind::Unavailable,
            _ => ErrorKind::Backend,
        },
    }
}

fn told(reported: &PgDatabaseError) -> &'static str {
    match reported.code() {
        "28P01" => "the server refused the password; check `user` and `password`",
        "28000" => "the server refused the user; check `user`, `tls`, and the server's pg_hba.conf",
        "3D000" => "there is no such database; make it with `createdb`, or correct `database`",
        "42501" => "the user lacks the right to do this; grant it, or correct `user` or `schema`",
        "3F000" => "there is no such schema; make it, or correct `schema`",
        "25006" => "the server takes no writes; connect to the primary, not to a standby",
        "42P01" => "the table was dropped; open it again to make a new one",
        "40001" | "40P01" => "others changed the same rows again and again; try again",
        "55P03" => "somebody else holds the table; try again",
        "54000" => "the key is longer than PostgreSQL's index takes, about 2,700 bytes as stored",
        "53100" => "the server's disk is full; make space and try again",
        "53200" | "53000" => "the server is out of resources; see its log",
        "53300" => "the server takes no more connections; raise its `max_connections`",
        QUERY_CANCELED => "the server gave up after `statement_timeout`; raise it, or ask for less",
        "57P03" => "the server is starting up or shutting down; try again",
        "57P01" | "57P02" => "the server ended the connection; try again",
        "XX001" | "XX002" => "the server found its data damaged; see its log",
        _ => "PostgreSQL failed",
    }
}

/// What the server said, without the details, where it quotes rows.
struct Reported {
    code: String,
    message: String,
}

impl Reported {
    fn of(error: &PgDatabaseError) -> Self {
        Self { code: error.code().to_owned(), message: error.message().to_owned() }
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.code)
    }
}

impl fmt::Debug for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Reported {}
