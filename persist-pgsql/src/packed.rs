//! Rows in one column: key and value, each behind its length, row after row. Rows of two columns
//! cost our side more than they spare the server.

use persist_core::{Error, ErrorKind, Result};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::cells::Form;
use crate::error::engine;

/// A key, and its value unless that is missing.
type Pair<'p> = (&'p [u8], Option<&'p [u8]>);

/// All rows of `rows`, which select from a table `t`, in one column. A value is missing in those
/// that are not as `condition` says.
pub(crate) fn select([key, value]: [Form; 2], condition: &str, rows: &str) -> String {
    let (key, value) = (key.sent_as("t.key"), value.sent_as("t.value"));
    format!(
        "SELECT string_agg(packed, '') FROM ( \
           SELECT {key} || coalesce(CASE WHEN {condition} THEN {value} END, \
                                    int4send(-1)) AS packed {rows}) AS rows"
    )
}

/// What was selected so.
pub(crate) struct Packed<'p>(&'p [u8]);

impl<'p> Packed<'p> {
    /// The rows in what the server has answered.
    pub(crate) fn of(answer: &'p [PgRow]) -> Result<Self> {
        let row = answer.first().ok_or_else(|| engine(sqlx::Error::RowNotFound))?;
        let rows: Option<&[u8]> = row.try_get(0).map_err(engine)?;
        Ok(Self(rows.unwrap_or_default()))
    }

    fn pair(&mut self) -> Result<Pair<'p>> {
        let key = self.field()?.ok_or_else(torn)?;
        Ok((key, self.field()?))
    }

    /// What is in the next field.
    fn field(&mut self) -> Result<Option<&'p [u8]>> {
        let (length, rest) = self.0.split_first_chunk().ok_or_else(torn)?;
        self.0 = rest;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else { return Ok(None) };
        let (field, rest) = rest.split_at_checked(length).ok_or_else(torn)?;
        self.0 = rest;
        Ok(Some(field))
    }
}

impl<'p> Iterator for Packed<'p> {
    type Item = Result<Pair<'p>>;

    /// The next row. Nothing is to be asked for after an error.
    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| self.pair())
    }
}

fn torn() -> Error {
    Error::new(ErrorKind::Backend, "the server's answer is torn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_as_they_were_sent_and_the_torn_are_told() {
        let sent = b"\0\0\0\x02ab\0\0\0\x01c\0\0\0\0\xff\xff\xff\xff\0\0\0\x01d\0\0\0\0";
        let pairs: Result<Vec<_>> = Packed(sent).collect();
        let expected: [Pair<'_>; 3] = [(b"ab", Some(b"c")), (b"", None), (b"d", Some(b""))];
        assert_eq!(pairs.unwrap(), expected);
        let whole = [0, 11, 19, sent.len()];
        for length in 0..sent.len() {
            let pairs: Result<Vec<_>> = Packed(&sent[..length]).collect();
            assert_eq!(pairs.is_ok(), whole.contains(&length), "{length} bytes");
        }
        assert!(Packed(b"\xff\xff\xff\xff\0\0\0\0").next().unwrap().is_err(), "a row without key");
    }
}
