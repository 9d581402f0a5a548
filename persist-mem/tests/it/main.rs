//! The tests of the memory backend: the laws.

mod subject;

persist_conformance::laws!(subject::Mem);
