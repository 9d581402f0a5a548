//! A helper's side: a process that measures what we cannot link.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::wire::{Answer, Request, Said};
use crate::{Contestant, Result, Spot, WORKERS};

/// Which store a helper is to open, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opening {
    /// The engine under it, such as `sqlite`.
    pub engine: String,
    pub spot: Spot,
}

/// Answers on standard output what comes on standard input, until that ends. `open` makes a
/// contestant that has loaded its rows; `versions` are those of what it measures.
pub fn serve<F>(versions: &[String], open: impl Fn(Opening) -> F) -> Result<()>
where
    F: Future<Output = Result<Box<dyn Contestant>>>,
{
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let mut contestant: Option<Box<dyn Contestant>> = None;
    for line in std::io::stdin().lock().lines() {
        let said = match serde_json::from_str(&line?)? {
            Request::Open(opening) => runtime.block_on(open(opening)).map(|opened| {
                let lacks = opened.lacks().to_vec();
                contestant = Some(opened);
                Said::Opened { lacks, versions: versions.to_vec() }
            }),
            Request::Round(job) => match &contestant {
                Some(contestant) => runtime.block_on(contestant.round(job)).map(Said::Measured),
                None => Err("nothing is open".into()),
            },
        };
        let answer: Answer = said.map_err(|error| error.to_string());
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        out.flush()?;
    }
    Ok(())
}
