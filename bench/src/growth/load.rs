//! Loading a store, in a process that ends then.

use indicatif::{ProgressBar, ProgressStyle};
use persist_bench_kit::data::pieces;
use persist_bench_kit::{Result, Spot, Store};

use crate::ours::Ours;
use crate::stores;

pub async fn load(engine: &str, spot: &Spot) -> Result<()> {
    let store = stores::open(engine, spot).await?;
    let ours = Ours::new(store.clone()).await?;
    let bar = ProgressBar::new(spot.rows);
    let style = "{elapsed_precise} [{bar:30}] {pos}/{len} {wide_msg}";
    bar.set_style(ProgressStyle::with_template(style)?.progress_chars("=> "));
    bar.set_message(format!("{engine} is loaded"));
    for piece in pieces(spot.rows) {
        bar.inc(piece.len() as u64);
        ours.batch(piece).await?;
    }
    bar.finish_and_clear();
    Ok(store.close().await?)
}
