//! Looking at processes, and waiting for them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// Whether there is such a process and it has not ended: one that nobody has asked for how it
/// ended is still there, but runs no more.
pub(crate) fn runs(process: Pid) -> bool {
    state(&process.as_raw_nonzero().to_string()).is_some_and(|(state, _)| state != 'Z')
}

/// Kills a process and its children as one, as the loss of power would, and waits until they are
/// gone.
pub(crate) fn kill_family(parent: Pid, patience: Duration) -> bool {
    // A parent that stands still makes no child that we would miss.
    let mut family = vec![parent];
    if rustix::process::kill_process(parent, Signal::STOP).is_ok() {
        family.extend(children(parent));
    }
    for process in &family {
        // Who has ended meanwhile needs no signal.
        let _ = rustix::process::kill_process(*process, Signal::KILL);
    }
    until(patience, || !family.iter().any(|process| runs(*process)))
}

/// Looks again and again until it holds; whether it did before patience ran out.
pub(crate) fn until(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn children(parent: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let born = |name: String| {
        let (_, of) = state(&name)?;
        (of == parent.as_raw_nonzero().get()).then(|| Pid::from_raw(name.parse().ok()?)).flatten()
    };
    names.filter_map(born).collect()
}

/// The state and the parent of a process.
fn state(process: &str) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program comes before them, in parentheses, and may contain anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_ascii_whitespace();
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}
