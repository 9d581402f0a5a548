//! Tests of the tests: backends that are broken in one way each, which the laws must catch, one
//! that is odd and good, and the running of a law itself.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as a test does")]

mod broken;
mod fault;
mod running;
mod uneven;
