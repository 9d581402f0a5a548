//! A certificate for one server.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, Result};

/// Writes a new certificate for `localhost` and its key, which only their owner can read.
///
/// PostgreSQL's package brings OpenSSL; a library for this would be the largest part of the crate.
pub(super) fn create(directory: &Path) -> Result<(PathBuf, PathBuf)> {
    let (certificate, key) = (directory.join("server.crt"), directory.join("server.key"));
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    command.args(["-nodes", "-days", "30", "-subj", "/CN=localhost"]);
    command.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    // Some clients take no authority for a server, even if it is the one that they were told of.
    command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    command.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    let output = command.output().map_err(|error| {
        Error::Failed(format!(
            "cannot start `openssl` ({error}); install it with `apt-get install -y openssl`"
        ))
    })?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Failed(format!("openssl made no certificate:\n{words}")));
    }
    Ok((certificate, key))
}
