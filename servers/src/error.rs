//! What can go wrong, as text for the person who runs the tests.

use std::fmt;
use std::io;

use crate::Server;

/// What a call of this crate gives.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A program of this server is not installed; the text has the command that installs it.
    Missing {
        /// The server.
        server: Server,
        /// The program that was not found.
        program: &'static str,
    },
    /// Something else, told with what the program itself said.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { server, program } => write!(
                f,
                "{server} is not installed (no program `{program}`); install it with `{}`",
                server.install_command()
            ),
            Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// The failure of an operation of the system: `what` is the operation and what it was done to.
    pub(crate) fn io(what: impl fmt::Display, error: impl Into<io::Error>) -> Self {
        Self::Failed(format!("cannot {what}: {}", error.into()))
    }
}
