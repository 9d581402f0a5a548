//! Marks by content: what was read is digested, and read again to see whether it still stands.

use std::hash::{BuildHasher, Hasher, RandomState};

use serde::{Deserialize, Serialize};

use crate::backend::{Cell, Direction, KeyRange, Mark, Page, Row, TableHandle};
use crate::{Error, ErrorKind, Result};

/// Makes marks by content and judges them.
///
/// A mark holds what was asked and a digest of 128 bits of what was found, under keys that are
/// drawn for each `Witness`. It conflicts only if the content differs, at the price of reading
/// the same again within the commit.
#[derive(Debug, Default)]
pub struct Witness {
    keys: [RandomState; 2],
}

#[derive(Serialize, Deserialize)]
struct Token {
    asked: Asked,
    digest: [u64; 2],
}

#[derive(Serialize, Deserialize)]
enum Asked {
    Keys(Vec<Cell>),
    Rows(KeyRange),
    Count(KeyRange),
}

/// What [`Reread::rows`] calls for each binding.
pub type Visit<'v> = &'v mut dyn FnMut(Option<(&Cell, &Cell)>);

/// What [`Witness::stands`] needs to see again, in the transaction of the commit.
pub trait Reread {
    /// What a key is bound to.
    ///
    /// # Errors
    /// Whatever the engine met.
    fn get(&mut self, key: &Cell) -> Result<Option<Cell>>;

    /// Calls `visit` for each binding of the range, in ascending order of keys.
    ///
    /// # Errors
    /// Whatever the engine met. A row that cannot be read is given as `None`.
    fn rows(&mut self, range: &KeyRange, visit: Visit<'_>) -> Result<()>;

    /// The number of bindings of the range.
    ///
    /// # Errors
    /// Whatever the engine met.
    fn count(&mut self, range: &KeyRange) -> Result<u64>;
}

impl Witness {
    /// The mark of what some keys were bound to.
    ///
    /// # Errors
    /// `Encode`, which cannot happen for cells within the limits.
    pub fn of_keys(
        &self,
        table: &TableHandle,
        keys: &[Cell],
        found: &[Option<Cell>],
    ) -> Result<Mark> {
        let keys = keys.iter().take(found.len()).cloned().collect();
        let mut digest = self.digest();
        for cell in found {
            digest.cell(cell.as_ref());
        }
        Self::mark(table, Asked::Keys(keys), &digest)
    }

    /// The mark of a page of a scan of `range`.
    ///
    /// # Errors
    /// `Encode`, which cannot happen for cells within the limits.
    pub fn of_page(
        &self,
        table: &TableHandle,
        range: &KeyRange,
        direction: Direction,
        page: &Page,
    ) -> Result<Mark> {
        let covered =
            page.rest.as_ref().map_or_else(|| range.clone(), |rest| range.without(direction, rest));
        let mut digest = self.digest();
        let mut add = |row: &Row| {
            digest.row(row.as_ref().ok().map(|(key, value)| (key, value)));
        };
        match direction {
            Direction::Forward => page.rows.iter().for_each(&mut add),
            Direction::Backward => page.rows.iter().rev().for_each(&mut add),
        }
        Self::mark(table, Asked::Rows(covered), &digest)
    }

    /// The mark of a count.
    ///
    /// # Errors
    /// `Encode`, which cannot happen for cells within the limits.
    pub fn of_count(&self, table: &TableHandle, range: &KeyRange, count: u64) -> Result<Mark> {
        let mut digest = self.digest();
        digest.number(count);
        Self::mark(table, Asked::Count(range.clone()), &digest)
    }

    /// Whether what the mark was taken of is still so.
    ///
    /// # Errors
    /// What `reread` met; `Backend` for a token that no `Witness` made.
    pub fn stands(&self, mark: &Mark, reread: &mut dyn Reread) -> Result<bool> {
        let token: Token = postcard::from_bytes(&mark.token).map_err(|error| {
            Error::new(ErrorKind::Backend, "the mark is not one of this store").caused_by(error)
        })?;
        let mut digest = self.digest();
        match &token.asked {
            Asked::Keys(keys) => {
                for key in keys {
                    digest.cell(reread.get(key)?.as_ref());
                }
            }
            Asked::Rows(range) => reread.rows(range, &mut |row| digest.row(row))?,
            Asked::Count(range) => digest.number(reread.count(range)?),
        }
        Ok(digest.finish() == token.digest)
    }

    fn digest(&self) -> Digest {
        let [a, b] = &self.keys;
        Digest(a.build_hasher(), b.build_hasher())
    }

    fn mark(table: &TableHandle, asked: Asked, digest: &Digest) -> Result<Mark> {
        let token =
            postcard::to_stdvec(&Token { asked, digest: digest.finish() }).map_err(|error| {
                Error::new(ErrorKind::Encode, "the mark cannot be written").caused_by(error)
            })?;
        Ok(Mark { table: table.clone(), token })
    }
}

struct Digest(std::hash::DefaultHasher, std::hash::DefaultHasher);

impl Digest {
    fn bytes(&mut self, bytes: &[u8]) {
        // The length first, so that no two sequences of pieces look alike.
        self.number(bytes.len() as u64);
        self.0.write(bytes);
        self.1.write(bytes);
    }

    fn number(&mut self, number: u64) {
        self.0.write_u64(number);
        self.1.write_u64(number);
    }

    fn cell(&mut self, cell: Option<&Cell>) {
        match cell {
            None => self.number(u64::MAX),
            Some(Cell::Text(text)) => self.bytes(text.as_bytes()),
            Some(Cell::Bytes(bytes)) => self.bytes(bytes),
            Some(Cell::Integer(integer)) => self.bytes(&integer.to_be_bytes()),
            Some(Cell::Real(real)) => self.bytes(&real.to_bits().to_be_bytes()),
        }
    }

    fn row(&mut self, row: Option<(&Cell, &Cell)>) {
        self.cell(row.map(|(key, _)| key));
        self.cell(row.map(|(_, value)| value));
    }

    fn finish(&self) -> [u64; 2] {
        [self.0.finish(), self.1.finish()]
    }
}
