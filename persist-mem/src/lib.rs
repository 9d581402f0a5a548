//! Mem.
