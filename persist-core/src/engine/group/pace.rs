//! How long a group is waited for, by what the last one told.

use std::thread;
use std::time::{Duration, Instant};

use super::MAX_GROUP;

/// A group is waited for while batches come within this part of the time that the last one took.
const GAP: u32 = 16;

/// The longest wait, as a part of the same time.
const LONGEST: u32 = 4;

/// More than a group usually takes. After one that met a disk that stood still, nobody is waited
/// for as long as that would allow.
const USUAL: Duration = Duration::from_millis(16);

/// What the last group told.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// How many batches it had, or waited when it was answered.
    everybody: usize,
    /// How long it took to commit, up to [`USUAL`].
    time: Duration,
}

impl Pace {
    /// A group was committed and is about to be answered, while so many others wait.
    pub(super) fn committed(&mut self, batches: usize, time: Duration, waiting: usize) {
        *self = Self { everybody: batches + waiting, time: time.min(USUAL) };
    }

    /// Waits until everybody is there, as long as they keep coming: who was just answered is about
    /// to ask again, and whoever is not in a group waits for all of it. Does not wait for anybody
    /// while nobody is there.
    pub(super) fn gather(&self, waiting: impl Fn() -> usize) {
        let everybody = self.everybody.min(MAX_GROUP);
        let begin = Instant::now();
        let (mut seen, mut last) = (waiting(), begin);
        while (1..everybody).contains(&seen) {
            thread::yield_now();
            let (here, now) = (waiting(), Instant::now());
            if here != seen {
                (seen, last) = (here, now);
            }
            if now - last > self.time / GAP || now - begin > self.time / LONGEST {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Five are waited for, for a part of so long.
    fn pace(time: Duration) -> Pace {
        Pace { everybody: 5, time }
    }

    #[test]
    fn everybody_is_waited_for_who_keeps_coming() {
        let here = Cell::new(1);
        let one_more_at_each_look = || here.replace(here.get() + 1);
        pace(Duration::from_hours(1)).gather(one_more_at_each_look);
        // The look that found the fifth was the last one.
        assert_eq!(here.get(), 6);
    }

    #[test]
    fn who_does_not_come_is_not_waited_for_forever() {
        let looks = Cell::new(0);
        let always_one = || {
            looks.set(looks.get() + 1);
            1
        };
        pace(USUAL).gather(always_one);
        assert!(looks.get() > 1, "it did not wait at all");
    }

    #[test]
    fn nobody_is_waited_for_while_nobody_is_there_or_nothing_is_known() {
        pace(Duration::from_hours(1)).gather(|| 0);
        Pace::default().gather(|| 1);
    }

    #[test]
    fn a_group_and_who_waits_beside_it_are_everybody_and_a_long_stop_says_nothing() {
        let mut pace = Pace::default();
        pace.committed(3, Duration::from_secs(2), 2);
        assert_eq!((pace.everybody, pace.time), (5, USUAL));
    }
}
