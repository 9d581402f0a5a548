//! The life of a server process.
//!
//! A client starts a launcher, which starts the server, waits until it is ready, tells the client,
//! and ends. So the server is nobody's child: it leaves no zombie behind, and a program that
//! waits for its children does not meet it.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, io};

use persist_core::{Error, ErrorKind, ErrorParts, Result};
use rustix::fs::Mode;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::LevelFilter;

use super::place::{self, Place};
use super::reach::this_program_serves;
use super::server::{Server, Settings};
use crate::{Options, backend};

/// The variable that makes a process a server, and says of what.
const ORDERS: &str = "PERSIST_DBM_SERVE";

/// What a process is asked to be.
#[derive(Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) role: Role,
    pub(super) options: Options,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Role {
    /// Start the server, and end when it is ready.
    Launch,
    /// Be the server.
    Serve,
}

/// What a process that was started says, on one line.
#[derive(Serialize, Deserialize)]
pub(super) enum Report {
    Ready,
    Failed(ErrorParts),
}

/// Makes this process the server of a shared store if it was started to be one; then it does not
/// return. Otherwise it does nothing, and from then on this program is its own server: a store
/// with `shared = true` starts this program again instead of `persist-dbmd`.
///
/// Call it first in `main`, before threads are started and arguments are read.
///
/// ```no_run
/// // fn main() {
/// persist_dbm::serve_if_asked();
/// // The program goes on.
/// ```
pub fn serve_if_asked() {
    this_program_serves();
    let Some(orders) = env::var_os(ORDERS) else { return };
    // Not here: this may be the main task of a runtime already.
    let server = std::thread::spawn(move || obey(orders.as_encoded_bytes()));
    // What panics has said so.
    let failed = server.join().unwrap_or(true);
    std::process::exit(i32::from(failed));
}

/// Does what a process was started for. Whether it failed, which it has said by then.
fn obey(orders: &[u8]) -> bool {
    let done = match serde_json::from_slice::<Orders>(orders) {
        Ok(Orders { role: Role::Launch, options }) => launch(&options),
        Ok(Orders { role: Role::Serve, options }) => serve(options),
        Err(error) => Err(Error::new(
            ErrorKind::Config,
            format!("{ORDERS} holds no orders of this version; was it started by another one?"),
        )
        .caused_by(error)),
    };
    if let Err(error) = &done {
        tracing::error!(%error, "the server could not be started");
        Report::Failed(error.parts()).say();
    }
    done.is_err()
}

/// Serves a store in the foreground until the process is told to end, or as long as it has
/// clients and the idle time after that.
///
/// # Errors
/// `Busy` if another process serves the store; what opening it reports.
pub fn serve_here(mut options: Options) -> Result<()> {
    options.check()?;
    log_to_stderr();
    let runtime = runtime()?;
    runtime.block_on(serving(options, || {}))
}

impl Orders {
    /// Gives the orders to a process that is to be started.
    pub(super) fn give(&self, command: &mut Command) -> Result<()> {
        let orders = serde_json::to_string(self).map_err(|error| {
            Error::new(ErrorKind::Config, "the settings hold a path that is not UTF-8")
                .caused_by(error)
        })?;
        command.env(ORDERS, orders);
        Ok(())
    }
}

impl Report {
    /// What a process said, if it said it.
    pub(super) fn read(said: &[u8]) -> Option<Self> {
        // A program of its own may have said something before.
        let mut lines = said.split(|byte| *byte == b'\n');
        lines.find_map(|line| serde_json::from_slice(line).ok())
    }

    fn say(&self) {
        let Ok(mut line) = serde_json::to_vec(self) else { return };
        line.push(b'\n');
        let mut stdout = io::stdout().lock();
        // Who waited for it may have gone.
        let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
    }
}

/// Starts the server and passes on what it reports.
fn launch(options: &Options) -> Result<()> {
    let system = |error: io::Error| {
        Error::new(ErrorKind::Config, format!("the server cannot be started: {error}"))
            .caused_by(error)
    };
    let stderr = match &options.error_log_path {
        Some(path) => log_file(path)?.into(),
        None => Stdio::null(),
    };
    let mut command = Command::new(env::current_exe().map_err(system)?);
    command.args(env::args_os().skip(1));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
    Orders { role: Role::Serve, options: options.clone() }.give(&mut command)?;
    let mut server = command.spawn().map_err(system)?;
    let stdout = server.stdout.take();
    let mut said = Vec::new();
    if let Some(stdout) = stdout {
        let mut stdout = BufReader::new(stdout);
        while stdout.read_until(b'\n', &mut said).is_ok_and(|read| read > 0) {
            match Report::read(&said) {
                Some(Report::Failed(parts)) => return Err(Error::from_parts(parts)),
                Some(ready) => {
                    ready.say();
                    return Ok(());
                }
                None => {}
            }
        }
    }
    let status = server.wait().map_err(system)?;
    let log = options.error_log_path.as_deref().and_then(last_of).map_or_else(
        || "set `error_log_path` to learn why".to_owned(),
        |log| format!("its error log ends so: {log}"),
    );
    Err(Error::new(
        ErrorKind::Unavailable,
        format!("the server ended with {status} before it was ready; {log}"),
    ))
}

/// Becomes the server.
fn serve(options: Options) -> Result<()> {
    // Not stopped with the terminal or the group of whoever started it. An error would say that
    // it leads a group already.
    let _ = rustix::process::setsid();
    // No directory is kept from being unmounted.
    env::set_current_dir("/").map_err(cannot)?;
    rustix::process::umask(Mode::from_raw_mode(0o027));
    log_to_stderr();
    runtime()?.block_on(serving(options, || {
        Report::Ready.say();
        // Nobody listens any more.
        if let Ok(null) = OpenOptions::new().write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdout(null);
        }
    }))
}

async fn serving(options: Options, ready: impl FnOnce() + Send) -> Result<()> {
    let place = Place::new(&options.store);
    let settings = Settings {
        idle_time: options.idle_time,
        durability: options.durability.unwrap_or_default(),
        user: (!options.other_users).then(place::user),
    };
    let other_users = options.other_users;
    // Held until the process ends: nobody else opens it, and nobody else listens.
    let store = backend::open_here(options).await?;
    let server = Server::new(store, settings).await?;
    let listener = place.listen(other_users).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tracing::info!(store = %place, pid = std::process::id(), "serving");
    ready();
    let ended = server.run(listener, &place.socket(), stop).await;
    tracing::info!(store = %place, "ended");
    ended
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(cannot)
}

fn log_to_stderr() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(io::stderr);
    // A program that is its own server may have one already.
    let _ = subscriber.try_init();
}

fn log_file(path: &Path) -> Result<fs::File> {
    OpenOptions::new().create(true).append(true).mode(0o640).open(path).map_err(|error| {
        Error::new(
            ErrorKind::Config,
            format!("`error_log_path` is {}, which cannot be written: {error}", path.display()),
        )
        .caused_by(error)
    })
}

/// The last lines of a log.
fn last_of(path: &Path) -> Option<String> {
    const SHOWN: usize = 1000;
    let mut text = String::new();
    fs::File::open(path).ok()?.take(1 << 20).read_to_string(&mut text).ok()?;
    let from = text.len().saturating_sub(SHOWN);
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at))?;
    Some(text.get(from..)?.trim().to_owned())
}

fn cannot(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
        _ => ErrorKind::Config,
    };
    Error::new(kind, format!("the server cannot be started: {error}")).caused_by(error)
}
