//! Our side of a helper.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::wire::{Answer, Request, Said};
use crate::{Contestant, Family, Job, Opening, Result, Round};

/// A contestant in a process of its own, which waits while others have their turn.
pub struct Remote {
    process: Mutex<Child>,
    pipes: Arc<Mutex<Pipes>>,
    lacks: Vec<Family>,
    versions: Vec<String>,
}

impl Remote {
    /// Starts the program and has it open a store and load its rows.
    pub async fn open(program: &Path, opening: Opening) -> Result<Self> {
        let mut process =
            Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = process.stdin.take().ok_or("no pipe to the helper")?;
        let answers = BufReader::new(process.stdout.take().ok_or("no pipe from the helper")?);
        let pipes = Arc::new(Mutex::new(Pipes { requests, answers }));
        let (process, lacks, versions) = (Mutex::new(process), Vec::new(), Vec::new());
        let mut remote = Self { process, pipes, lacks, versions };
        match remote.ask(Request::Open(opening)).await? {
            Said::Opened { lacks, versions } => (remote.lacks, remote.versions) = (lacks, versions),
            Said::Measured(_) => return Err("the helper measured what nobody asked for".into()),
        }
        Ok(remote)
    }

    /// What it measures, with versions.
    pub fn versions(&self) -> &[String] {
        &self.versions
    }

    async fn ask(&self, request: Request) -> Result<Said> {
        let pipes = Arc::clone(&self.pipes);
        tokio::task::spawn_blocking(move || pipes.lock().ask(&request)).await?
    }
}

impl Contestant for Remote {
    fn lacks(&self) -> &[Family] {
        &self.lacks
    }

    fn round(&self, job: Job) -> BoxFuture<'_, Result<Round>> {
        Box::pin(async move {
            match self.ask(Request::Round(job)).await? {
                Said::Measured(round) => Ok(round),
                Said::Opened { .. } => Err("the helper opened what nobody asked for".into()),
            }
        })
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // Also if it hangs and somebody still waits for its answer.
        let mut process = self.process.lock();
        let _ = process.kill();
        let _ = process.wait();
    }
}

struct Pipes {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Pipes {
    fn ask(&mut self, request: &Request) -> Result<Said> {
        writeln!(self.requests, "{}", serde_json::to_string(request)?)?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("the helper has died".into());
        }
        Ok(serde_json::from_str::<Answer>(&line)??)
    }
}
