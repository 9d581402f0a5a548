//! Counts the allocations of one side of a case, and prints them as JSON.

use std::alloc::System;

use clap::Parser;
use persist_bench_costs::{Case, Side, allocations};
use persist_bench_kit::Result;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[derive(Parser)]
struct Arguments {
    case: Case,
    side: Side,
}

fn main() -> Result<()> {
    let Arguments { case, side } = Arguments::parse();
    let counted = allocations::count(case, side, || ALLOCATOR.stats())?;
    println!("{}", serde_json::to_string(&counted)?);
    Ok(())
}
