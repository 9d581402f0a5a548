//! Hierarchical keys in a directory of plain files, which stands on no store.

use persist_fs::Options;

use super::{Ground, KvOpening, KvSettings};
use crate::fault::Fault;

impl KvSettings for Options {
    fn open(self, ground: &Ground<'_>) -> Result<KvOpening, Fault> {
        let options = match ground.durability()? {
            Some(durability) => self.or_durability(durability),
            None => self,
        };
        Ok(Box::pin(options.relative_to(ground.dir).open()))
    }
}
