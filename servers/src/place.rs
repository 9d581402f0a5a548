//! The directory of a server.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::account::Account;
use crate::{Error, Result};

/// The longest directory that leaves room for a socket's name: Unix allows 107 bytes in all.
const LONGEST: usize = 60;

/// A temporary directory that belongs to the server's user.
#[derive(Debug)]
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new(prefix: &str, account: Account) -> Result<Self> {
        let mut base = std::env::temp_dir();
        if base.as_os_str().len() > LONGEST {
            base = PathBuf::from("/tmp");
        }
        let dir = tempfile::Builder::new().prefix(prefix).tempdir_in(&base).map_err(|error| {
            Error::io(format_args!("make a directory in {}", base.display()), error)
        })?;
        account.owns(dir.path())?;
        Ok(Self(dir))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Where the server writes what it has to say.
    pub(crate) fn log(&self) -> PathBuf {
        self.file("log")
    }

    /// The end of what the server said, for errors.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<_> = text.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(20)).copied().collect::<Vec<_>>().join("\n")
    }
}
