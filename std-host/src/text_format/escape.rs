//! String literals: what Python's text format prints, and what it understands.

use std::fmt::Write as _;

/// Appends text as a literal's content: quotes, backslash and control characters escaped, other
/// characters as they are.
pub(super) fn escape_str(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii() {
            escape_byte(c as u8, out);
        } else {
            out.push(c);
        }
    }
}

/// Appends bytes as a literal's content: everything outside printable ASCII in octal.
pub(super) fn escape_bytes(bytes: &[u8], out: &mut String) {
    for &byte in bytes {
        escape_byte(byte, out);
    }
}

fn escape_byte(byte: u8, out: &mut String) {
    match byte {
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        b'"' => out.push_str("\\\""),
        b'\'' => out.push_str("\\'"),
        b'\\' => out.push_str("\\\\"),
        0x20..=0x7e => out.push(byte as char),
        _ => {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\{byte:03o}");
        }
    }
}

/// Decodes a literal's content and appends it to `out`.
pub(super) fn unescape(content: &str, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let mut rest = content;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.extend_from_slice(plain.as_bytes());
        rest = unescape_one(escaped, out)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(())
}

/// Decodes the escape that follows a backslash; returns what comes after it.
fn unescape_one<'t>(text: &'t str, out: &mut Vec<u8>) -> Result<&'t str, &'static str> {
    let mut chars = text.chars();
    let simple = match chars.next() {
        None => return Err("a backslash at the end"),
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('a') => 0x07,
        Some('b') => 0x08,
        Some('f') => 0x0c,
        Some('v') => 0x0b,
        Some('\\') => b'\\',
        Some('\'') => b'\'',
        Some('"') => b'"',
        Some('0'..='7') => {
            let (value, rest) = digits(text, 8, 1, 3).ok_or("a bad octal escape")?;
            out.push(u8::try_from(value).map_err(|_| "an octal escape above \\377")?);
            return Ok(rest);
        }
        Some('x') => {
            let (value, rest) = digits(chars.as_str(), 16, 1, 2).ok_or("a bad \\x escape")?;
            out.push(u8::try_from(value).map_err(|_| "a bad \\x escape")?);
            return Ok(rest);
        }
        Some('u') => return code_point(chars.as_str(), 4, out),
        Some('U') => return code_point(chars.as_str(), 8, out),
        Some(other) => {
            // Python leaves what it does not know as it stands.
            out.push(b'\\');
            out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(chars.as_str());
        }
    };
    out.push(simple);
    Ok(chars.as_str())
}

fn code_point<'t>(
    text: &'t str,
    length: usize,
    out: &mut Vec<u8>,
) -> Result<&'t str, &'static str> {
    let (value, rest) = digits(text, 16, length, length).ok_or("a bad \\u escape")?;
    let c = char::from_u32(value).ok_or("a \\u escape that is no character")?;
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(rest)
}

/// The number in the next `least` to `most` digits, and what follows them.
fn digits(text: &str, radix: u32, least: usize, most: usize) -> Option<(u32, &str)> {
    let count = text
        .chars()
        .take(most)
        .take_while(|c| c.is_digit(radix))
        .count();
    let (digits, rest) = text.split_at_checked(count)?;
    if count < least {
        return None;
    }
    Some((u32::from_str_radix(digits, radix).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(content: &str) -> Result<Vec<u8>, &'static str> {
        let mut out = Vec::new();
        unescape(content, &mut out).map(|()| out)
    }

    #[test]
    fn escapes_are_printed_as_python_prints_them() {
        let mut out = String::new();
        escape_str("a\"b'c\\d\n\t\r\u{1}é\u{7f}☃", &mut out);
        assert_eq!(out, "a\\\"b\\'c\\\\d\\n\\t\\r\\001é\\177☃");
        out.clear();
        escape_bytes("é".as_bytes(), &mut out);
        assert_eq!(out, "\\303\\251");
    }

    #[test]
    fn escapes_are_read_as_python_reads_them() {
        assert_eq!(
            decoded(r"a\x41\101\u00e9\U0001F600\q").unwrap(),
            "aAAé😀\\q".as_bytes()
        );
        assert_eq!(decoded(r"\?\a\b\f\v\e").unwrap(), b"\\?\x07\x08\x0c\x0b\\e");
        assert_eq!(decoded(r"\x4\0").unwrap(), b"\x04\0");
        for bad in [r"\400", r"\u12", r"\ud83d", r"\x", "end\\"] {
            assert!(decoded(bad).is_err(), "{bad} must be refused");
        }
    }
}
