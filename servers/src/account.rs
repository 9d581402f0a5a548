//! The user that a server runs as.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::{Error, Result};

/// Another user than us, or ourselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account(Option<(u32, u32)>);

impl Account {
    /// Ourselves.
    pub(crate) const OURS: Self = Self(None);

    /// Who runs PostgreSQL: it refuses root, so root runs it as the user of its package.
    pub(crate) fn for_postgres() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::OURS);
        }
        let known = |name| Some((id("-u", name)?, id("-g", name)?));
        let found = ["postgres", "nobody"].into_iter().find_map(known).ok_or_else(|| {
            Error::Failed(
                "PostgreSQL does not run as root, and there is no user `postgres`; \
                 create one with `useradd --system postgres`"
                    .to_owned(),
            )
        })?;
        Ok(Self(Some(found)))
    }

    /// Has the command run as this user.
    pub(crate) fn runs(self, command: &mut Command) {
        if let Self(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
    }

    /// Gives the file to this user.
    pub(crate) fn owns(self, file: &Path) -> Result<()> {
        let Self(Some((user, group))) = self else { return Ok(()) };
        chown(file, Some(user), Some(group))
            .map_err(|error| Error::io(format_args!("give {} away", file.display()), error))
    }
}

/// What the system, not only `/etc/passwd`, knows of a user.
fn id(what: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([what, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
