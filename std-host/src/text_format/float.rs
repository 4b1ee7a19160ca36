//! Floating-point numbers as Python prints them: the shortest digits that read back the same.

/// A double as Python's `repr` prints it: `1600054312.0`, `1e+16`, `1e-05`, `inf`, `nan`.
pub fn shortest_f64(value: f64) -> String {
    if value.is_finite() {
        layout(&format!("{value:e}"))
    } else {
        special(value)
    }
}

/// A single as `google.protobuf` prints it: the shortest digits that read back as the same single.
pub fn shortest_f32(value: f32) -> String {
    if value.is_finite() {
        layout(&format!("{value:e}"))
    } else {
        special(f64::from(value))
    }
}

fn special(value: f64) -> String {
    let text = if value.is_nan() {
        "nan"
    } else if value > 0.0 {
        "inf"
    } else {
        "-inf"
    };
    text.to_owned()
}

/// Arranges Rust's shortest `d.ddde±x` as Python does: plain from 1e-4 up to 1e16, else with an
/// exponent of at least two digits.
fn layout(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, magnitude) = match mantissa.strip_prefix('-') {
        Some(magnitude) => ("-", magnitude),
        None => ("", mantissa),
    };
    let digits: String = magnitude.chars().filter(|&c| c != '.').collect();
    if !(-4..16).contains(&exponent) {
        let sign_of_exponent = if exponent < 0 { '-' } else { '+' };
        return format!(
            "{sign}{magnitude}e{sign_of_exponent}{:02}",
            exponent.unsigned_abs()
        );
    }
    let Ok(whole_digits) = usize::try_from(exponent + 1) else {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    };
    if whole_digits == 0 {
        return format!("{sign}0.{digits}");
    }
    match digits.split_at_checked(whole_digits) {
        Some((whole, "")) => format!("{sign}{whole}.0"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!(
            "{sign}{digits}{}.0",
            "0".repeat(whole_digits - digits.len())
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_python_prints_them() {
        let cases = [
            (1_600_054_312.0, "1600054312.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5, "1.5"),
            (1e-5, "1e-05"),
            (1e-4, "0.0001"),
            (0.1, "0.1"),
            (-0.25, "-0.25"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (value, text) in cases {
            assert_eq!(shortest_f64(value), text);
        }
        assert_eq!(shortest_f32(0.1), "0.1");
        assert_eq!(shortest_f32(10_000.0), "10000.0");
    }
}
