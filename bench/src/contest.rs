//! Running the contestants of each case in turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use persist_bench_kit::{Contestant, Durability, Family, Job, Result, Round};

use crate::effort::Effort;
use crate::entrant::{Engine, Role};
use crate::ground::Ground;
use crate::report::{Case, Report, Side};

/// How long a round may take at most beside its time: one that hangs is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a contestant may take to open its store and load its rows, or to be built.
const OPENING: Duration = Duration::from_mins(15);

/// What is to be measured.
pub struct Contest {
    pub effort: Effort,
    pub filter: String,
    pub peers: bool,
}

/// A contestant that has its rows, or the reason why there is none.
struct Ready {
    name: &'static str,
    role: Role,
    contestant: Result<Box<dyn Contestant>>,
}

impl Contest {
    pub async fn run(&self, engines: &[Engine], report: &mut Report) -> Result<()> {
        let rounds: usize = engines.iter().map(|engine| self.rounds(engine)).sum();
        let bar = ProgressBar::new(rounds as u64);
        let style = "{elapsed_precise} [{bar:30}] {pos}/{len} {wide_msg}";
        bar.set_style(ProgressStyle::with_template(style)?.progress_chars("=> "));
        let time = self.effort.round(rounds);
        for engine in engines {
            for durability in [Durability::Full, Durability::Relaxed] {
                self.on_one_ground(engine, durability, time, &bar, report).await?;
            }
        }
        bar.finish_and_clear();
        if rounds == 0 {
            return Err(format!("no case ENGINE/FAMILY/TASKS contains {:?}", self.filter).into());
        }
        Ok(())
    }

    /// The cases of an engine that are measured on the same stores.
    async fn on_one_ground(
        &self,
        engine: &Engine,
        durability: Durability,
        time: Duration,
        bar: &ProgressBar,
        report: &mut Report,
    ) -> Result<()> {
        let cases = self.cases(engine, durability);
        if cases.is_empty() {
            return Ok(());
        }
        let ground = Ground::prepare(engine.ground, durability);
        let mut entrants = Vec::new();
        for entrant in &engine.entrants {
            if entrant.role == Role::Peer && !self.peers {
                continue;
            }
            let (name, role) = (entrant.name, entrant.role);
            bar.set_message(format!("{}: {name} gets ready", engine.name));
            let opening = async {
                let ground = ground.as_ref().map_err(ToString::to_string)?;
                let spot = ground.spot(name, durability, self.effort.rows)?;
                (entrant.open)(spot).await
            };
            let opened = tokio::time::timeout(OPENING, opening).await;
            let contestant = opened.unwrap_or_else(|_| Err("it did not get ready".into()));
            entrants.push(Ready { name, role, contestant });
        }
        for (name, family, tasks) in cases {
            let mut sides = Vec::new();
            for ready in &entrants {
                match &ready.contestant {
                    Ok(contestant) if contestant.lacks().contains(&family) => {}
                    Ok(_) => sides.push(Side::new(ready.name, ready.role)),
                    Err(error) => {
                        sides.push(Side::failed(ready.name, ready.role, &error.to_string()));
                    }
                }
            }
            let durability = if engine.durable { durability.name() } else { "none" };
            let mut case = Case { name, family, tasks, durability, sides };
            self.measure(&mut case, &mut entrants, time, bar).await;
            bar.suspend(|| report.add(case))?;
        }
        Ok(())
    }

    /// Has the contestants work in turn; one that fails is out, and the others go on.
    async fn measure(
        &self,
        case: &mut Case,
        entrants: &mut [Ready],
        time: Duration,
        bar: &ProgressBar,
    ) {
        // The first round of each warms up.
        for round in 0..=self.effort.rounds {
            let sides = case.sides.len();
            for turn in 0..sides {
                // Nobody comes always after the same one.
                let Some(side) = case.sides.get_mut((turn + round) % sides) else { continue };
                bar.inc(1);
                if side.failure.is_some() {
                    continue;
                }
                bar.set_message(format!("{}: {}", case.name, side.name));
                let Some(ready) = entrants.iter_mut().find(|ready| ready.name == side.name) else {
                    continue;
                };
                let (family, tasks, rows) = (case.family, case.tasks, self.effort.rows);
                let job = Job { family, tasks, rows, seed: fresh(), time };
                match ready.round(job).await {
                    Ok(done) if round > 0 => side.rounds.push(done),
                    Ok(_) => {}
                    Err(error) => side.failure = Some(error.to_string()),
                }
            }
        }
    }

    fn cases(&self, engine: &Engine, durability: Durability) -> Vec<(String, Family, u64)> {
        let mut cases = Vec::new();
        for &family in engine.families {
            // Where nothing survives, there is one kind of store.
            let kind = if engine.durable { family.durability() } else { Durability::Full };
            for &tasks in self.effort.tasks {
                let name = format!("{}/{}/{tasks}", engine.name, family.name());
                if kind == durability && name.contains(&self.filter) {
                    cases.push((name, family, tasks));
                }
            }
        }
        cases
    }

    /// How many rounds an engine has at most.
    fn rounds(&self, engine: &Engine) -> usize {
        let grounds = [Durability::Full, Durability::Relaxed];
        let cases: usize = grounds.iter().map(|kind| self.cases(engine, *kind).len()).sum();
        let taking = |role: Role| self.peers || role != Role::Peer;
        let sides = engine.entrants.iter().filter(|entrant| taking(entrant.role)).count();
        cases * sides * (self.effort.rounds + 1)
    }
}

impl Ready {
    async fn round(&mut self, job: Job) -> Result<Round> {
        let contestant = self.contestant.as_ref().map_err(ToString::to_string)?;
        let round = tokio::time::timeout(job.time + PATIENCE, contestant.round(job)).await;
        let round = round.unwrap_or_else(|_| {
            // What it still does would disturb everybody's figures if it were asked again.
            let error = format!("it hung in {} with {} tasks", job.family.name(), job.tasks);
            self.contestant = Err(error.clone().into());
            Err(error.into())
        });
        match round {
            Ok(round) if round.done == 0 => Err("it got nothing done in a round".into()),
            round => round,
        }
    }
}

/// A seed that no other round has.
fn fresh() -> u64 {
    static ROUNDS: AtomicU64 = AtomicU64::new(1);
    ROUNDS.fetch_add(1, Ordering::Relaxed)
}
