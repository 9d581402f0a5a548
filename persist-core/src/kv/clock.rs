//! Times of changes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the times of changes come from.
///
/// Any function will do, for tests as well:
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use std::time::{Duration, UNIX_EPOCH};
/// use persist_core::kv::{Kv, days_and_picoseconds};
///
/// let noon = UNIX_EPOCH + Duration::from_hours(36);
/// let kv = Kv::open(&store, "files").await?.with_clock(move || noon);
/// kv.set("a", "bc").await?;
/// assert_eq!(days_and_picoseconds(kv.last_modified("a").await?), (1, 43_200_000_000_000_000));
/// # Ok::<_, persist_core::kv::Error>(()) }).unwrap();
/// ```
#[doc(alias = "PCLOCK")]
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> SystemTime;
}

impl<F: Fn() -> SystemTime + Send + Sync + 'static> Clock for F {
    fn now(&self) -> SystemTime {
        self()
    }
}

/// A time as Mirage has it: the day since 1970-01-01, which may be negative, and the picosecond of
/// that day, from 0 to 86,399,999,999,999,999.
#[doc(alias = "last_modified")]
pub fn days_and_picoseconds(time: SystemTime) -> (i64, u64) {
    const DAY: u64 = 86_400;
    let picoseconds = |rest: Duration| {
        (rest.as_secs() % DAY) * 1_000_000_000_000 + u64::from(rest.subsec_nanos()) * 1_000
    };
    let days = |span: Duration| i64::try_from(span.as_secs() / DAY).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (days(after), picoseconds(after)),
        Err(before) => {
            let before = before.duration();
            match picoseconds(before) {
                0 => (-days(before), 0),
                short => (-days(before) - 1, DAY * 1_000_000_000_000 - short),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_also_before_the_epoch() {
        let day = 86_400_000_000_000_000;
        for (seconds, nanoseconds, expected) in [
            (0_i64, 0_u32, (0, 0)),
            (86_399, 999_999_999, (0, day - 1_000)),
            (86_400, 0, (1, 0)),
            (-86_400, 0, (-1, 0)),
            (-1, 0, (-1, day - 1_000_000_000_000)),
            (-86_401, 0, (-2, day - 1_000_000_000_000)),
        ] {
            let whole = Duration::from_secs(seconds.unsigned_abs());
            let time = if seconds < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
            let time = time + Duration::from_nanos(nanoseconds.into());
            assert_eq!(days_and_picoseconds(time), expected, "{seconds}");
        }
    }
}
