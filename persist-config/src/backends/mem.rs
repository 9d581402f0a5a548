//! The memory backend, to which durability means nothing.

use std::path::Path;

use persist_core::Durability;
use persist_mem::Options;

use super::{Opening, Settings};

impl Settings for Options {
    const EXAMPLE: &'static str = "";

    fn open(self, _: &Path, _: Option<Durability>) -> Opening {
        Box::pin(self.open())
    }
}
