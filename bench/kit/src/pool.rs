//! What threads hold while they work, kept from one round to the next.

use parking_lot::Mutex;

use crate::Result;

/// Opens one for each thread that needs one at the same time.
pub(crate) struct Pool<E> {
    open: Box<dyn Fn() -> Result<E> + Send + Sync>,
    idle: Mutex<Vec<E>>,
}

impl<E> Pool<E> {
    pub(crate) fn new(open: Box<dyn Fn() -> Result<E> + Send + Sync>) -> Self {
        Self { open, idle: Mutex::default() }
    }

    pub(crate) fn take(&self) -> Result<E> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(|| (self.open)(), Ok)
    }

    pub(crate) fn put_back(&self, engine: E) {
        self.idle.lock().push(engine);
    }
}
