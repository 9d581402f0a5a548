//! Real servers, real crashes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a child process tells its parent what it did")]

mod install;
mod owner;
mod postgres;
mod redis;
