//! Boxes of elements: where they meet, and how one is copied into another.

/// A box within a tensor: start and length in each dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    bounds: Vec<(u64, u64)>,
}

/// Elements that lie in a row in two boxes: where they start in each, and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) len: usize,
}

impl Region {
    pub(crate) fn new(bounds: Vec<(u64, u64)>) -> Region {
        Region { bounds }
    }

    /// All of a tensor.
    pub(crate) fn whole(shape: &[u64]) -> Region {
        Region {
            bounds: shape.iter().map(|&size| (0, size)).collect(),
        }
    }

    /// Its lengths: the shape of the tensor that holds it alone.
    pub(crate) fn shape(&self) -> Vec<u64> {
        self.bounds.iter().map(|&(_, length)| length).collect()
    }

    /// Number of elements; it lies within a tensor whose elements can be counted.
    pub(crate) fn volume(&self) -> u64 {
        self.bounds
            .iter()
            .fold(1, |volume, &(_, length)| volume.saturating_mul(length))
    }

    /// What two boxes of one tensor have in common, if anything.
    pub(crate) fn meet(&self, other: &Region) -> Option<Region> {
        let meet = |(&(a, a_len), &(b, b_len)): (&(u64, u64), &(u64, u64))| {
            let start = a.max(b);
            let length = (a + a_len).min(b + b_len).checked_sub(start)?;
            (length > 0).then_some((start, length))
        };
        let bounds: Option<Vec<_>> = self.bounds.iter().zip(&other.bounds).map(meet).collect();
        Some(Region { bounds: bounds? })
    }

    /// Calls `each` with the runs that copy `self`, which lies within both, from the box `source`
    /// to the box `target`, both stored in C order.
    pub(crate) fn runs(&self, source: &Region, target: &Region, mut each: impl FnMut(Run)) {
        if self.volume() == 0 {
            return;
        }
        let from = Layout::of(self, source);
        let to = Layout::of(self, target);
        // Inner dimensions that are whole in both boxes make longer runs.
        let mut outer = self.bounds.len();
        let mut len = 1;
        while outer > 0 {
            outer -= 1;
            len *= self.bounds[outer].1 as usize;
            let whole = |region: &Region| region.bounds[outer].1 == self.bounds[outer].1;
            if !(whole(source) && whole(target)) {
                break;
            }
        }
        let mut index = vec![0; outer];
        loop {
            let offset = |layout: &Layout| {
                layout.start
                    + index
                        .iter()
                        .zip(&layout.strides)
                        .map(|(i, s)| i * s)
                        .sum::<usize>()
            };
            each(Run {
                from: offset(&from),
                to: offset(&to),
                len,
            });
            let mut dim = outer;
            loop {
                if dim == 0 {
                    return;
                }
                dim -= 1;
                index[dim] += 1;
                if index[dim] < self.bounds[dim].1 as usize {
                    break;
                }
                index[dim] = 0;
            }
        }
    }
}

/// The first two of these boxes that overlap, by their places in the list.
pub(crate) fn overlap(regions: &[Region]) -> Option<(usize, usize)> {
    let rank = regions.first()?.bounds.len();
    let starts = |dim: usize| {
        let mut starts: Vec<u64> = regions.iter().map(|region| region.bounds[dim].0).collect();
        starts.sort_unstable();
        starts.dedup();
        starts.len()
    };
    // Along the dimension that separates them best, only neighbours can overlap.
    let Some(dim) = (0..rank).max_by_key(|&dim| starts(dim)) else {
        return (regions.len() > 1).then_some((0, 1));
    };
    let mut order: Vec<usize> = (0..regions.len()).collect();
    order.sort_by_key(|&place| regions[place].bounds[dim]);
    for (position, &a) in order.iter().enumerate() {
        let (start, length) = regions[a].bounds[dim];
        for &b in &order[position + 1..] {
            if regions[b].bounds[dim].0 >= start + length {
                break;
            }
            if regions[a].meet(&regions[b]).is_some() {
                return Some((a.min(b), a.max(b)));
            }
        }
    }
    None
}

/// Where a box starts within another that is stored in C order, and the other's strides.
struct Layout {
    start: usize,
    strides: Vec<usize>,
}

impl Layout {
    fn of(inner: &Region, outer: &Region) -> Layout {
        let mut strides = vec![0; outer.bounds.len()];
        let mut stride = 1;
        let mut start = 0;
        for (dim, place) in strides.iter_mut().enumerate().rev() {
            *place = stride;
            start += (inner.bounds[dim].0 - outer.bounds[dim].0) as usize * stride;
            stride *= outer.bounds[dim].1 as usize;
        }
        Layout { start, strides }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(bounds: &[(u64, u64)]) -> Region {
        Region::new(bounds.to_vec())
    }

    #[test]
    fn a_box_is_copied_in_the_longest_runs() {
        let whole = Region::whole(&[4, 6]);
        let rows = region(&[(1, 2), (0, 6)]);
        let mut runs = Vec::new();
        rows.runs(&rows, &whole, |run| runs.push(run));
        assert_eq!(
            runs,
            [Run {
                from: 0,
                to: 6,
                len: 12
            }],
            "whole rows are one run"
        );

        let columns = region(&[(0, 4), (2, 3)]);
        runs.clear();
        columns.runs(&columns, &whole, |run| runs.push(run));
        let expected = [0, 1, 2, 3].map(|row| Run {
            from: row * 3,
            to: row * 6 + 2,
            len: 3,
        });
        assert_eq!(runs, expected);

        let scalar = Region::whole(&[]);
        runs.clear();
        scalar.runs(&scalar, &scalar, |run| runs.push(run));
        assert_eq!(
            runs,
            [Run {
                from: 0,
                to: 0,
                len: 1
            }]
        );
    }

    #[test]
    fn overlaps_are_found_wherever_they_are() {
        let grid: Vec<Region> = (0..3)
            .flat_map(|row| (0..3).map(move |column| region(&[(row * 2, 2), (column * 3, 3)])))
            .collect();
        assert_eq!(overlap(&grid), None, "a grid does not overlap");
        for extra in 0..9 {
            let mut boxes = grid.clone();
            boxes.push(grid[extra].clone());
            assert_eq!(overlap(&boxes), Some((extra, 9)));
        }
    }
}
