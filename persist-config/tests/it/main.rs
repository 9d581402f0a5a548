//! What a configuration file can say, and what is said when it is wrong.
#![cfg_attr(
    all(feature = "mem", feature = "sqlite"),
    expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")
)]

#[cfg(all(feature = "mem", feature = "sqlite"))]
mod counter;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod documents;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod elsewhere;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod embedded;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod examples;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod kv;
#[cfg(all(feature = "fs", feature = "mem", feature = "sqlite"))]
mod kv_fs;
#[cfg(not(all(feature = "mem", feature = "sqlite")))]
mod lean;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod mistakes;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod opening;
#[cfg(all(feature = "mem", feature = "pgsql", feature = "sqlite"))]
mod pgsql;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod snippets;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod support;
#[cfg(all(feature = "mem", feature = "sqlite"))]
mod web;
