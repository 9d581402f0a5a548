//! Tells what ours costs above what it stands on: `cargo xtask bench --costs`.

use std::env;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use persist_bench_costs::report::{Figures, Line};
use persist_bench_costs::{Case, Side, Work, allocations, instructions, time};
use persist_bench_kit::Result;

#[derive(Parser)]
#[command(about = "Counts what persist costs above what it stands on")]
struct Arguments {
    /// Fewer rounds; only the ratio of times loses by it
    #[arg(long)]
    quick: bool,
    /// Only cases whose name contains this
    #[arg(long, default_value = "")]
    filter: String,
    /// Writes a line of JSON for each case to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Only does so much work: what callgrind looks at
    #[arg(long, num_args = 3, value_names = ["CASE", "SIDE", "CALLS"], hide = true)]
    work: Option<Vec<String>>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.work.as_deref() {
        Some([case, side, calls]) => {
            let (case, side) = (Case::from_str(case, false)?, Side::from_str(side, false)?);
            Work::open(case, side)?.run(calls.parse()?)
        }
        _ => tell(&arguments),
    }
}

fn tell(arguments: &Arguments) -> Result<()> {
    let cases = Case::ALL.into_iter().filter(|case| case.name().contains(&arguments.filter));
    let cases: Vec<Case> = cases.collect();
    if cases.is_empty() {
        return Err(format!("no case contains {:?}", arguments.filter).into());
    }
    let program = env::current_exe()?;
    let counted = program.with_file_name("persist-bench-counted");
    let valgrind = instructions::available();
    if !valgrind {
        println!(
            "valgrind is not installed: instructions are not counted (`apt-get install valgrind`)"
        );
    }
    let mut json = arguments.json.as_ref().map(File::create).transpose()?;
    println!("{}", Line::headings());
    for case in cases {
        let times = time::measure(case, if arguments.quick { 20 } else { 500 })?;
        let mut sides = Vec::new();
        for (side, nanoseconds) in Side::ALL.into_iter().zip(times) {
            let allocations = allocations::measure(&counted, case, side)?;
            let instructions =
                valgrind.then(|| instructions::measure(&program, case, side)).transpose()?;
            sides.push(Figures::new(allocations, instructions, nanoseconds));
        }
        let [ours, bare] = sides[..] else { return Err("a case has two sides".into()) };
        let line = Line::new(case, ours, bare);
        println!("{line}");
        if let Some(json) = &mut json {
            writeln!(json, "{}", line.json()?)?;
        }
    }
    Ok(())
}
