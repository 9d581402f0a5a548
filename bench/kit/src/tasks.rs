//! Contestants that tasks call.

use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, try_join_all};

use crate::data::{Script, key, pieces, updated};
use crate::round::{Clock, Sheet};
use crate::{Contestant, Deadline, Failure, Family, Job, Result, Round};

/// What a user of an asynchronous interface would write. A clone is the same store.
pub trait Store: Clone + Send + Sync + 'static {
    /// What it has no call for; those methods need not be there.
    fn lacks(&self) -> &'static [Family] {
        &[]
    }

    /// Reads a row that is there, and says how long its value is.
    fn get(&self, key: String) -> impl Future<Output = Result<usize>> + Send;

    fn put(&self, key: String, value: Vec<u8>) -> impl Future<Output = Result<()>> + Send;

    /// Makes a new value of the old one, such that no other change is lost.
    fn update(
        &self,
        _key: String,
        _change: fn(&[u8]) -> Vec<u8>,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Err(lacking()) }
    }

    /// Puts all rows or none.
    fn batch(&self, _rows: Vec<(String, Vec<u8>)>) -> impl Future<Output = Result<()>> + Send {
        async { Err(lacking()) }
    }

    /// Reads all rows in order, or as many as it can, and says how many.
    fn scan(&self, _until: Deadline) -> impl Future<Output = Result<u64>> + Send {
        async { Err(lacking()) }
    }

    /// Reads all rows of one state, or as many as it can, and says how many.
    fn snapshot_scan(&self, _until: Deadline) -> impl Future<Output = Result<u64>> + Send {
        async { Err(lacking()) }
    }

    fn count(&self) -> impl Future<Output = Result<u64>> + Send {
        async { Err(lacking()) }
    }

    /// Names the entries of the dictionary that this key is in, and says how many they are.
    fn list(&self, _key: String) -> impl Future<Output = Result<u64>> + Send {
        async { Err(lacking()) }
    }

    /// Reads a part of the large value, and says how long it is.
    fn part(&self, _offset: u64) -> impl Future<Output = Result<usize>> + Send {
        async { Err(lacking()) }
    }

    /// Stores the first rows.
    fn load(&self, rows: u64) -> impl Future<Output = Result<()>> + Send {
        async move {
            for piece in pieces(rows) {
                if self.lacks().contains(&Family::Batch100) {
                    try_join_all(piece.into_iter().map(|(key, value)| self.put(key, value)))
                        .await?;
                } else {
                    self.batch(piece).await?;
                }
            }
            Ok(())
        }
    }
}

/// A store that is called from as many tasks as the job says.
pub struct Tasks<S>(S);

impl<S: Store> Tasks<S> {
    /// Of a store that has its rows.
    pub fn opened(store: S) -> Self {
        Self(store)
    }

    /// Loads the rows.
    pub async fn loaded(store: S, rows: u64) -> Result<Self> {
        store.load(rows).await?;
        Ok(Self(store))
    }
}

impl<S: Store> Contestant for Tasks<S> {
    fn lacks(&self) -> &[Family] {
        self.0.lacks()
    }

    fn round(&self, job: Job) -> BoxFuture<'_, Result<Round>> {
        Box::pin(async move {
            let (begin, until) = (Instant::now(), Deadline::after(job.time));
            let (store, sheet) = (|| self.0.clone(), Sheet::default());
            if job.family == Family::SnapshotScan {
                let writer = |task| tokio::spawn(beside(store(), job, task, until));
                let writers: Vec<_> = (0..job.tasks).map(writer).collect();
                tokio::spawn(snapshots(store(), until, sheet.clone())).await??;
                let round = sheet.total(begin);
                for writer in writers {
                    writer.await??;
                }
                return Ok(round);
            }
            let worker = |task| tokio::spawn(work(store(), job, task, until, sheet.clone()));
            let workers: Vec<_> = (0..job.tasks).map(worker).collect();
            let ended = try_join_all(workers).await?;
            let round = sheet.total(begin);
            ended.into_iter().collect::<Result<()>>()?;
            Ok(round)
        })
    }
}

async fn work<S: Store>(
    store: S,
    job: Job,
    task: u64,
    until: Deadline,
    sheet: Sheet,
) -> Result<()> {
    let mut script = Script::new(job.seed, task, job.rows);
    let mut clock = Clock::start(&sheet);
    while !clock.has_reached(until) {
        let done = match job.family {
            Family::Get => call(store.get(script.key())).await?,
            Family::PutFull | Family::PutRelaxed => put(&store, &mut script).await?,
            Family::UpdateHot => call(store.update(key(0), updated)).await?,
            Family::UpdateSpread => call(store.update(script.key(), updated)).await?,
            Family::Batch100 => store.batch(script.batch()).await.map(|()| 100)?,
            Family::Scan => store.scan(until).await?,
            Family::Count => call(store.count()).await?,
            Family::Mixed if script.writes() => put(&store, &mut script).await?,
            Family::Mixed => call(store.get(script.key())).await?,
            Family::List => store.list(script.key()).await?,
            Family::Partial => call(store.part(script.offset())).await?,
            Family::SnapshotScan => return Err("snapshots are scanned apart".into()),
        };
        clock.tick(done);
    }
    Ok(())
}

async fn put<S: Store>(store: &S, script: &mut Script) -> Result<u64> {
    let (key, value) = script.row();
    call(store.put(key, value)).await
}

/// A call that counts as one.
async fn call<T>(call: impl Future<Output = Result<T>>) -> Result<u64> {
    std::hint::black_box(call.await?);
    Ok(1)
}

async fn snapshots<S: Store>(store: S, until: Deadline, sheet: Sheet) -> Result<()> {
    let mut clock = Clock::start(&sheet);
    while !clock.has_reached(until) {
        let done = store.snapshot_scan(until).await?;
        clock.tick(done);
    }
    Ok(())
}

/// One of the writers beside a snapshot.
async fn beside<S: Store>(store: S, job: Job, task: u64, until: Deadline) -> Result<()> {
    let mut script = Script::new(job.seed, task, job.rows);
    let pause = Duration::from_secs(job.tasks) / Family::BESIDE as u32;
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !until.passed() {
        ticks.tick().await;
        put(&store, &mut script).await?;
    }
    Ok(())
}

fn lacking() -> Failure {
    "there is no call for this".into()
}
