//! This program, started once more: what is measured across processes, or needs one to itself.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use persist_bench_kit::{Result, Spot};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{growth, watches};

/// What a process is started for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    pub role: Role,
    pub engine: String,
    pub spot: Spot,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Role {
    /// Stores the first rows.
    Load,
    /// Measures a store that has its rows.
    Grow,
    /// Says what it sees of another process's writes.
    Watch,
}

impl Part {
    pub async fn play(&self) -> Result<()> {
        let Self { role, engine, spot } = self;
        match role {
            Role::Load => growth::load(engine, spot).await,
            Role::Grow => growth::measure(engine, spot).await,
            Role::Watch => watches::watch(engine, spot).await,
        }
    }
}

/// Another process of this program. It dies with this.
pub struct Other {
    process: Child,
    requests: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Other {
    pub fn start(part: &Part) -> Result<Self> {
        let mut program = Command::new(env::current_exe()?);
        program.arg("--part").arg(serde_json::to_string(part)?);
        let mut process = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = process.stdin.take();
        let answers = process.stdout.take().ok_or("no pipe from the other process")?;
        Ok(Self { process, requests, answers: BufReader::new(answers).lines() })
    }

    pub fn ask<T: DeserializeOwned>(&mut self, request: &impl Serialize) -> Result<T> {
        let requests = self.requests.as_mut().ok_or("no pipe to the other process")?;
        writeln!(requests, "{}", serde_json::to_string(request)?)?;
        self.answer()
    }

    /// Waits for the next thing that it tells.
    pub fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let line = self.answers.next().ok_or("the other process has died")??;
        Ok(serde_json::from_str(&line)?)
    }

    /// Lets it end, once it has done what it was asked.
    pub fn end(mut self) -> Result<()> {
        drop(self.requests.take());
        let status = self.process.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the other process ended with {status}").into())
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Tells something to who started this process.
pub fn tell(answer: &impl Serialize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(answer)?)?;
    Ok(out.flush()?)
}
