//! Helpers for those who implement a [`Backend`](crate::backend::Backend).
//!
//! None of them is obligatory. [`GroupCommit`] owns the engine's writing side on a thread and
//! lets many commits share one transaction and one sync; [`judge`] decides and applies a group of
//! batches through a handful of primitives; [`Witness`] makes and checks marks by content;
//! [`Hints`] tells listeners what changed; [`ordered`] turns cells into bytes that sort alike;
//! [`Overlay`] gives snapshots to engines that have none; [`offload`] runs what may sleep on a
//! thread that may.

mod group;
mod hints;
mod judge;
mod offload;
pub mod ordered;
mod overlay;
mod witness;

pub use group::{Engine, GroupCommit, Syncer};
pub use hints::Hints;
pub use judge::{Transaction, judge};
pub use offload::offload;
pub use overlay::{Binding, Bytes, Layer, Overlay, OverlayLimits, Pinned, Span, layered};
pub use witness::{Reread, Visit, Witness};
