//! How a server is to be.

use super::Redis;
use crate::Result;

/// When Redis syncs its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fsync {
    /// Before each answer.
    Always,
    /// Once a second, beside the answers.
    EverySecond,
}

/// Settings of a server that is to be started.
#[derive(Debug, Clone)]
pub struct Builder {
    fsync: Fsync,
    tcp: bool,
    settings: Vec<(String, String)>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { fsync: Fsync::Always, tcp: false, settings: Vec::new() }
    }

    /// When the log is synced; always, unless said.
    #[must_use]
    pub fn fsync(mut self, fsync: Fsync) -> Self {
        self.fsync = fsync;
        self
    }

    /// Listens on a free port of the loopback interface too.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// A line of `redis.conf`, such as `("maxmemory", "10mb")`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts a server.
    ///
    /// # Errors
    ///
    /// [`Missing`](crate::Error::Missing) if it is not installed, otherwise what the server said.
    pub fn start(self) -> Result<Redis> {
        let fsync = match self.fsync {
            Fsync::Always => "always",
            Fsync::EverySecond => "everysec",
        };
        let mut arguments: Vec<_> =
            ["--appendonly", "yes", "--appendfsync", fsync].map(str::to_owned).into();
        for (name, value) in self.settings {
            arguments.extend([format!("--{name}"), value]);
        }
        Redis::create(arguments, self.tcp)
    }
}
