//! Histograms, as TensorFlow 1 and 2 divide values into buckets.

use std::sync::OnceLock;

use crate::proto::event::HistogramProto;

/// A histogram over TensorFlow 1's default buckets: limits grow by a tenth from 1e-12 to 1e20 on
/// both sides of zero; runs of empty buckets are joined (`tf.compat.v1.summary.histogram`).
pub fn default_histogram(values: &[f64]) -> HistogramProto {
    let limits = default_limits();
    let mut counts = vec![0.0; limits.len()];
    let mut histogram = HistogramProto {
        min: f64::MAX,
        max: f64::MIN,
        ..HistogramProto::default()
    };
    for &value in values {
        let bucket = limits.partition_point(|&limit| limit <= value);
        if let Some(count) = counts.get_mut(bucket.min(limits.len() - 1)) {
            *count += 1.0;
        }
        histogram.min = histogram.min.min(value);
        histogram.max = histogram.max.max(value);
        histogram.num += 1.0;
        histogram.sum += value;
        histogram.sum_squares += value * value;
    }
    let mut buckets = limits.iter().copied().zip(counts).peekable();
    while let Some((mut limit, count)) = buckets.next() {
        while let Some((further, _)) = buckets.next_if(|(_, next)| count <= 0.0 && *next <= 0.0) {
            limit = further;
        }
        histogram.bucket_limit.push(limit);
        histogram.bucket.push(count);
    }
    histogram
}

fn default_limits() -> &'static [f64] {
    static LIMITS: OnceLock<Vec<f64>> = OnceLock::new();
    LIMITS.get_or_init(|| {
        let growing = std::iter::successors(Some(1.0e-12), |limit| Some(limit * 1.1));
        let mut positive: Vec<f64> = growing.take_while(|&limit| limit < 1.0e20).collect();
        positive.push(f64::MAX);
        let negative = positive.iter().rev().map(|limit| -limit);
        negative
            .chain([0.0])
            .chain(positive.iter().copied())
            .collect()
    })
}

/// Rows of left edge, right edge and count over `count` buckets of one width, as TensorFlow 2 logs
/// them (`tf.summary.histogram`): all zero if there are no values, and all values in the last row
/// if they are equal.
pub fn buckets(values: &[f64], count: usize) -> Vec<[f64; 3]> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = greatest - least;
    if values.is_empty() || count == 0 {
        return vec![[0.0; 3]; count];
    }
    if range == 0.0 {
        let mut rows = vec![[greatest, greatest, 0.0]; count];
        if let Some([_, _, last]) = rows.last_mut() {
            *last = values.len() as f64;
        }
        return rows;
    }
    let width = range / count as f64;
    let edge = |i: usize| match i {
        0 => least,
        i if i == count => greatest,
        i => least + width * i as f64,
    };
    let mut rows: Vec<[f64; 3]> = (0..count).map(|i| [edge(i), edge(i + 1), 0.0]).collect();
    for value in values {
        // The cast saturates, which puts what is out of range into the last row.
        let row = (((value - least) / width).floor() as usize).min(count - 1);
        if let Some([_, _, of_row]) = rows.get_mut(row) {
            *of_row += 1.0;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_buckets_are_tensorflows() {
        // Values as logged by tf.compat.v1.summary.histogram.
        let histogram = default_histogram(&[1.0, 2.0, 2.5, -1.0, 0.0]);
        assert_eq!(
            histogram.bucket,
            [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
        );
        let limits = [
            -1.008_971_027_943_753_6,
            -0.917_246_389_039_776,
            0.0,
            1e-12,
            0.917_246_389_039_776,
            1.008_971_027_943_753_6,
            1.966_199_095_558_571_3,
            2.162_819_005_114_428_7,
            2.379_100_905_625_872,
            2.617_010_996_188_459_3,
            f64::MAX,
        ];
        assert_eq!(histogram.bucket_limit, limits);
        assert_eq!((histogram.min, histogram.max), (-1.0, 2.5));
        assert_eq!(
            (histogram.num, histogram.sum, histogram.sum_squares),
            (5.0, 4.5, 12.25)
        );
    }

    #[test]
    fn even_buckets_are_tensorboards() {
        let rows = buckets(&[1.0, 2.0, 3.0, 4.0, 4.0], 3);
        assert_eq!(rows, [[1.0, 2.0, 1.0], [2.0, 3.0, 1.0], [3.0, 4.0, 3.0]]);
        assert_eq!(buckets(&[2.0, 2.0], 2), [[2.0, 2.0, 0.0], [2.0, 2.0, 2.0]]);
        assert_eq!(buckets(&[], 2), [[0.0; 3]; 2]);
        assert!(buckets(&[1.0], 0).is_empty());
        assert_eq!(
            buckets(&[1.0, 4.0], 30)[7][0],
            1.700_000_000_000_000_2,
            "edges are not sums"
        );
    }
}
