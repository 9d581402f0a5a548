//! The bytes of every message. Who has to change one here changes the version of the protocol.

use std::fmt::Debug;

use persist_core::{Error, ErrorKind, Outcome};
use serde::de::DeserializeOwned;

use super::*;
use crate::shared::frame;

#[track_caller]
fn is<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T, expected: &[u8]) {
    let bytes = frame::encode(message, 0).unwrap();
    assert_eq!(bytes[..], *expected, "{message:?} is {bytes:02x?}");
    assert_eq!(frame::decode::<T>(&bytes).unwrap(), *message);
    // Neither less nor more is a message.
    assert!(frame::decode::<T>(&bytes[..bytes.len() - 1]).is_err());
    assert!(frame::decode::<T>(&[&bytes[..], &[0]].concat()).is_err());
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn range() -> Range {
    Range { lower: Bound::Included(text("a")), upper: Bound::Excluded(Cell::Integer(-1)) }
}

fn spec() -> Spec {
    let column = |cell, codec: &str| Column { cell, codec: codec.to_owned() };
    Spec {
        name: "t".to_owned(),
        key: column(CellType::Text, "k"),
        value: column(CellType::Real, "v"),
        fingerprint: String::new(),
    }
}

const RANGE: [u8; 6] = [1, 0, 1, b'a', 2, 2];

#[test]
fn calls() {
    is(&Call::OpenTable(spec()), &[0, 1, b't', 0, 1, b'k', 3, 1, b'v', 0]);
    is(&Call::DropTable("t".to_owned()), &[1, 1, b't']);
    is(&Call::Tables, &[2]);
    let keys = vec![Cell::Bytes(vec![9, 8]), Cell::Real(1.0)];
    let get = Call::Get { view: Some(3), table: 300, keys, mark: true };
    is(&get, &[3, 1, 3, 172, 2, 2, 1, 2, 9, 8, 3, 0, 0, 0, 0, 0, 0, 240, 63, 1]);
    let scan =
        Call::Scan { view: None, table: 1, range: range(), backward: true, limit: 5, mark: false };
    is(&scan, &[&[4, 0, 1][..], &RANGE, &[1, 1, 5, 0]].concat());
    let count = Call::Count { view: None, table: 1, range: range(), mark: false };
    is(&count, &[&[5, 0, 1][..], &RANGE, &[1, 0]].concat());
    is(&Call::Snapshot, &[6]);
    is(&Call::Release(7), &[7, 7]);
    is(&Call::Listen, &[9]);
    is(&Call::Unlisten, &[10]);
    is(&Call::Goodbye, &[11]);
}

#[test]
fn commits() {
    let key = |expect, write| Op::Key { table: 1, key: text("k"), expect, write };
    let ops = vec![
        key(Expect::Any, Write::Put(Cell::Integer(1))),
        key(Expect::Absent, Write::Delete),
        key(Expect::Present, Write::Nothing),
        key(Expect::Equals(text("")), Write::Nothing),
        Op::DeleteRange { table: 1, range: range() },
        Op::Unchanged { table: 1, mark: Seal(vec![5]) },
    ];
    let token = Some(Token { sequence: 4, slot: 2 });
    let expected = [
        &[8, 1, 4, 2, 6][..],
        &[0, 1, 0, 1, b'k', 0, 0, 2, 2],
        &[0, 1, 0, 1, b'k', 1, 1],
        &[0, 1, 0, 1, b'k', 2, 2],
        &[0, 1, 0, 1, b'k', 3, 0, 0, 2],
        &[1, 1],
        &RANGE,
        &[1],
        &[2, 1, 1, 5],
    ];
    is(&Call::Commit { token, ops }, &expected.concat());
    is(&Call::Commit { token: None, ops: Vec::new() }, &[8, 0, 0]);
}

#[test]
fn answers() {
    is(&Answer::Table(1), &[0, 1]);
    is(&Answer::Dropped(true), &[1, 1]);
    is(&Answer::Tables(vec![spec()]), &[2, 1, 1, b't', 0, 1, b'k', 3, 1, b'v', 0]);
    let cells = Answer::Cells { found: vec![None, Some(text("x"))], mark: Some(Seal(vec![1])) };
    is(&cells, &[3, 2, 0, 1, 0, 1, b'x', 1, 1, 1]);
    let error = Error::new(ErrorKind::Decode, "m").table("t").with_outcome(Outcome::Unknown);
    let parts = [6, 2, 0, 1, 1, b't', 0, 1, b'm', 0];
    let rows = vec![Ok((text("k"), text("v"))), Err(error.parts().into())];
    let page = Answer::Page { rows, rest: Some(range()), mark: None };
    let rows = [&[4, 2, 0, 0, 1, b'k', 0, 1, b'v', 1][..], &parts, &[1], &RANGE, &[1, 0]];
    is(&page, &rows.concat());
    is(&Answer::Count { count: 5, mark: None }, &[5, 5, 0]);
    is(&Answer::Snapshot(3), &[6, 3]);
    is(&Answer::Applied, &[7]);
    is(&Answer::Conflict { which: 2, found: Some(text("x")) }, &[8, 2, 1, 0, 1, b'x']);
    is(&Answer::Listening, &[9]);
    is(&Answer::Bye, &[10]);
    is(&Answer::Error(error.parts().into()), &[&[11][..], &parts].concat());
}

#[test]
fn frames() {
    is(&Message::Answer { id: 5, answer: Answer::Bye }, &[0, 5, 10]);
    let keys = Hint::Keys { table: "t".to_owned(), keys: vec![text("k")] };
    is(&Message::Hint(keys), &[1, 0, 1, b't', 1, 0, 1, b'k']);
    is(&Message::Hint(Hint::Table("t".to_owned())), &[1, 1, 1, b't']);
    is(&Message::Hint(Hint::Everything), &[1, 2]);
    let hello = Hello { client: 300, fresh_from: 1, durability: Durability::Relaxed };
    is(&hello, &[172, 2, 1, 1]);
    is(&Welcome::Ready, &[0]);
    let request = frame::encode(&Request { id: 5, call: Call::Tables }, 0).unwrap();
    assert_eq!(request[..], [5, 2]);
}

#[test]
fn kinds_of_errors_keep_their_numbers() {
    use ErrorKind::*;
    let kinds = [
        InvalidName,
        InvalidKey,
        TooLarge,
        NotFound,
        SchemaMismatch,
        Encode,
        Decode,
        Corrupt,
        Conflict,
        Busy,
        NoSpace,
        Timeout,
        Closed,
        Config,
        AlreadyBound,
        Misuse,
        Unavailable,
        Backend,
    ];
    for (kind, number) in kinds.iter().zip(0..) {
        is(kind, &[number]);
    }
}
