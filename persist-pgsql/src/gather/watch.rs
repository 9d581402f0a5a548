//! Reads on a runtime that stands still: its threads may be blocked, or the one whose next task is
//! the collector.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Shared;
use super::collector::Collector;

/// Who waits for longer than this while no round begins, is read for elsewhere.
const STILL: Duration = Duration::from_millis(50);

/// Has the store's own runtime, this one, read what others do not, as long as anything is read.
pub(super) async fn watch(shared: Arc<Shared>, own: Handle) {
    loop {
        tokio::time::sleep(STILL).await;
        let Some(collectors) = shared.homes.lock().look_after() else { return };
        for _ in 0..collectors {
            own.spawn(Collector::new(&shared, own.id()).run());
        }
    }
}
