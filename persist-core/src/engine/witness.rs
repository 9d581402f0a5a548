//! Marks by content: what was read is digested, and read again to see whether it still stands.

use std::hash::{BuildHasher, Hasher, RandomState};

use serde::{Deserialize, Serialize};

use crate::backend::{Cell, Direction, KeyRange, Mark, Marked, Marking, Page, Row, TableHandle};
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
    /// What some keys were found to be bound to, with its mark if one is asked for.
    ///
    /// # Errors
    /// `Encode`, which cannot happen for cells within the limits.
    pub fn keys(
        &self,
        table: &TableHandle,
        keys: &[Cell],
        found: Vec<Option<Cell>>,
        marking: Marking,
    ) -> Result<Marked<Vec<Option<Cell>>>> {
        self.marked(table, found, marking, |found, digest| {
            for cell in found {
                digest.cell(cell.as_ref());
            }
            Asked::Keys(keys.iter().take(found.len()).cloned().collect())
        })
    }

    /// A page of a scan of `range`, with its mark if one is asked for.
    ///
    /// # Errors
    /// `Encode`, which cannot happen for cells within the limits.
    pub fn page(
        &self,
        table: &TableHandle,
        range: &KeyRange,
        direction: Direction,
        page: Page,
        marking: Marking,
    ) -> Result<Marked<Page>> {
        self.marked(table, page, marking, |page, digest| {
            let mut add = |row: &Row| {
                digest.row(row.as_ref().ok().map(|(key, value)| (key, value)));
            };
            match direction {
                Direction::Forward => page.rows.iter().for_each(&mut add),
                Direction::Backward => page.rows.iter().rev().for_each(&mut add),
            }
            let rest = page.rest.as_ref();
            Asked::Rows(rest.map_or_else(|| range.clone(), |rest| range.without(direction, rest)))
        })
    }

    /// A count of `range`, with its mark if one is asked for.
    ///
    /// # Errors
    /// `Encode`, which cannot happen for cells within the limits.
    pub fn count(
        &self,
        table: &TableHandle,
        range: &KeyRange,
        count: u64,
        marking: Marking,
    ) -> Result<Marked<u64>> {
        self.marked(table, count, marking, |count, digest| {
            digest.number(*count);
            Asked::Count(range.clone())
        })
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

    fn marked<T>(
        &self,
        table: &TableHandle,
        value: T,
        marking: Marking,
        digest_of: impl FnOnce(&T, &mut Digest) -> Asked,
    ) -> Result<Marked<T>> {
        if marking == Marking::Skip {
            return Ok(Marked::plain(value));
        }
        let mut digest = self.digest();
        let asked = digest_of(&value, &mut digest);
        let token = Token { asked, digest: digest.finish() };
        let token = postcard::to_stdvec(&token).map_err(|error| {
            Error::new(ErrorKind::Encode, "the mark cannot be written").caused_by(error)
        })?;
        Ok(Marked { value, mark: Some(Mark { table: table.clone(), token }) })
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
