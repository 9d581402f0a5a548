//! One commit, on a thread that may sleep.

use std::sync::Arc;

use persist_core::kv::{Change, Committed};
use persist_core::{Error, ErrorKind, Outcome, Result};

use crate::base::{Base, Writing};
use crate::error;
use crate::own::Held;
use crate::plan::{Plan, Route, Stop, settle};
use crate::recover::undo;
use crate::seen::Seen;
use crate::step::{Ground, Miss, Step};

/// How many directories are held open to be synced together.
const TOGETHER: usize = 64;

#[cfg(test)]
mod tests;

/// Applies the changes if everything that was seen is still so.
pub(crate) fn commit(base: &Base, seen: &Seen, changes: &[Change]) -> Result<Committed> {
    let writing = base.writing.as_ref().ok_or_else(error::read_only)?;
    let Some(held) = base.hold()? else { return Err(error::removed("the own directory")) };
    if !seen.stands(&base.root) {
        return Ok(Committed::Conflict);
    }
    let mut tried = attempt(base, writing, &held, changes);
    if let Err(Stop::Failed(failure)) = &tried
        && failure.kind() == ErrorKind::NoSpace
        && failure.outcome() == Outcome::NotApplied
    {
        // What was removed a moment ago may still take the space.
        writing.session.empty();
        tried = attempt(base, writing, &held, changes);
    }
    match tried {
        Ok(()) => Ok(Committed::Applied),
        Err(Stop::Moved) => Ok(Committed::Conflict),
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn attempt(
    base: &Base,
    writing: &Writing,
    held: &Held<'_>,
    changes: &[Change],
) -> Result<(), Stop> {
    let plan = Plan::draw(&base.root, &writing.session, changes)?;
    let route = plan.route()?;
    let own = base.own()?.ok_or_else(|| error::removed("the own directory"))?;
    let mut ground = Ground::new(Arc::clone(&base.root), Arc::clone(&own.dir));
    let travelled = travel(writing, held, &route, &mut ground);
    match &travelled {
        Ok(()) => {
            route.settle();
            for name in &route.rest {
                writing.session.discard(name.clone());
            }
        }
        // What is in the session may be needed for undoing the rest.
        Err(Stop::Failed(failure)) if failure.outcome() == Outcome::Unknown => route.settle(),
        Err(_) => route.abandon(&writing.session),
    }
    travelled
}

/// Makes all steps, or none.
fn travel(
    writing: &Writing,
    held: &Held<'_>,
    route: &Route,
    ground: &mut Ground,
) -> Result<(), Stop> {
    if let Err(stop) = prepare(writing, route, ground) {
        undo(&route.hidden, ground)?;
        return Err(stop);
    }
    if route.visible.is_empty() {
        return Ok(());
    }
    held.begin()?;
    let gone = go(&route.visible, ground, writing.full).and_then(|()| {
        held.end()?;
        sync(ground, writing.full)
    });
    let Err(stop) = gone else {
        return Ok(forget(writing, route)?);
    };
    // Nothing was promised yet.
    let undone = held.begin().and_then(|()| {
        undo(&route.visible, ground)?;
        undo(&route.hidden, ground)?;
        ground.sync().map_err(error::own("a directory of the store"))?;
        forget(writing, route)?;
        held.end()
    });
    match (undone, stop) {
        (Ok(()), stop) => Err(stop),
        // The next one who takes the lock tries again.
        (Err(_), Stop::Failed(failure)) => {
            Err(Stop::Failed(failure.with_outcome(Outcome::Unknown)))
        }
        (Err(failure), Stop::Moved) => Err(Stop::Failed(failure.with_outcome(Outcome::Unknown))),
    }
}

/// Does all that nobody sees: makes contents durable, fills new directories, writes the journal.
pub(crate) fn prepare(writing: &Writing, route: &Route, ground: &mut Ground) -> Result<(), Stop> {
    if writing.full {
        for temp in &route.temps {
            settle(temp)?;
        }
    }
    for step in &route.hidden {
        make(step, ground)?;
        route.date(step, &writing.session)?;
        if ground.changed() > TOGETHER {
            sync(ground, writing.full)?;
        }
    }
    sync(ground, writing.full)?;
    if is_journaled(route)
        && let Err(failure) = writing.journal.write(&route.visible)
    {
        writing.journal.clear()?;
        return Err(failure.into());
    }
    Ok(())
}

/// Makes the steps that others see.
pub(crate) fn go(steps: &[Step], ground: &mut Ground, full: bool) -> Result<(), Stop> {
    for step in steps {
        make(step, ground)?;
        if ground.changed() > TOGETHER {
            sync(ground, full)?;
        }
    }
    Ok(())
}

fn make(step: &Step, ground: &mut Ground) -> Result<(), Stop> {
    step.make(ground).map_err(|miss| match miss {
        Miss::Moved => Stop::Moved,
        Miss::System(errno) => Stop::Failed(error::system("a commit", errno)),
    })
}

fn sync(ground: &mut Ground, full: bool) -> Result<(), Stop> {
    if !full {
        ground.forget();
        return Ok(());
    }
    Ok(ground.sync().map_err(error::own("a directory of the store"))?)
}

/// Empties the journal, which is what commits.
fn forget(writing: &Writing, route: &Route) -> Result<()> {
    if !is_journaled(route) {
        return Ok(());
    }
    let unknown = |failure: Error| failure.with_outcome(Outcome::Unknown);
    writing.journal.clear().map_err(unknown)
}

/// A single step is made or not, whatever happens.
fn is_journaled(route: &Route) -> bool {
    route.visible.len() > 1
}
