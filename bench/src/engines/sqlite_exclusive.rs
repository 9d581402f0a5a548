//! SQLite in one process that keeps the write lock, beside rusqlite as in `sqlite`: what one
//! gains who needs no other writers.

use persist_bench_kit::Family;

use super::sqlite::{options, raw};
use crate::entrant::{Engine, Entrant};
use crate::ground::Kind;

pub fn engine() -> Engine {
    Engine {
        name: "sqlite-exclusive",
        families: &[
            Family::Get,
            Family::PutFull,
            Family::PutRelaxed,
            Family::UpdateHot,
            Family::Scan,
            Family::Mixed,
        ],
        durable: true,
        ground: Kind::Files,
        entrants: vec![
            Entrant::ours(|spot| options(&spot).exclusive(true).open()),
            Entrant::raw(raw),
        ],
    }
}
