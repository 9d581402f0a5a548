//! What the laws are about.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use persist_core::Result;
use persist_core::backend::Backend;

/// A backend under examination: how to open a store at a place.
///
/// ```
/// use std::{path::Path, sync::Arc};
/// use persist_core::{Result, backend::Backend};
///
/// struct Mem;
///
/// impl persist_conformance::Subject for Mem {
///     async fn open(_place: &Path) -> Result<Arc<dyn Backend>> {
///         persist_mem::Options::new().backend().await
///     }
/// }
/// ```
pub trait Subject: 'static {
    /// Opens the store at `place`: a directory that is empty at first and belongs to one run of
    /// one law. Called again for the same place when a law reopens the store, and in child
    /// processes, which share the store with each other and with this one.
    ///
    /// Settings should be those that users get by default, full durability above all.
    fn open(place: &Path) -> impl Future<Output = Result<Arc<dyn Backend>>> + Send;

    /// Sees to what must outlive the child processes, such as a server that all of them use; once,
    /// before a law begins, in the process of its test. Nothing by default.
    fn prepare(place: &Path) {
        let _ = place;
    }
}
