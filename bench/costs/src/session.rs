//! A value as programs have it.

use persist_bench_kit::data::key;
use serde::{Deserialize, Serialize};

/// Something of about 100 bytes, with strings and a list in it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    user: String,
    address: String,
    pub(crate) visits: u64,
    pages: Vec<u64>,
}

impl Session {
    pub(crate) fn new(n: u64) -> Self {
        let pages = (0..4).map(|page| n.wrapping_mul(page + 0x9e37_79b9_7f4a_7c15)).collect();
        Self { user: key(n), address: format!("{}@example.org", key(!n)), visits: 0, pages }
    }
}
