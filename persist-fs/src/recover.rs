//! Undoing what a commit has begun: after it failed, or after its process died.

use std::sync::Arc;

use persist_core::Result;

use crate::error;
use crate::node::Node;
use crate::own::{Held, Journal};
use crate::step::{Ground, Miss, Step};

/// Undoes what the last holder of the lock has left half-done, if anything.
pub(crate) fn recover(
    root: &Arc<Node>,
    own: &Arc<Node>,
    journal: &Journal,
    held: &Held<'_>,
    generation: u64,
) -> Result<()> {
    if generation.is_multiple_of(2) && journal.is_empty()? {
        return Ok(());
    }
    tracing::info!("a commit that did not come to its end is undone");
    held.begin()?;
    let mut ground = Ground::new(Arc::clone(root), Arc::clone(own));
    undo(&journal.read()?, &mut ground)?;
    ground.sync().map_err(error::own("a directory of the store"))?;
    journal.clear()?;
    held.end()
}

/// Undoes those of the steps that were made, the last one first.
pub(crate) fn undo(steps: &[Step], ground: &mut Ground) -> Result<()> {
    for step in steps.iter().rev() {
        match step.undo(ground) {
            Ok(()) | Err(Miss::Moved) => {}
            Err(Miss::System(errno)) => {
                return Err(error::system("undoing a commit", errno));
            }
        }
    }
    Ok(())
}
