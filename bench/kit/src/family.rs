//! The kinds of work.

use serde::{Deserialize, Serialize};

/// A kind of work, the second part of a case's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Family {
    /// Reads of random rows.
    Get,
    /// Writes of random rows that survive the loss of power.
    PutFull,
    /// Writes of random rows that survive the process.
    PutRelaxed,
    /// Changes of one row, whose new value is made from the old one.
    UpdateHot,
    /// The same of random rows.
    UpdateSpread,
    /// Writes of a hundred rows at once, counted as rows.
    Batch100,
    /// Reads of all rows in order, counted as rows.
    Scan,
    /// One task that reads all rows of one state, counted as rows, beside as many writers as there
    /// are tasks. Together they write [`BESIDE`](Self::BESIDE) rows a second, whoever they are, so
    /// that a quick writer does not spoil its own figure.
    SnapshotScan,
    /// How many rows there are, without being told before.
    Count,
    /// Nine reads and one durable write.
    Mixed,
    /// Names of the entries of a dictionary, in order, counted as entries.
    List,
    /// Reads of [`PART`](crate::data::PART) bytes from somewhere in a large value.
    Partial,
}

impl Family {
    /// What is done with rows.
    pub const ROWS: [Self; 10] = [
        Self::Get,
        Self::PutFull,
        Self::PutRelaxed,
        Self::UpdateHot,
        Self::UpdateSpread,
        Self::Batch100,
        Self::Scan,
        Self::SnapshotScan,
        Self::Count,
        Self::Mixed,
    ];

    /// Those, and what is done with values in dictionaries.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ROWS.into_iter().chain([Self::List, Self::Partial])
    }

    /// Writes a second beside a snapshot's scan.
    pub const BESIDE: u64 = 1000;

    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::PutFull => "put_full",
            Self::PutRelaxed => "put_relaxed",
            Self::UpdateHot => "update_hot",
            Self::UpdateSpread => "update_spread",
            Self::Batch100 => "batch100",
            Self::Scan => "scan",
            Self::SnapshotScan => "snapshot_scan",
            Self::Count => "count",
            Self::Mixed => "mixed",
            Self::List => "list",
            Self::Partial => "partial",
        }
    }

    /// What a second is full of.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Batch100 | Self::Scan | Self::SnapshotScan => "rows/s",
            Self::List => "entries/s",
            _ => "calls/s",
        }
    }

    /// How durable the stores are on which it is measured.
    pub fn durability(self) -> Durability {
        if self == Self::PutRelaxed { Durability::Relaxed } else { Durability::Full }
    }
}

/// What survives a crash once a write has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Durability {
    /// Everything, the loss of power included.
    Full,
    /// Everything but the last moments.
    Relaxed,
}

impl Durability {
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Relaxed => "relaxed",
        }
    }
}
