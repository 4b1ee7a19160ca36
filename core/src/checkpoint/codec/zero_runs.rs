//! Zero runs: `zeros literals element… zeros literals element… …`, two varints before each run of
//! elements that are stored as they are. The payload ends with the tensor's last element.

use super::with_elements;
use crate::checkpoint::format::varint;
use crate::tensor::View;

/// Zeros, and the elements behind them that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) zeros: u32,
    pub(super) literals: u32,
}

impl Run {
    /// The run at element `start` of `view`.
    #[inline(never)]
    pub(super) fn at(view: &View<'_>, start: usize) -> Self {
        with_elements!(view, elements => run(elements.get(start..).unwrap_or_default()))
    }

    /// Elements that the run stands for.
    pub(super) const fn len(self) -> usize {
        self.zeros as usize + self.literals as usize
    }

    /// The two varints; a run that ends the tensor with zeros has only the first.
    pub(super) fn token(self) -> [([u8; 5], usize); 2] {
        let literals = match self.literals {
            0 => ([0; 5], 0),
            literals => varint(literals),
        };
        [varint(self.zeros), literals]
    }
}

fn run<const SIZE: usize>(elements: &[[u8; SIZE]]) -> Run {
    let zeros = elements.iter().take_while(|element| **element == [0; SIZE]);
    let zeros = zeros.count();
    let rest = elements.get(zeros..).unwrap_or_default();
    // A run of zeros shorter than this costs less as elements than as two varints.
    let shortest = const { 2 / SIZE + 1 };
    let (mut literals, mut gap) = (0, 0);
    for element in rest {
        if *element == [0; SIZE] {
            gap += 1;
            if gap == shortest {
                break;
            }
        } else {
            literals += gap + 1;
            gap = 0;
        }
    }
    Run {
        zeros: zeros as u32,
        literals: literals as u32,
    }
}

/// Bytes of the payload.
pub(super) fn stored_len(view: &View<'_>) -> usize {
    let (mut at, mut total) = (0, 0);
    while at < view.len() {
        let run = Run::at(view, at);
        let [(_, zeros), (_, literals)] = run.token();
        total += zeros + literals + run.literals as usize * view.dtype().size();
        at += run.len();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(view: View<'_>) -> std::vec::Vec<(u32, u32)> {
        let (mut at, mut runs) = (0, std::vec::Vec::new());
        while at < view.len() {
            let run = Run::at(&view, at);
            assert!(run.len() > 0, "each run stands for an element");
            runs.push((run.zeros, run.literals));
            at += run.len();
        }
        runs
    }

    #[test]
    fn zeros_are_counted_and_others_kept() {
        assert_eq!(runs(View::F32(&[])), []);
        assert_eq!(runs(View::F32(&[0.0; 5])), [(5, 0)]);
        assert_eq!(runs(View::F32(&[1.0, 0.0, 2.0])), [(0, 1), (1, 1)]);
        assert_eq!(runs(View::F32(&[0.0, 1.0, 2.0, 0.0])), [(1, 2), (1, 0)]);
        assert_eq!(
            runs(View::F32(&[-0.0])),
            [(0, 1)],
            "minus zero keeps its sign"
        );
    }

    #[test]
    fn single_zero_bytes_are_cheaper_as_they_are() {
        assert_eq!(runs(View::U8(&[1, 0, 0, 2])), [(0, 4)]);
        assert_eq!(runs(View::U8(&[1, 0, 0, 0, 2])), [(0, 1), (3, 1)]);
        assert_eq!(runs(View::Bf16(&[1, 0, 2, 0, 0, 3])), [(0, 3), (2, 1)]);
        assert_eq!(
            runs(View::U8(&[1, 0])),
            [(0, 1), (1, 0)],
            "unless they are the last"
        );
    }
}
