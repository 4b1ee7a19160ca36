//! Points of curves in lines of a log.

/// A point of a curve: `scalar TAG = VALUE at step STEP`, anywhere in a line.
///
/// On the device `defmt::info!("scalar train/loss = {=f32} at step {=i64}", loss, step)`, in C
/// `printf("scalar train/loss = %.9g at step %ld\n", loss, step)`: nine digits are enough for
/// every bit of a `float`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scalar<'a> {
    /// The curve's name; TensorBoard groups by what stands before the first `/`.
    pub tag: &'a str,
    /// The value.
    pub value: f32,
    /// The training step.
    pub step: i64,
}

impl<'a> Scalar<'a> {
    /// The scalar in a line, if there is one; the last of several.
    pub fn find(line: &'a str) -> Option<Self> {
        const KEYWORD: &str = "scalar ";
        let starts = line.rmatch_indices(KEYWORD).map(|(start, _)| start);
        let is_word = |start: &usize| !line[..*start].ends_with(|c: char| c.is_alphanumeric());
        let mut rests = starts
            .filter(is_word)
            .map(|start| &line[start + KEYWORD.len()..]);
        rests.find_map(Self::parse)
    }

    /// `TAG = VALUE at step STEP`, and whatever a logger adds behind it.
    fn parse(text: &'a str) -> Option<Self> {
        let (text, step) = text.rsplit_once(" at step ")?;
        let (tag, value) = text.rsplit_once(" = ")?;
        let step = step.split_whitespace().next()?.parse().ok()?;
        let value = value.trim().parse().ok()?;
        let tag = tag.trim();
        (!tag.is_empty()).then_some(Self { tag, value, step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_found_wherever_a_logger_puts_it() {
        for line in [
            "scalar train/loss = 0.25 at step 20",
            "INFO  scalar train/loss = 0.25 at step 20",
            "[INFO ] scalar train/loss = 2.5e-1 at step 20 (main.rs:41)",
            "0.5 s: no scalar here, but scalar train/loss = 0.25 at step 20\r",
        ] {
            let scalar = Scalar::find(line);
            let expected = Scalar {
                tag: "train/loss",
                value: 0.25,
                step: 20,
            };
            assert_eq!(scalar, Some(expected), "{line}");
        }
    }

    #[test]
    fn every_bit_of_a_value_survives() {
        for bits in [
            0,
            1,
            0x8000_0000,
            0x0080_0000,
            0x3F80_0001,
            0x7F7F_FFFF,
            0x7F80_0000,
        ] {
            let value = f32::from_bits(bits);
            for text in [format!("{value}"), format!("{value:e}")] {
                let line = format!("scalar x = {text} at step 1");
                let found = Scalar::find(&line).map(|scalar| scalar.value.to_bits());
                assert_eq!(found, Some(bits), "{line}");
            }
        }
        let nan = Scalar::find("scalar x = NaN at step 1").map(|scalar| scalar.value.is_nan());
        assert_eq!(nan, Some(true));
    }

    #[test]
    fn other_lines_are_no_scalars() {
        for line in [
            "",
            "scalar ",
            "scalar = 1 at step 1",
            "scalar a = b at step 1",
            "scalar a = 1 at step x",
            "scalar a = 1 at step ",
            "scalar a = 1",
            "myscalar a = 1 at step 1",
            "a = 1 at step 1",
        ] {
            assert_eq!(Scalar::find(line), None, "{line}");
        }
    }

    #[test]
    fn a_tag_may_hold_what_it_likes() {
        let line = "scalar a scalar b = c at step 1 = 2 at step 3";
        assert_eq!(Scalar::find(line).map(|scalar| scalar.step), Some(3));
    }
}
