//! Reading, for the store and for transactions.

use std::fmt;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use parking_lot::Mutex;
use persist_core::kv::{KeyPath, KvRead, Listing, Reads, Stat, Window};
use persist_core::{Error, ErrorKind, Result};

use crate::base::Base;
use crate::node::{Moment, Node, now};
use crate::read::{self, Question};
use crate::seen::Seen;
use crate::shared::Shared;
use crate::walk::Print;
use persist_core::engine::offload;

/// What reads go through.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) shared: Arc<Shared>,
    /// Of a transaction: what it has read.
    judged: Option<Arc<Mutex<Judged>>>,
}

/// What a transaction has read.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Whether all that is seen is to be of one state.
    fixed: bool,
    /// The generation of the first read, and when it was.
    begin: Option<(u64, Moment)>,
    pub(crate) seen: Seen,
}

impl View {
    pub(crate) fn plain(shared: Arc<Shared>) -> Self {
        Self { shared, judged: None }
    }

    pub(crate) fn judged(shared: Arc<Shared>, reads: Reads) -> Self {
        let judged = Judged { fixed: reads == Reads::Fixed, ..Judged::default() };
        Self { shared, judged: Some(Arc::new(Mutex::new(judged))) }
    }

    /// What was read through it, to be looked at on a thread that may wait for a read under way.
    pub(crate) fn reading(&self) -> Arc<Mutex<Judged>> {
        self.judged.clone().unwrap_or_default()
    }

    /// Has a question answered on a thread that may sleep.
    async fn ask<T: Send + 'static>(
        &self,
        question: Question,
        read: impl Fn(&Arc<Node>) -> Result<(T, Print)> + Send + 'static,
    ) -> Result<T> {
        let base = self.shared.base()?;
        let Some(judged) = self.judged.clone() else {
            return offload(move || Ok(base.settled(|_| read(&base.root))?.0)).await;
        };
        offload(move || judged.lock().ask(&base, question, read)).await
    }
}

impl Judged {
    /// Reads, and remembers what was found. Of a state that is to be one, an answer serves that has
    /// been the same since before the first read; else others were faster. As long as nobody has
    /// committed since, all answers do.
    fn ask<T>(
        &mut self,
        base: &Base,
        question: Question,
        read: impl Fn(&Arc<Node>) -> Result<(T, Print)>,
    ) -> Result<T> {
        let (answer, print, begin) = base.settled(|generation| {
            let begin = self.begin.unwrap_or_else(|| (generation, now()));
            let (answer, print) = read(&base.root)?;
            if self.fixed && begin.0 != generation && print.newest >= begin.1 {
                let message = "others have changed what is read; begin again";
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            Ok((answer, print.hash, begin))
        })?;
        self.begin = Some(begin);
        self.seen.add(question, print);
        Ok(answer)
    }
}

impl KvRead for View {
    fn stat<'a>(&'a self, key: &'a KeyPath) -> BoxFuture<'a, Result<Stat>> {
        let key = key.clone();
        self.ask(Question::Key(key.clone()), move |root| read::stat(root, &key)).boxed()
    }

    fn read<'a>(
        &'a self,
        key: &'a KeyPath,
        offset: u64,
        length: usize,
    ) -> BoxFuture<'a, Result<Option<Window>>> {
        let key = key.clone();
        let question = Question::Key(key.clone());
        self.ask(question, move |root| read::read(root, &key, offset, length)).boxed()
    }

    fn list<'a>(
        &'a self,
        key: &'a KeyPath,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Option<Listing>>> {
        let (key, after) = (key.clone(), after.map(str::to_owned));
        let question = Question::Page(key.clone(), after.clone(), limit);
        self.ask(question, move |root| read::list(root, &key, after.as_deref(), limit)).boxed()
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("shared", &self.shared).finish_non_exhaustive()
    }
}
