//! The directory of a shared store, and what client and server find in it.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// The longest path that the address of a socket can hold.
const MAX_ADDRESS: usize = 107;

/// The directory of a shared store.
#[derive(Debug, Clone)]
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(store: &Path) -> Self {
        Self(store.to_owned())
    }

    /// Where the server listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }

    /// What a client holds while it starts a server.
    pub(super) fn starter_lock(&self) -> io::Result<Lock> {
        Lock::open(&self.0.join("persist-dbm.starter"))
    }

    pub(super) async fn connect(&self) -> io::Result<UnixStream> {
        let (address, _directory) = self.address()?;
        UnixStream::connect(address).await
    }

    /// Listens in the place of whatever server was there before. Call it with the store open.
    pub(super) fn listen(&self, other_users: bool) -> io::Result<UnixListener> {
        match fs::remove_file(self.socket()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (address, _directory) = self.address()?;
        let listener = UnixListener::bind(address)?;
        let mode = if other_users { 0o660 } else { 0o600 };
        fs::set_permissions(self.socket(), PermissionsExt::from_mode(mode))?;
        Ok(listener)
    }

    /// A path to the socket that fits into an address, valid while the directory is open.
    fn address(&self) -> io::Result<(PathBuf, Option<File>)> {
        let socket = self.socket();
        if socket.as_os_str().len() <= MAX_ADDRESS {
            return Ok((socket, None));
        }
        let directory = File::open(&self.0)?;
        let address = PathBuf::from(format!("/proc/self/fd/{}/socket", directory.as_raw_fd()));
        Ok((address, Some(directory)))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// A file that at most one process has locked.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o640);
        Ok(Self(options.open(path)?))
    }

    /// Takes the lock until this value is dropped or the process ends; `false` if another one
    /// has it.
    pub(super) fn take(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The user of this process.
pub(super) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}
