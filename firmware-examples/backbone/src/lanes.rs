//! The inner loop of convolution and dense layers.

/// Output channels that are computed together: each input element is loaded once for all of them.
///
/// Weights are stored in groups of as many channels, interleaved: the weights of one tap for the
/// `LANES` channels of the group lie side by side. A last group that is not full is filled up with
/// zeros, whose results are dropped. Four accumulators still fit in a Cortex-M's registers.
pub const LANES: usize = 4;

/// `sums + Σ inputs · weights`, lane by lane, as far as both reach.
///
/// The sums wrap, as 32-bit integers do; with zero points folded into the bias, partial sums may
/// leave the range that the whole sum keeps.
#[inline(always)]
pub(crate) fn accumulate<'x>(
    sums: [i32; LANES],
    inputs: impl Iterator<Item = &'x i8>,
    weights: &[[i8; LANES]],
) -> [i32; LANES] {
    let [mut a, mut b, mut c, mut d] = sums;
    for (&x, &[wa, wb, wc, wd]) in inputs.zip(weights) {
        let x = i32::from(x);
        a = a.wrapping_add(x * i32::from(wa));
        b = b.wrapping_add(x * i32::from(wb));
        c = c.wrapping_add(x * i32::from(wc));
        d = d.wrapping_add(x * i32::from(wd));
    }
    [a, b, c, d]
}
