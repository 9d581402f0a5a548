//! The SQLite backend, tested on real files.

mod bad;
mod dir;
mod log;
mod readable;
mod subject;
mod waiting;

use dir::Dir;

persist_conformance::laws!(subject::Sqlite);
