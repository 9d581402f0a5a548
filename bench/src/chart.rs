//! A chart of each family: a panel for each engine, a line for each contestant.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use persist_bench_kit::{Family, Result};
use plotters::prelude::*;

use crate::machine;
use crate::report::{Case, Report};

const PANEL: (u32, u32) = (420, 380);
const HEAD: u32 = 36;
/// The height of a line of the foot, and the width of one of its letters.
const LETTER: (u32, u32) = (15, 5);

/// How much wider a panel is than its lines: the names stand there.
const LEGEND: f64 = 1.3;

/// The colours of ours, raw and the peers, told apart by those who see few colours too.
const OURS: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const RAW: RGBColor = RGBColor(0x55, 0x55, 0x55);
const PEERS: [RGBColor; 5] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
];

/// Writes a file for each family that was measured.
pub fn draw(directory: &Path, report: &Report) -> Result<()> {
    fs::create_dir_all(directory)?;
    let facts = machine::describe();
    for family in Family::all() {
        let cases: Vec<_> = report.cases.iter().filter(|case| case.family == family).collect();
        if !cases.is_empty() {
            let file = directory.join(format!("{}.svg", family.name()));
            chart(&file, family, &cases, &facts).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn chart(file: &Path, family: Family, cases: &[&Case], facts: &[String]) -> Drawn {
    let mut engines = Vec::<&str>::new();
    for case in cases {
        let engine = engine(case);
        if !engines.contains(&engine) {
            engines.push(engine);
        }
    }
    let width = PANEL.0 * u32::try_from(engines.len().max(2))?;
    let lines = wrapped(facts, (width / LETTER.1) as usize);
    let foot = LETTER.0 * (u32::try_from(lines.len())? + 1);
    let root = SVGBackend::new(file, (width, HEAD + PANEL.1 + foot)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!("{}, {} (logarithmic) by tasks", family.name(), family.unit());
    root.draw(&Text::new(title, (12, 10), ("sans-serif", 18)))?;
    for (line, n) in lines.iter().zip(0..) {
        let y = HEAD + PANEL.1 + LETTER.0 * n + 6;
        let place = (12, i32::try_from(y)?);
        root.draw(&Text::new(line.as_str(), place, ("sans-serif", 11)))?;
    }
    let colours = colours(cases);
    let (_, panels) = root.split_vertically(HEAD);
    let (panels, _) = panels.split_vertically(PANEL.1);
    for (panel, engine) in panels.split_evenly((1, engines.len())).iter().zip(&engines) {
        let cases: Vec<_> = cases.iter().filter(|case| self::engine(case) == *engine).collect();
        draw_panel(panel, engine, &cases, &colours)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    engine: &str,
    cases: &[&&Case],
    colours: &BTreeMap<&str, RGBColor>,
) -> Drawn {
    // The places of the tasks, for 1, 16, 64 and 256 are too far from each other to be drawn so.
    let tasks: BTreeSet<u64> = cases.iter().map(|case| case.tasks).collect();
    let tasks: Vec<u64> = tasks.into_iter().collect();
    let place = |of: u64| tasks.iter().position(|tasks| *tasks == of).unwrap_or_default() as f64;
    let mut series = BTreeMap::<&str, Vec<(f64, f64)>>::new();
    for case in cases {
        for side in &case.sides {
            if let Some(figures) = side.figures() {
                series.entry(side.name).or_default().push((place(case.tasks), figures.per_second));
            }
        }
    }
    let rates = || series.values().flatten().map(|(_, rate)| *rate);
    // Whole powers of ten, so that lines are where a reader expects them.
    let low = 10_f64.powf(rates().fold(f64::INFINITY, f64::min).max(1.0).log10().floor());
    let high = 10_f64.powf(rates().fold(2.0, f64::max).log10().ceil());
    if !low.is_finite() {
        return Ok(());
    }
    let mut chart = ChartBuilder::on(area)
        .caption(engine, ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(28)
        .y_label_area_size(60)
        .build_cartesian_2d(-0.3..tasks.len() as f64 * LEGEND, (low..high).log_scale())?;
    let label = |x: &f64| {
        let near = (x - x.round()).abs() < 0.01 && *x > -0.01;
        let task = near.then(|| tasks.get(x.round() as usize)).flatten();
        task.map_or(String::new(), ToString::to_string)
    };
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh().x_labels(tasks.len() * 2).x_label_formatter(&label);
    mesh.y_label_formatter(&|rate| short(*rate)).light_line_style(WHITE).draw()?;

    for (name, points) in series {
        let (colour, width) = (colours.get(name).copied().unwrap_or(RAW), 2);
        let line = LineSeries::new(points, colour.stroke_width(width)).point_size(3);
        chart.draw_series(line)?.label(name).legend(move |(x, y)| {
            PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(width))
        });
    }
    let legend = SeriesLabelPosition::MiddleRight;
    chart.configure_series_labels().position(legend).background_style(WHITE.mix(0.8)).draw()?;
    Ok(())
}

/// Everybody's colour, the same in all panels.
fn colours<'c>(cases: &[&'c Case]) -> BTreeMap<&'c str, RGBColor> {
    let sides = cases.iter().flat_map(|case| &case.sides).map(|side| side.name);
    let peers: BTreeSet<_> = sides.filter(|name| !["ours", "raw"].contains(name)).collect();
    let peers = peers.into_iter().zip(PEERS.into_iter().cycle());
    peers.chain([("ours", OURS), ("raw", RAW)]).collect()
}

fn engine(case: &Case) -> &str {
    case.name.split('/').next().unwrap_or_default()
}

/// The facts in lines of at most so many letters.
fn wrapped(facts: &[String], letters: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for fact in facts {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(fact),
            Some(line) if line.len() + fact.len() + 2 <= letters => {
                line.push_str("; ");
                line.push_str(fact);
            }
            _ => lines.push(fact.clone()),
        }
    }
    lines
}

/// A rate as few characters.
fn short(rate: f64) -> String {
    match rate {
        _ if rate >= 1e6 => format!("{} M", rate / 1e6),
        _ if rate >= 1e3 => format!("{} k", rate / 1e3),
        _ => format!("{rate}"),
    }
}
