//! How large a group is to be and how long it is waited for, by what the last one told.

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

/// From so many writers on, they are worth two groups: one is made durable while the other is
/// committed. Fewer gain less by it than two changes of threads cost.
const TWO_GROUPS: usize = 24;

/// What the last group told.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Whether one group is made durable while the next one is committed.
    in_turn: bool,
    /// How many batches it had, or waited for the next one, or to become durable.
    everybody: usize,
    /// How long it took, up to [`USUAL`].
    time: Duration,
}

impl Pace {
    pub(super) fn new(in_turn: bool) -> Self {
        Self { in_turn, ..Self::default() }
    }

    /// A group was committed in such a time, while so many others waited.
    pub(super) fn committed(&mut self, batches: usize, time: Duration, others: usize) {
        (self.everybody, self.time) = (batches + others, time.min(USUAL));
    }

    /// How many batches the next group is to have at most: half of them if they are worth two, so
    /// that there is something to commit while it is made durable.
    pub(super) fn most(&self) -> usize {
        if self.in_two() { self.everybody.div_ceil(2).min(MAX_GROUP) } else { MAX_GROUP }
    }

    /// Whether they are worth two groups.
    pub(super) fn in_two(&self) -> bool {
        self.in_turn && self.everybody >= TWO_GROUPS
    }

    /// Waits until everybody is there whom the group may have, as long as they keep coming: who was
    /// just answered is about to ask again, and whoever is not in a group waits for all of it. Does
    /// not wait for anybody while nobody is there.
    pub(super) fn gather(&self, waiting: impl Fn() -> usize) {
        let everybody = self.everybody.min(self.most());
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
        Pace { in_turn: false, everybody: 5, time }
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

    #[test]
    fn many_are_two_groups_if_one_is_made_durable_beside_the_other() {
        for (in_turn, everybody, most) in
            [(true, 23, MAX_GROUP), (true, 24, 12), (true, 65, 33), (false, 65, MAX_GROUP)]
        {
            assert_eq!(Pace { in_turn, everybody, time: USUAL }.most(), most);
        }
    }
}
