//! micromath's functions, where its feature is asked for; nothing here is TensorFlow's number.
//!
//! | function | error at most | without the feature |
//! |---|---|---|
//! | exp x, −87 ≤ x ≤ 0 | 2.4e-3, relative | 1.2e-7 |
//! | bⁿ | 2.4e-3 and 1.2e-7·(1 + abs(n·ln b)), relative | 1e-7 |
//! | cos x, 0 ≤ x ≤ 100π | 1.2e-3, absolute | 1e-7 |
//!
//! Instructions of a call, by `cargo xtask bench device --board mps2-an386` (M4F) and `microbit` (M0):
//!
//! | function | M4F | without the feature | M0 | without the feature |
//! |---|---|---|---|---|
//! | exp | 141 | 31 (libm: 51) | 2,793 | 2,279 (libm: 2,301) |
//! | pow | 187 | 240 | 5,393 | 10,499 |
//! | cos | 26 | 1,276 | 1,446 | 3,584 |
//!
//! So the powers and cosines of schedules gain; the softmax's exponential does not, on either board.
//!
//! micromath's `ln` is wrong by up to 0.118 beside 1.5·2ᵏ, and its `powf`, built on that, by 11 %
//! at exponent 1 and tenfold at exponent 20: powers take libm's logarithm. Its square root of 2 is
//! 1.5: not used either.

use micromath::F32Ext;

/// Above, [`F32Ext::exp`] makes a NaN of what overflows.
const MAX: f32 = 88.7;

/// Below, results are denormal.
const MIN: f32 = -87.0;

/// eˣ for x ≤ 0; 0 below e⁻⁸⁷.
#[inline]
pub(crate) fn exp_of_non_positive(x: f32) -> f32 {
    if x < MIN {
        return 0.0;
    }
    if x.is_nan() {
        return x;
    }
    F32Ext::exp(x)
}

/// `base` to the power of `exponent`, for a base of at least 0; NaN below.
pub(crate) fn pow(base: f32, exponent: f32) -> f32 {
    if exponent == 0.0 {
        return 1.0;
    }
    let x = exponent * libm::logf(base);
    if x > MAX {
        return f32::INFINITY;
    }
    exp_of_non_positive(x)
}

/// The cosine of `x` radians.
pub(crate) fn cos(x: f32) -> f32 {
    F32Ext::cos(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that the worst of `errors` is at most `bound`, and not far below it.
    fn assert_bound(bound: f64, errors: impl Iterator<Item = f64>) {
        let worst = errors.fold(0.0, f64::max);
        assert!(worst <= bound, "{worst} where {bound} is documented");
        assert!(worst > 0.8 * bound, "{worst} is far better than {bound}");
    }

    fn relative(found: f32, exact: f64) -> f64 {
        ((f64::from(found) - exact) / exact).abs()
    }

    #[test]
    fn an_exponential_is_within_its_bound() {
        let exponents = (0..=87f32.to_bits()).step_by(997);
        let error = |x: f32| relative(exp_of_non_positive(x), f64::from(x).exp());
        assert_bound(2.4e-3, exponents.map(|bits| error(-f32::from_bits(bits))));
    }

    #[test]
    fn a_power_is_within_its_bound() {
        let bases = (1..=2000).map(|thousandths| thousandths as f32 / 1000.0);
        let exponents = (0..=500).map(|tenths| tenths as f32 / 10.0);
        let pairs = bases.flat_map(|base| exponents.clone().map(move |exponent| (base, exponent)));
        let errors = pairs.filter_map(|(base, exponent)| {
            let x = f64::from(exponent) * f64::from(base).ln();
            let allowed = 1.2e-7 * (1.0 + x.abs());
            (-87.0..=88.0)
                .contains(&x)
                .then(|| relative(pow(base, exponent), x.exp()) - allowed)
        });
        assert_bound(2.4e-3, errors);
    }

    #[test]
    fn a_cosine_is_within_its_bound_and_never_outside_of_a_cosines_range() {
        let turns = (0..=1_000_000).map(|part| part as f32 * 1e-4 * core::f32::consts::PI);
        let error = |x: f32| {
            let found = cos(x);
            assert!((-1.0..=1.0).contains(&found), "cos({x}) is {found}");
            (f64::from(found) - f64::from(x).cos()).abs()
        };
        assert_bound(1.2e-3, turns.map(error));
    }

    #[test]
    fn limits_are_those_of_the_functions() {
        assert_eq!(exp_of_non_positive(0.0), 1.0);
        assert_eq!(exp_of_non_positive(f32::NEG_INFINITY), 0.0);
        assert!(exp_of_non_positive(f32::NAN).is_nan());
        assert_eq!(
            [pow(0.0, 0.5), pow(0.0, 0.0), pow(1.0, 9.0)],
            [0.0, 1.0, 1.0]
        );
        assert_eq!([pow(2.0, 128.0), pow(2.0, 1e9)], [f32::INFINITY; 2]);
        assert_eq!(pow(0.5, 1e9), 0.0);
        for [base, exponent] in [[f32::NAN, 2.0], [0.5, f32::NAN], [-1.0, 0.5]] {
            assert!(pow(base, exponent).is_nan(), "{base} to the {exponent}");
        }
        assert_eq!([cos(0.0), cos(core::f32::consts::PI)], [1.0, -1.0]);
    }
}
