//! The SQLite backend, tested on real files.

mod bad;
mod dir;
mod log;
mod readable;
mod waiting;

use dir::Dir;
