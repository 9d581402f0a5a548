//! What is measured, and on which side.

use clap::ValueEnum;

/// A call that is made often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// `Table<Text, Postcard<T>>` in memory, over the contract: reads of a row.
    Get,
    /// Writes of a row.
    Insert,
    /// Changes of a row.
    Update,
    /// Reads of all rows in order, counted as rows.
    Scan,
    /// `Table<Text, Bytes>` in SQLite, over rusqlite by hand: reads of a row.
    SqliteGet,
}

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The call of a user.
    Ours,
    /// The same by hand, one floor below: the contract with the codecs, or the raw engine.
    Bare,
}

impl Case {
    pub const ALL: [Self; 5] = [Self::Get, Self::Insert, Self::Update, Self::Scan, Self::SqliteGet];

    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "costs/mem/get",
            Self::Insert => "costs/mem/insert",
            Self::Update => "costs/mem/update",
            Self::Scan => "costs/mem/scan",
            Self::SqliteGet => "costs/sqlite/get",
        }
    }

    /// What the other side stands for.
    pub fn bare(self) -> &'static str {
        if self == Self::SqliteGet { "rusqlite" } else { "contract" }
    }

    /// How the case is named on a command line.
    pub fn argument(self) -> String {
        argument(self)
    }
}

impl Side {
    pub const ALL: [Self; 2] = [Self::Ours, Self::Bare];

    /// How the side is named on a command line.
    pub fn argument(self) -> String {
        argument(self)
    }
}

fn argument(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
