//! The servers there are.

use std::fmt;

use crate::{Error, Result, install, programs};

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Server {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
}

impl Server {
    /// Every server.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::Redis];

    /// The Debian package that brings its programs.
    pub fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Redis => "redis-server",
        }
    }

    /// The command that installs it on Debian and its kin.
    pub fn install_command(self) -> String {
        format!("apt-get install -y {}", self.package())
    }

    /// Looks whether its programs are installed, without starting any.
    ///
    /// # Errors
    ///
    /// [`Missing`](crate::Error::Missing) names the first program that is not there.
    pub fn check(self) -> Result<()> {
        match self {
            Self::Postgres => programs::Postgres::find().map(drop),
            Self::Redis => programs::redis().map(drop),
        }
    }

    /// Sees to it that its programs are installed: what is missing is installed by `apt-get` if we
    /// are root and there is one.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), if we may not install or it did not help.
    pub fn ensure_installed(self) -> Result<()> {
        match self.check() {
            Err(missing @ Error::Missing { .. }) => {
                install::install(self, missing)?;
                self.check()
            }
            done => done,
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
        })
    }
}
