//! Text to an encoded message.

use super::schema::{EnumType, Field, Kind, Label, Message};
use super::token::{Token, Tokens};
use super::{MAX_DEPTH, TextError, wire};

/// Encodes the message that `text` describes (`google.protobuf.text_format.Merge`).
///
/// # Errors
/// The first place where the text departs from the form, with line and column; a field that
/// `message` does not have is an error, as in TensorFlow.
///
/// ```
/// use gradlet_host::text_format::{Field, Kind, Message, parse};
///
/// static POINT: Message =
///     Message { name: "Point", fields: &[Field::single(1, "x", Kind::Int32)] };
/// assert_eq!(parse(&POINT, "x: 5  # a comment")?, [0x08, 5]);
/// # Ok::<(), gradlet_host::text_format::TextError>(())
/// ```
pub fn parse(message: &'static Message, text: &str) -> Result<Vec<u8>, TextError> {
    let mut tokens = Tokens::new(text)?;
    let mut out = Vec::new();
    fields(message, &mut tokens, Token::End, 0, &mut out)?;
    Ok(out)
}

/// Reads fields up to the token `end`, which stays.
fn fields(
    message: &'static Message,
    tokens: &mut Tokens<'_>,
    end: Token<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), TextError> {
    if depth > MAX_DEPTH {
        return Err(TextError::TooDeep {
            at: tokens.position(),
        });
    }
    while tokens.peek() != end {
        let Token::Word(name) = tokens.peek() else {
            return Err(tokens.unexpected("a field name"));
        };
        let field = message
            .field_named(name)
            .ok_or_else(|| TextError::UnknownField {
                at: tokens.position(),
                message: message.name,
                name: name.to_owned(),
            })?;
        tokens.take()?;
        let colon = tokens.take_mark(':')?;
        if !colon && !matches!(field.kind, Kind::Message(_)) {
            return Err(tokens.unexpected("`:`"));
        }
        if field.label != Label::Single && tokens.take_mark('[')? {
            list(field, tokens, depth, out)?;
        } else {
            value(field, tokens, depth, out)?;
        }
        if !tokens.take_mark(',')? {
            tokens.take_mark(';')?;
        }
    }
    Ok(())
}

/// Reads `a, b, c]` after its opening bracket.
fn list(
    field: &Field,
    tokens: &mut Tokens<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), TextError> {
    if tokens.take_mark(']')? {
        return Ok(());
    }
    loop {
        value(field, tokens, depth, out)?;
        if tokens.take_mark(']')? {
            return Ok(());
        }
        if !tokens.take_mark(',')? {
            return Err(tokens.unexpected("`,` or `]`"));
        }
    }
}

fn value(
    field: &Field,
    tokens: &mut Tokens<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), TextError> {
    match field.kind {
        Kind::Message(message) => {
            let close = if tokens.take_mark('{')? {
                '}'
            } else if tokens.take_mark('<')? {
                '>'
            } else {
                return Err(tokens.unexpected("`{`"));
            };
            let mut inner = Vec::new();
            fields(message, tokens, Token::Mark(close), depth + 1, &mut inner)?;
            tokens.take()?;
            wire::put_bytes(field.number, &inner, out);
        }
        Kind::String => {
            let at = tokens.position();
            let mut text = Vec::new();
            tokens.take_literals(&mut text)?;
            if std::str::from_utf8(&text).is_err() {
                return Err(TextError::BadString {
                    at,
                    reason: "bytes that are not UTF-8",
                });
            }
            wire::put_bytes(field.number, &text, out);
        }
        Kind::Bytes => {
            let mut bytes = Vec::new();
            tokens.take_literals(&mut bytes)?;
            wire::put_bytes(field.number, &bytes, out);
        }
        Kind::Double => {
            let number = word(tokens, "a number", double)?;
            wire::put_tag(field.number, 1, out);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Kind::Float => {
            let number = word(tokens, "a number", single)?;
            wire::put_tag(field.number, 5, out);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Kind::Int32 => {
            let number = word(tokens, "a 32-bit integer", |w| {
                i32::try_from(integer(w)?).ok()
            })?;
            put_varint(field.number, i64::from(number) as u64, out);
        }
        Kind::Int64 => {
            let number = word(tokens, "a 64-bit integer", |w| {
                i64::try_from(integer(w)?).ok()
            })?;
            put_varint(field.number, number as u64, out);
        }
        Kind::Uint32 => {
            let number = word(tokens, "an unsigned 32-bit integer", |w| {
                u32::try_from(integer(w)?).ok()
            })?;
            put_varint(field.number, u64::from(number), out);
        }
        Kind::Uint64 => {
            let number = word(tokens, "an unsigned 64-bit integer", |w| {
                u64::try_from(integer(w)?).ok()
            })?;
            put_varint(field.number, number, out);
        }
        Kind::Bool => {
            let truth = word(tokens, "`true` or `false`", boolean)?;
            put_varint(field.number, u64::from(truth), out);
        }
        Kind::Enum(values) => {
            let number = word(tokens, values.name, |w| enum_number(values, w))?;
            put_varint(field.number, i64::from(number) as u64, out);
        }
    }
    Ok(())
}

fn put_varint(number: u32, value: u64, out: &mut Vec<u8>) {
    wire::put_tag(number, 0, out);
    wire::put_varint(value, out);
}

/// Takes a word that `read` understands.
fn word<T>(
    tokens: &mut Tokens<'_>,
    expected: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, TextError> {
    let Token::Word(word) = tokens.peek() else {
        return Err(tokens.unexpected(expected));
    };
    let value = read(word).ok_or_else(|| tokens.unexpected(expected))?;
    tokens.take()?;
    Ok(value)
}

fn boolean(word: &str) -> Option<bool> {
    match word {
        "true" | "True" | "t" | "1" => Some(true),
        "false" | "False" | "f" | "0" => Some(false),
        _ => None,
    }
}

fn enum_number(values: &EnumType, word: &str) -> Option<i32> {
    values
        .number_of(word)
        .or_else(|| i32::try_from(integer(word)?).ok())
}

/// A whole number: decimal, `0x` hexadecimal or `0` octal, with an optional minus.
fn integer(word: &str) -> Option<i128> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let magnitude = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(hexadecimal) => unsigned(hexadecimal, 16)?,
        None => match digits.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => unsigned(octal, 8)?,
            _ => unsigned(digits, 10)?,
        },
    };
    let magnitude = i128::from(magnitude);
    Some(if negative { -magnitude } else { magnitude })
}

/// As `u64::from_str_radix`, which alone would accept a sign.
fn unsigned(digits: &str, radix: u32) -> Option<u64> {
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// A number as Python's `float` reads it, with the suffix `f` that protocol buffers allow.
fn double(word: &str) -> Option<f64> {
    float_text(word)?.parse().ok()
}

fn single(word: &str) -> Option<f32> {
    float_text(word)?.parse().ok()
}

/// The word in the form that Rust's `parse` reads, or `None` if Python would not read it.
fn float_text(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['-', '+']).unwrap_or(&lower);
    let special = unsigned
        .strip_suffix('f')
        .filter(|s| *s != "in")
        .unwrap_or(unsigned);
    if matches!(special, "inf" | "infinity" | "nan") {
        return Some(lower.trim_end_matches(unsigned).to_owned() + special);
    }
    let number = lower.strip_suffix('f').unwrap_or(&lower);
    let plain = number.strip_prefix(['-', '+']).unwrap_or(number);
    let octal =
        plain.len() > 1 && plain.starts_with('0') && plain.chars().all(|c| c.is_ascii_digit());
    let starts_well = plain.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if octal || !starts_well {
        return None;
    }
    without_underscores(number)
}

/// Python allows single underscores between digits.
fn without_underscores(number: &str) -> Option<String> {
    let bytes = number.as_bytes();
    let between_digits = |i: usize| {
        let digit = |j: Option<usize>| {
            j.and_then(|j| bytes.get(j))
                .is_some_and(|byte| byte.is_ascii_digit())
        };
        digit(i.checked_sub(1)) && digit(i.checked_add(1))
    };
    let well_placed = number.match_indices('_').all(|(i, _)| between_digits(i));
    well_placed.then(|| number.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    static POINT: Message = Message {
        name: "Point",
        fields: &[
            Field::single(1, "x", Kind::Double),
            Field::repeated(2, "tag", Kind::String),
            Field::single(3, "next", Kind::Message(&POINT)),
            Field::single(4, "n", Kind::Int32),
        ],
    };

    fn x_of(text: &str) -> Option<f64> {
        let bytes = parse(&POINT, &format!("x: {text}")).ok()?;
        let value: [u8; 8] = bytes.get(1..)?.try_into().ok()?;
        Some(f64::from_le_bytes(value))
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let cases = [
            ("1.5f", 1.5),
            ("1.", 1.0),
            (".5", 0.5),
            ("-inf", f64::NEG_INFINITY),
            ("INF", f64::INFINITY),
            ("infinityf", f64::INFINITY),
            ("1e400", f64::INFINITY),
            ("1_000", 1000.0),
            ("1F", 1.0),
        ];
        for (text, value) in cases {
            assert_eq!(x_of(text), Some(value), "{text}");
        }
        assert!(x_of("nan").is_some_and(f64::is_nan));
        for bad in [
            "0x10", "010", "08", "- 5", "'3'", "1__0", "1_", "e5", "fnan", "in", "",
        ] {
            assert_eq!(x_of(bad), None, "{bad} must be refused");
        }
    }

    #[test]
    fn the_whole_grammar_is_read() {
        let text =
            "# first\n tag: 'a' \"b\"; tag: ['c', 'd' 'e'], next { n: -1 next: < n: 0x10 > }";
        let mut expected = Vec::new();
        for tag in ["ab", "c", "de"] {
            wire::put_bytes(2, tag.as_bytes(), &mut expected);
        }
        let mut inner = vec![0x20];
        wire::put_varint(u64::MAX, &mut inner);
        wire::put_bytes(3, &[0x20, 16], &mut inner);
        wire::put_bytes(3, &inner, &mut expected);
        assert_eq!(parse(&POINT, text).unwrap(), expected);
    }

    #[test]
    fn a_fault_is_reported_with_its_place() {
        let error = parse(&POINT, "x: 1\n  y: 2").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2 column 3: message Point has no field `y`"
        );
        let error = parse(&POINT, "x 1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 1 column 3: expected `:`, found `1`"
        );
        for bad in [
            "tag: 'a\nb'",
            "tag: 'a',;",
            "tag: ['a',]",
            "next {",
            "n: 3000000000",
            "1: 2",
        ] {
            assert!(parse(&POINT, bad).is_err(), "{bad:?} must be refused");
        }
        let deep = "next { ".repeat(200);
        assert!(matches!(
            parse(&POINT, &deep),
            Err(TextError::TooDeep { .. })
        ));
    }
}
