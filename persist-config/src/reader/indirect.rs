//! Text that stands in the environment or in another file.

use std::path::Path;

use crate::fault::Fault;
use crate::node::Indirection;
use crate::source::why_unreadable;

/// The text. Of a file, the newline that editors put at its end is no part of it.
pub(super) fn resolve(indirection: Indirection<'_>, dir: &Path) -> Result<String, Fault> {
    match indirection {
        Indirection::Env(name) => variable(name),
        Indirection::File(path) => contents(&dir.join(path)),
    }
}

fn variable(name: &str) -> Result<String, Fault> {
    // A name with '=' or NUL cannot be set; `var` says so like of any other.
    match std::env::var(name) {
        Ok(text) => Ok(text),
        Err(std::env::VarError::NotPresent) => {
            Err(Fault::new(format!("the environment variable {name:?} is not set")))
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Fault::new(format!("the environment variable {name:?} is not UTF-8")))
        }
    }
}

fn contents(path: &Path) -> Result<String, Fault> {
    let bytes = std::fs::read(path).map_err(|error| {
        let fault = Fault::new(format!("the file {}: {}", path.display(), why_unreadable(&error)));
        fault.caused_by(error)
    })?;
    let mut text = String::from_utf8(bytes)
        .map_err(|_| Fault::new(format!("the file {} is not UTF-8", path.display())))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
