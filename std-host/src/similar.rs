//! Names that nearly match, for 'did you mean'.

/// Names longer than this are not compared: the cost grows with the product of the lengths.
const LONGEST: usize = 256;

/// The candidate most like `wanted`, if one is near: it differs in at most a third of its bytes,
/// or one of the two ends with the other as a path (`kernel` and `head/kernel`).
pub(crate) fn most_similar<'a>(
    wanted: &[u8],
    candidates: impl Iterator<Item = &'a [u8]>,
) -> Option<&'a [u8]> {
    if wanted.is_empty() || wanted.len() > LONGEST {
        return None;
    }
    candidates
        .filter(|candidate| !candidate.is_empty() && candidate.len() <= LONGEST)
        .filter_map(|candidate| {
            let distance = match ends_path(candidate, wanted) || ends_path(wanted, candidate) {
                true => 1,
                false => distance(wanted, candidate),
            };
            (distance * 3 <= wanted.len().max(3)).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn ends_path(long: &[u8], short: &[u8]) -> bool {
    long.strip_suffix(short)
        .is_some_and(|rest| rest.ends_with(b"/"))
}

/// Levenshtein's distance: insertions, deletions and substitutions between two names.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let substituted = diagonal + usize::from(x != y);
            diagonal = *above;
            left = substituted.min(left + 1).min(diagonal + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names: [&[u8]; 3] = [b"head/kernel", b"head/bias", b"global_step"];
        let find = |wanted: &str| most_similar(wanted.as_bytes(), names.into_iter());
        assert_eq!(find("head/kernal"), Some(&b"head/kernel"[..]));
        assert_eq!(find("globalstep"), Some(&b"global_step"[..]));
        assert_eq!(find("bias"), Some(&b"head/bias"[..]), "the end of a path");
        assert_eq!(find("conv1/weights"), None);
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
    }
}
