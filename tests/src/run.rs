//! Running one law: a directory, a runtime, a watchdog, and a report.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use std::{env, fmt};

use crate::Place;
use crate::applies::exempt;
use crate::report::report;

/// The variable that sets the seed, to repeat what happened.
const SEED: &str = "PERSIST_LAWS_SEED";

/// The variable that sets after how many seconds a law counts as hanging.
const PATIENCE: &str = "PERSIST_LAWS_PATIENCE";

/// A law about a subject, as [`laws!`](crate::laws!) names it.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The crate that is tested; the backend's name is what follows `persist-` in it.
    pub package: &'static str,
    /// The family of the law.
    pub family: &'static str,
    /// The law.
    pub law: &'static str,
    /// The path of the module that holds the test `child`.
    pub home: &'static str,
}

impl Case {
    /// The name of the backend: the package's without `persist-`, and that of the test binary
    /// where it is not `it`, since a package may have a backend in several forms.
    fn backend(&self) -> String {
        let backend = self.package.strip_prefix("persist-").unwrap_or(self.package);
        match self.home.split("::").next() {
            None | Some("it") => backend.to_owned(),
            Some(form) => format!("{backend}-{form}"),
        }
    }
}

/// How a law ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The subject keeps it.
    Kept,
    /// The subject breaks it; how that showed.
    Broken(String),
    /// It cannot hold for such an engine; why.
    NotApplicable(&'static str),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept"),
            Self::Broken(why) => write!(f, "broken: {why}"),
            Self::NotApplicable(why) => write!(f, "not applicable: {why}"),
        }
    }
}

/// Runs a law as the body of a test: reports how it ended, and panics if it was broken.
pub fn run<S, L, F>(case: Case, law: L)
where
    S: 'static,
    L: FnOnce(Place<S>) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let backend = &case.backend();
    let ending = exempt(backend, case.family, case.law)
        .map_or_else(|| verdict(case.home, patience(), law), Ending::NotApplicable);
    report(backend, case.family, case.law, &ending);
    if let Ending::Broken(why) = ending {
        // The panic that broke it has been shown with its place.
        eprintln!("{}::{} is broken: {why}", case.family, case.law);
        resume_unwind(Box::new(why));
    }
}

/// Whether a subject keeps a law, judged in a directory and a runtime of its own. A law that has
/// not ended when `patience` has passed is broken, too.
pub fn verdict<S, L, F>(home: &str, patience: Duration, law: L) -> Ending
where
    S: 'static,
    L: FnOnce(Place<S>) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let directory = tempfile::tempdir().expect("a temporary directory");
    let seed = seed();
    let path = directory.path().join("store");
    std::fs::create_dir(&path).expect("a directory for the store");
    let place = Place::<S>::new(path, seed, home);
    let (sender, ended) = mpsc::channel();
    let judge = thread::Builder::new().name("law".into()).spawn(move || {
        // The receiver is gone if this took too long.
        let _ = sender.send(judged(place, law));
    });
    judge.expect("a thread for the law");
    let why = match ended.recv_timeout(patience) {
        Ok(Ok(())) => return Ending::Kept,
        Ok(Err(why)) => why,
        Err(RecvTimeoutError::Timeout) => {
            format!("it hangs: no end after {} s", patience.as_secs_f32())
        }
        Err(RecvTimeoutError::Disconnected) => "its thread ended without a word".to_owned(),
    };
    Ending::Broken(format!("{why} (seed {seed}; {SEED}={seed} repeats its random choices)"))
}

/// How long a law may take, generously.
fn patience() -> Duration {
    let seconds = env::var(PATIENCE).ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(400))
}

fn seed() -> u64 {
    let set = env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    set.unwrap_or_else(rand::random)
}

/// Runs a law in a runtime of its own; the message of its panic if it was broken.
fn judged<S, L, F>(place: Place<S>, law: L) -> Result<(), String>
where
    L: FnOnce(Place<S>) -> F,
    F: Future<Output = ()>,
{
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let end = catch_unwind(AssertUnwindSafe(|| runtime.block_on(law(place))));
    // Not a plain drop: a broken subject may have left something that never ends.
    runtime.shutdown_background();
    end.map_err(|panic| message(&*panic))
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_backend_have_names_of_their_own() {
        let named = |home| Case { package: "persist-dbm", family: "f", law: "l", home }.backend();
        assert_eq!(named("it::laws"), "dbm");
        assert_eq!(named("shared::laws"), "dbm-shared");
    }
}
