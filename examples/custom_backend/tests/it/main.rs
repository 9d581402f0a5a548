//! The tests of the example: the laws, what a log can meet, and that the guide shows this code.

mod guide;
mod log;
mod subject;

persist_conformance::laws!(subject::Log);
