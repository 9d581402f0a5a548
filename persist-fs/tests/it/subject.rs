//! The store of files, for the laws.

use std::path::Path;

use persist_core::Result;
use persist_core::kv::Kv;

pub(crate) struct Fs;

impl persist_conformance::KvSubject for Fs {
    async fn open_kv(place: &Path) -> Result<Kv> {
        persist_fs::Options::new(place.join("files")).open().await
    }
}
