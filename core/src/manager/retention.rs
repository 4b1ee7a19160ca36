//! Which checkpoints live on. Decided from their headers alone, so that it comes out the same
//! after every restart.

use super::options::{Keep, Options};
use super::slot::{Header, KeptAt};

/// What a checkpoint's header says of those kept so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// How many of the newest can live on: what was given up once does not come back.
    pub(super) window: u32,
    /// The same of those kept for ever.
    pub(super) max_kept: u32,
    pub(super) save_counter: u32,
    pub(super) kept: bool,
    pub(super) kept_count: u32,
    pub(super) kept_at: KeptAt,
}

impl Standing {
    pub(super) fn of(header: &Header) -> Self {
        Self {
            window: match header.window {
                u16::MAX => u32::MAX,
                window => window.into(),
            },
            max_kept: match header.kept_window {
                u8::MAX => u32::MAX,
                window => window.into(),
            },
            save_counter: header.save_counter,
            kept: header.kept,
            kept_count: header.kept_count,
            kept_at: header.kept_at,
        }
    }

    /// That of the checkpoint that follows `newest`.
    pub(super) fn after(
        newest: Option<Self>,
        options: &Options,
        step: i64,
        time: Option<i64>,
    ) -> Self {
        let last = newest.map(|newest| newest.kept_at);
        let (due, kept_at) = match (options.keep, last, time) {
            (Keep::Never, last, _) => (false, last.unwrap_or(KeptAt::Step(0))),
            (Keep::EverySteps(steps), last, _) => {
                let since = match last {
                    Some(KeptAt::Step(since)) => since,
                    _ => 0,
                };
                let due = step.saturating_sub(steps.into()) >= since;
                (due, KeptAt::Step(if due { step } else { since }))
            }
            (Keep::EveryHours(hours), Some(KeptAt::Time(since)), Some(time)) => {
                let due = time.saturating_sub(3600 * i64::from(hours)) >= since;
                (due, KeptAt::Time(if due { time } else { since }))
            }
            // TensorFlow's manager starts as though it had kept one a second ago.
            (Keep::EveryHours(_), _, Some(time)) => (false, KeptAt::Time(time.saturating_sub(1))),
            (Keep::EveryHours(_), last, None) => (false, last.unwrap_or(KeptAt::Step(0))),
        };
        let kept_count = newest.map_or(0, |newest| newest.kept_count);
        Self {
            window: newest.map_or(u32::MAX, |newest| newest.window.saturating_add(1)),
            max_kept: newest.map_or(u32::MAX, |newest| {
                newest.max_kept.saturating_add(due.into())
            }),
            save_counter: newest.map_or(1, |newest| newest.save_counter.saturating_add(1)),
            kept: due,
            kept_count: kept_count.saturating_add(due.into()),
            kept_at,
        }
    }
}

/// Which checkpoints live on beside the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retention {
    /// How many of the newest, at least 1.
    pub(super) window: u32,
    /// How many of those kept for ever.
    pub(super) max_kept: u32,
    /// Counters of the newest checkpoint.
    pub(super) save_counter: u32,
    pub(super) kept_count: u32,
}

impl Retention {
    pub(super) fn new(options: &Options, newest: Standing) -> Self {
        Self {
            window: options.max_to_keep.max(1).min(newest.window),
            max_kept: options.kept_bound().min(newest.max_kept),
            save_counter: newest.save_counter,
            kept_count: newest.kept_count,
        }
    }

    /// What lives on beside the newest checkpoint, by what it says and the options.
    pub(super) fn of(newest: &Header, options: &Options) -> Self {
        Self::new(options, Standing::of(newest))
    }

    /// What the newest checkpoint itself says, whatever the options of the next save.
    pub(super) fn recorded(newest: &Header) -> Self {
        let standing = Standing::of(newest);
        Self {
            window: standing.window,
            max_kept: standing.max_kept,
            save_counter: standing.save_counter,
            kept_count: standing.kept_count,
        }
    }

    pub(super) fn retains(&self, header: &Header) -> bool {
        self.is_recent(header) || self.is_kept(header)
    }

    /// Whether it is one of the newest.
    pub(super) fn is_recent(&self, header: &Header) -> bool {
        !header.empty && within(header.save_counter, self.window, self.save_counter)
    }

    /// Whether it is one of those kept for ever.
    pub(super) fn is_kept(&self, header: &Header) -> bool {
        header.kept && within(header.kept_count, self.max_kept, self.kept_count)
    }
}

/// Whether `number` is one of the `window` that end with `newest`.
fn within(number: u32, window: u32, newest: u32) -> bool {
    u64::from(number) + u64::from(window) > u64::from(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn kept_steps(options: &Options, saves: impl Iterator<Item = (i64, Option<i64>)>) -> Vec<i64> {
        let mut newest = None;
        let mut kept = Vec::new();
        for (step, time) in saves {
            let next = Standing::after(newest, options, step, time);
            if next.kept {
                kept.push(step);
            }
            newest = Some(next);
        }
        kept
    }

    #[test]
    fn one_of_every_n_steps_is_kept() {
        let options = Options {
            keep: Keep::EverySteps(1000),
            ..Options::DEFAULT
        };
        let saves = (1..=40).map(|save| (100 * save, None));
        assert_eq!(kept_steps(&options, saves), [1000, 2000, 3000, 4000]);
        let uneven = (1..=10).map(|save| (400 * save, None));
        assert_eq!(kept_steps(&options, uneven), [1200, 2400, 3600]);
    }

    #[test]
    fn one_of_every_n_hours_is_kept_as_tensorflow_does() {
        let options = Options {
            keep: Keep::EveryHours(2),
            ..Options::DEFAULT
        };
        // Half an hour apart: the first interval starts a second before the first save.
        let saves = (0..10).map(|save| (save, Some(1_000_000 + 1800 * save)));
        assert_eq!(kept_steps(&options, saves), [4, 8]);
        let no_clock = (0..10).map(|save| (save, None));
        assert_eq!(kept_steps(&options, no_clock), []);
    }

    #[test]
    fn the_newest_few_and_the_newest_kept_live_on() {
        let header = |save_counter, kept, kept_count| Header {
            window: 3,
            kept_window: 2,
            save_counter,
            length: 0,
            kept,
            copy: false,
            settled: true,
            empty: false,
            tail: 0,
            kept_count,
            kept_at: KeptAt::Step(0),
        };
        let retention = Retention {
            window: 3,
            max_kept: 2,
            save_counter: 20,
            kept_count: 4,
        };
        for (header, retained) in [
            (header(20, false, 4), true),
            (header(18, false, 4), true),
            (header(17, false, 4), false),
            (header(15, true, 4), true),
            (header(10, true, 3), true),
            (header(5, true, 2), false),
            (header(6, false, 4), false),
        ] {
            assert_eq!(retention.retains(&header), retained, "{header:?}");
        }
    }
}
