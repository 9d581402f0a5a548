//! Which program is the server.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use persist_core::{Error, ErrorKind, Result};

const NAME: &str = "persist-dbmd";

/// Whether this program becomes a server when it is asked to. A fact of the program, not a
/// setting: its `main` calls `serve_if_asked`, or does not.
static SERVES: AtomicBool = AtomicBool::new(false);

/// Notes that this program becomes a server when it is asked to.
pub(in crate::shared) fn this_program_serves() {
    SERVES.store(true, Ordering::Release);
}

/// The program to start.
pub(super) fn find(chosen: Option<&Path>) -> Result<PathBuf> {
    if let Some(chosen) = chosen {
        if chosen.is_file() {
            return Ok(chosen.to_owned());
        }
        return Err(Error::new(
            ErrorKind::Config,
            format!("`server_program` is {}, which is not a file", chosen.display()),
        ));
    }
    let this = env::current_exe().ok();
    if SERVES.load(Ordering::Acquire)
        && let Some(this) = this
    {
        return Ok(this);
    }
    let beside = this.as_deref().and_then(Path::parent).map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = beside.into_iter().chain(env::split_paths(&path)).map(|dir| dir.join(NAME));
    places.find(|program| program.is_file()).ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!(
                "a store with `shared = true` needs the program {NAME}, which is neither beside \
                 this program nor in a directory of PATH; install it with `cargo install \
                 persist-dbm`, name it with `server_program`, or call \
                 `persist_dbm::serve_if_asked()` first in `main`"
            ),
        )
    })
}
