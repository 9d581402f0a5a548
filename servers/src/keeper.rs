//! Processes that do not outlive their owner.
//!
//! A small shell is the parent of each server, and holds the other end of a pipe of ours. It is in
//! a process group of its own, so neither Ctrl-C nor the death of our group reaches it; when the
//! pipe closes, because we dropped it or died, it ends the server and removes its directory.
//! (`PR_SET_PDEATHSIG` follows the thread that started the server, and removes no directory.)

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::account::Account;
use crate::place::Place;
use crate::{Error, Result, processes};

const SCRIPT: &str = include_str!("keeper.sh");

/// How a process is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping<'k> {
    pub(crate) account: Account,
    /// Its log is there, and it is removed with the process when the owner is gone.
    pub(crate) place: &'k Place,
    /// What ends the process at once, without the prefix `SIG`.
    pub(crate) last_signal: &'static str,
}

/// A process with its keeper. Dropping it ends the process and removes its place.
#[derive(Debug)]
pub(crate) struct Kept {
    keeper: Child,
    process: Pid,
    name: String,
}

impl Kept {
    /// Starts the command, of which program, arguments and environment count.
    pub(crate) fn spawn(command: &Command, keeping: Keeping<'_>) -> Result<Self> {
        let program = command.get_program();
        let name = program.to_string_lossy().into_owned();
        let cannot = |error| Error::io(format_args!("start {name}"), error);
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "keeper", keeping.last_signal]);
        shell.args([keeping.place.path(), &keeping.place.log()]).arg(program);
        shell.args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(variable, value),
                None => shell.env_remove(variable),
            };
        }
        keeping.account.runs(&mut shell);
        shell.process_group(0).current_dir(keeping.place.path());
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = shell.spawn().map_err(cannot)?;
        let mut line = String::new();
        if let Some(answer) = keeper.stdout.take() {
            BufReader::new(answer).read_line(&mut line).map_err(cannot)?;
        }
        let process = line.trim().parse().ok().and_then(Pid::from_raw);
        let process =
            process.ok_or_else(|| Error::Failed(format!("the keeper of {name} did not start")))?;
        Ok(Self { keeper, process, name })
    }

    pub(crate) fn pid(&self) -> Pid {
        self.process
    }

    /// Whether the process has ended. Its number stays taken until [`wait`](Self::wait).
    pub(crate) fn ended(&self) -> bool {
        !processes::runs(self.process)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        rustix::process::kill_process(self.process, signal)
            .map_err(|error| Error::io(format_args!("send a signal to {}", self.name), error))
    }

    /// Waits for the process to end by itself, and tells how it did.
    pub(crate) fn wait(mut self, patience: Duration) -> Result<ExitStatus> {
        if !processes::until(patience, || self.ended()) {
            let (name, seconds) = (&self.name, patience.as_secs());
            return Err(Error::Failed(format!("{name} did not end within {seconds} s")));
        }
        let cannot = |error| Error::io("hear how a process ended", error);
        if let Some(mut pipe) = self.keeper.stdin.take() {
            pipe.write_all(b"ended\n").map_err(cannot)?;
        }
        self.keeper.wait().map_err(cannot)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Nothing to do about a keeper that is gone; after `wait` it is, and both do nothing.
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}
