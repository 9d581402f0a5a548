//! Contestants that threads call: engines driven by hand.

use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use crate::data::{Script, key, pieces, updated};
use crate::pool::Pool;
use crate::round::{Clock, Sheet};
use crate::{Contestant, Deadline, Failure, Family, Job, Result, Round, WORKERS};

/// An engine as one thread holds it, called as its manual advises.
pub trait Engine: Send + 'static {
    /// What it has no call for; those methods need not be there.
    const LACKS: &'static [Family] = &[];

    /// How many threads make the calls of so many tasks.
    fn threads(family: Family, tasks: u64) -> u64 {
        if reading(family) { WORKERS as u64 } else { tasks }
    }

    /// Reads a row that is there, and says how long its value is.
    fn get(&mut self, key: &str) -> Result<usize>;

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()>;

    /// Makes a new value of the old one, such that no other change is lost.
    fn update(&mut self, _key: &str, _change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        Err(lacking())
    }

    /// Puts all rows or none.
    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()>;

    /// Reads all rows in order, or as many as it can, and says how many.
    fn scan(&mut self, _until: Deadline) -> Result<u64> {
        Err(lacking())
    }

    /// Reads all rows of one state, or as many as it can, and says how many.
    fn snapshot_scan(&mut self, _until: Deadline) -> Result<u64> {
        Err(lacking())
    }

    fn count(&mut self) -> Result<u64> {
        Err(lacking())
    }

    /// Names the entries of the dictionary that this key is in, and says how many they are.
    fn list(&mut self, _key: &str) -> Result<u64> {
        Err(lacking())
    }

    /// Reads a part of the large value, and says how long it is.
    fn part(&mut self, _offset: u64) -> Result<usize> {
        Err(lacking())
    }
}

/// Whether the processors and not the disk bound it.
pub fn reading(family: Family) -> bool {
    use Family::{Count, Get, List, Partial, Scan, SnapshotScan};
    matches!(family, Get | Scan | Count | SnapshotScan | List | Partial)
}

/// Whether it does nothing but write.
pub fn writing(family: Family) -> bool {
    !reading(family) && family != Family::Mixed
}

/// An engine that is called from threads: of as many tasks as the job says, but never more than
/// [`Engine::threads`], for those are what its user would make.
pub struct Threads<E>(Pool<E>);

impl<E: Engine> Threads<E> {
    /// Loads the rows.
    pub fn loaded(rows: u64, open: impl Fn() -> Result<E> + Send + Sync + 'static) -> Result<Self> {
        let pool = Pool::new(Box::new(open));
        let mut engine = pool.take()?;
        pieces(rows).try_for_each(|piece| engine.batch(&piece))?;
        pool.put_back(engine);
        Ok(Self(pool))
    }
}

impl<E: Engine> Contestant for Threads<E> {
    fn lacks(&self) -> &[Family] {
        E::LACKS
    }

    fn round(&self, job: Job) -> BoxFuture<'_, Result<Round>> {
        Box::pin(async move {
            let snapshot = job.family == Family::SnapshotScan;
            let writers = u64::from(snapshot);
            let threads = if snapshot { 1 } else { E::threads(job.family, job.tasks) };
            let threads = threads.min(job.tasks).max(1) + writers;
            let engines: Result<Vec<E>> = (0..threads).map(|_| self.0.take()).collect();
            let begin = Instant::now();
            let until = Deadline::after(job.time);
            let sheet = Sheet::default();
            let start = |(thread, mut engine): (u64, E)| {
                let sheet = sheet.clone();
                thread::spawn(move || {
                    let done = if snapshot && thread > 0 {
                        beside(&mut engine, job, until)
                    } else {
                        work(&mut engine, job, thread, until, &sheet)
                    };
                    (engine, done)
                })
            };
            let running: Vec<_> = (0..).zip(engines?).map(start).collect();
            let ended = tokio::task::spawn_blocking(move || {
                running.into_iter().map(thread::JoinHandle::join).collect::<Vec<_>>()
            });
            let ended = ended.await?;
            let round = sheet.total(begin);
            for thread in ended {
                let (engine, done) = thread.map_err(|_| "a thread panicked")?;
                self.0.put_back(engine);
                done?;
            }
            Ok(round)
        })
    }
}

fn work<E: Engine>(
    engine: &mut E,
    job: Job,
    thread: u64,
    until: Deadline,
    sheet: &Sheet,
) -> Result<()> {
    let mut script = Script::new(job.seed, thread, job.rows);
    let mut clock = Clock::start(sheet);
    let put = |engine: &mut E, script: &mut Script| {
        let (key, value) = script.row();
        engine.put(&key, &value).map(|()| 1)
    };
    while !clock.has_reached(until) {
        let done = match job.family {
            Family::Get => one(engine.get(&script.key()))?,
            Family::PutFull | Family::PutRelaxed => put(engine, &mut script)?,
            Family::UpdateHot => one(engine.update(&key(0), updated))?,
            Family::UpdateSpread => one(engine.update(&script.key(), updated))?,
            Family::Batch100 => engine.batch(&script.batch()).map(|()| 100)?,
            Family::Scan => engine.scan(until)?,
            Family::SnapshotScan => engine.snapshot_scan(until)?,
            Family::Count => one(engine.count())?,
            Family::List => engine.list(&script.key())?,
            Family::Partial => one(engine.part(script.offset()))?,
            Family::Mixed if script.writes() => put(engine, &mut script)?,
            Family::Mixed => one(engine.get(&script.key()))?,
        };
        clock.tick(done);
    }
    Ok(())
}

/// A call that counts as one.
fn one<T>(result: Result<T>) -> Result<u64> {
    std::hint::black_box(result?);
    Ok(1)
}

/// The writers beside a snapshot: one thread does the work of all, for it is little.
fn beside<E: Engine>(engine: &mut E, job: Job, until: Deadline) -> Result<()> {
    let mut script = Script::new(job.seed, 1, job.rows);
    let pause = Duration::from_secs(1) / Family::BESIDE as u32;
    while !until.passed() {
        let (key, value) = script.row();
        engine.put(&key, &value)?;
        thread::sleep(pause);
    }
    Ok(())
}

fn lacking() -> Failure {
    "there is no call for this".into()
}
