//! Installing the programs, where that needs nobody's leave.

use std::process::{Command, Stdio};

use crate::{Error, Result, Server, programs};

/// Installs the package of a server. Only root with `apt-get` may; anybody else is told how.
pub(crate) fn install(server: Server, missing: Error) -> Result<()> {
    let root = rustix::process::geteuid().is_root();
    if !root || programs::on_path("apt-get").is_none() {
        return Err(missing);
    }
    let install = ["install", "-y", "--no-install-recommends", server.package()];
    if apt_get(&install)? {
        return Ok(());
    }
    // The lists of packages are old, or there are none.
    if apt_get(&["update"])? && apt_get(&install)? {
        return Ok(());
    }
    Err(Error::Failed(format!("{missing}, which has just failed here")))
}

fn apt_get(args: &[&str]) -> Result<bool> {
    let mut command = Command::new("apt-get");
    // Below run level 2 no package starts a server of its own; nobody would use it.
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    let status = command.stdin(Stdio::null()).status();
    Ok(status.map_err(|error| Error::io("start apt-get", error))?.success())
}
