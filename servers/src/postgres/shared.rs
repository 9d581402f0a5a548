//! One server for all tests of a process.

use std::env;
use std::sync::OnceLock;

use super::{Builder, Postgres};
use crate::Result;

/// The variable that names a server that is there already.
const VARIABLE: &str = "PERSIST_PG_URL";

/// Enough for all tests of a process at once.
const CONNECTIONS: u32 = 400;

pub(super) fn url() -> Result<String> {
    static SERVER: OnceLock<Result<Postgres>> = OnceLock::new();
    if let Ok(url) = env::var(VARIABLE) {
        return Ok(url);
    }
    // It is never dropped: its keeper ends it when the process ends.
    let server = SERVER.get_or_init(|| Postgres::builder().for_tests().start());
    server.as_ref().map(Postgres::url).map_err(Clone::clone)
}

impl Builder {
    /// Settings for a server that serves many tests at once. It sorts as English does where it
    /// can, from version 15 on, so that an order that somebody forgot to pin shows.
    #[must_use]
    pub fn for_tests(self) -> Self {
        let version = Postgres::version().unwrap_or_default();
        let major = version.split(|c: char| !c.is_ascii_digit()).next();
        let icu = major.and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= 15);
        let order = ["--locale-provider=icu", "--icu-locale=en-US"];
        self.max_connections(CONNECTIONS).initdb_args(if icu { &order[..] } else { &[] }.to_vec())
    }
}
