//! How much memory this process has, as Linux tells it.

use std::fs;

use persist_bench_kit::Result;

/// KiB that are resident now.
pub fn now() -> Result<u64> {
    field("VmRSS:")
}

/// KiB that `work` needed at its peak beyond what was resident before it.
pub async fn above<T>(work: impl Future<Output = Result<T>>) -> Result<u64> {
    // Sets the peak to what is resident.
    fs::write("/proc/self/clear_refs", "5")?;
    let before = now()?;
    work.await?;
    Ok(field("VmHWM:")?.saturating_sub(before))
}

fn field(name: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(number.ok_or_else(|| format!("/proc/self/status has no {name}"))?.parse()?)
}
