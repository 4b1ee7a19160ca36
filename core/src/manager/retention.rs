//! Which checkpoints live on. Decided from their headers alone, so that it comes out the same
//! after every restart.

use super::options::{Keep, Options};
use super::slot::{Header, KeptAt};
use crate::checkpoint::Info;

impl Header {
    /// That of the checkpoint that follows `newest`, if as much lives on as still can: what was given
    /// up once does not come back.
    pub(super) fn after(
        newest: Option<&Self>,
        options: &Options,
        info: &Info,
        length: u32,
    ) -> Self {
        let newest = newest.unwrap_or(&Self::NONE);
        let mut next = newest.next(length);
        let (kept, kept_at) = match (options.keep, newest.kept_at(), info.time) {
            (Keep::EverySteps(steps), last, _) => {
                let since = match last {
                    KeptAt::Step(since) => since,
                    KeptAt::Time(_) => 0,
                };
                let step = info.global_step.unwrap_or(0);
                let due = step.saturating_sub(steps.into()) >= since;
                (due, KeptAt::Step(if due { step } else { since }))
            }
            (Keep::EveryHours(hours), KeptAt::Time(since), Some(time)) => {
                let due = time.saturating_sub(3600 * i64::from(hours)) >= since;
                (due, KeptAt::Time(if due { time } else { since }))
            }
            // TensorFlow's manager starts as though it had kept one a second ago.
            (Keep::EveryHours(_), KeptAt::Step(_), Some(time)) => {
                (false, KeptAt::Time(time.saturating_sub(1)))
            }
            (Keep::EveryHours(_), last, None) | (Keep::Never, last, _) => (false, last),
        };
        next.set_kept_at(kept_at);
        if kept {
            next.keep();
        }
        let (window, kept_window) = (newest.window(), newest.kept_window());
        next.set_windows(
            window.saturating_add(1),
            kept_window.saturating_add(kept.into()),
        );
        next
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
    /// What lives on beside the newest checkpoint, by what it says and by the options.
    pub(super) fn of(newest: &Header, options: &Options) -> Self {
        let recorded = Self::recorded(newest);
        Self {
            window: options.max_to_keep.max(1).min(recorded.window),
            max_kept: options.kept_bound().min(recorded.max_kept),
            ..recorded
        }
    }

    /// What the newest checkpoint itself says, whatever the options of the next save.
    pub(super) fn recorded(newest: &Header) -> Self {
        Self {
            window: match newest.window() {
                u16::MAX => u32::MAX,
                window => window.into(),
            },
            max_kept: match newest.kept_window() {
                u8::MAX => u32::MAX,
                window => window.into(),
            },
            save_counter: newest.save_counter(),
            kept_count: newest.kept_count(),
        }
    }

    /// Says so in the newest checkpoint's header.
    pub(super) fn record_in(&self, newest: &mut Header) {
        let window = u16::try_from(self.window).unwrap_or(u16::MAX);
        let kept_window = u8::try_from(self.max_kept).unwrap_or(u8::MAX);
        newest.set_windows(window, kept_window);
    }

    pub(super) fn retains(&self, header: &Header) -> bool {
        self.is_recent(header) || self.is_kept(header)
    }

    /// Whether it is one of the newest.
    pub(super) fn is_recent(&self, header: &Header) -> bool {
        !header.is_empty() && within(header.save_counter(), self.window, self.save_counter)
    }

    /// Whether it is one of those kept for ever.
    pub(super) fn is_kept(&self, header: &Header) -> bool {
        header.is_kept() && within(header.kept_count(), self.max_kept, self.kept_count)
    }
}

/// Whether `number` is one of the `window` that end with `newest`.
fn within(number: u32, window: u32, newest: u32) -> bool {
    let given_up = newest.checked_sub(window);
    given_up.is_none_or(|last| number > last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn kept_steps(options: &Options, saves: impl Iterator<Item = (i64, Option<i64>)>) -> Vec<i64> {
        let mut newest = None;
        let mut kept = Vec::new();
        for (step, time) in saves {
            let info = Info {
                global_step: Some(step),
                time,
                model_id: None,
            };
            let next = Header::after(newest.as_ref(), options, &info, 0);
            if next.is_kept() {
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
        let header = |save_counter, kept, kept_count| {
            let mut header = Header::NONE;
            for number in 1..=save_counter {
                header = header.next(0);
                let last = number == save_counter;
                let earlier = header.kept_count() + u32::from(kept) < kept_count;
                if if last { kept } else { earlier } {
                    header.keep();
                }
            }
            assert_eq!(header.kept_count(), kept_count);
            header
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
