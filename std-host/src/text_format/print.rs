//! An encoded message to text.

use super::schema::{EnumType, Field, Kind, Label, Message};
use super::wire::{self, Fields, Value};
use super::{MAX_DEPTH, TextError, escape, float};

/// Prints an encoded message, one field a line, as Python's `text_format.MessageToString` does.
///
/// Fields come in the order of their numbers, map entries in the order of their keys; fields that
/// `message` does not have are left out, as TensorFlow leaves out unknown fields.
///
/// # Errors
/// `encoded` ends early, nests deeper than [`MAX_DEPTH`], or holds a field of another type.
pub fn print(message: &'static Message, encoded: &[u8]) -> Result<String, TextError> {
    let mut out = String::new();
    fields(message, encoded, 0, &mut out)?;
    Ok(out)
}

fn fields(
    message: &'static Message,
    encoded: &[u8],
    depth: usize,
    out: &mut String,
) -> Result<(), TextError> {
    let mut walk = Fields::new(message, encoded);
    if depth > MAX_DEPTH {
        return Err(walk.fault("messages are nested too deep"));
    }
    let mut found = Vec::new();
    while let Some((number, value)) = walk.next()? {
        if let Some(field) = message.field_numbered(number) {
            unpack(field, value, &mut found).map_err(|reason| walk.fault(reason))?;
        }
    }
    found.sort_by(|(a, x), (b, y)| {
        a.number
            .cmp(&b.number)
            .then_with(|| map_key(a, x).cmp(&map_key(b, y)))
    });
    let single_again = |i: usize, field: &Field| {
        field.label == Label::Single
            && found
                .get(i + 1)
                .is_some_and(|(next, _)| next.number == field.number)
    };
    for (i, (field, value)) in found.iter().enumerate() {
        if !single_again(i, field) {
            one(field, *value, depth, out).map_err(|fault| match fault {
                Fault::Here(reason) => walk.fault(reason),
                Fault::Inside(error) => error,
            })?;
        }
    }
    Ok(())
}

/// Adds a field's value, or the values of a packed field, to `found`.
fn unpack<'b>(
    field: &'static Field,
    value: Value<'b>,
    found: &mut Vec<(&'static Field, Value<'b>)>,
) -> Result<(), &'static str> {
    let (Value::Bytes(mut packed), Label::Repeated) = (value, field.label) else {
        found.push((field, value));
        return Ok(());
    };
    match field.kind {
        Kind::String | Kind::Bytes | Kind::Message(_) => found.push((field, value)),
        Kind::Double => {
            let (chunks, rest) = packed.as_chunks();
            if !rest.is_empty() {
                return Err("a packed field ends in the middle of a number");
            }
            found.extend(chunks.iter().map(|&chunk| (field, Value::Fixed64(chunk))));
        }
        Kind::Float => {
            let (chunks, rest) = packed.as_chunks();
            if !rest.is_empty() {
                return Err("a packed field ends in the middle of a number");
            }
            found.extend(chunks.iter().map(|&chunk| (field, Value::Fixed32(chunk))));
        }
        _ => {
            while !packed.is_empty() {
                let (number, rest) =
                    wire::varint(packed).ok_or("a packed field ends in the middle of a number")?;
                found.push((field, Value::Varint(number)));
                packed = rest;
            }
        }
    }
    Ok(())
}

/// The key of a map entry, for sorting, by number or by text; entries of other fields keep their
/// order.
fn map_key<'b>(field: &Field, value: &Value<'b>) -> Option<(u64, &'b [u8])> {
    let (Label::Map, Kind::Message(entry), Value::Bytes(bytes)) = (field.label, field.kind, value)
    else {
        return None;
    };
    let mut walk = Fields::new(entry, bytes);
    while let Ok(Some((number, value))) = walk.next() {
        match (number, value) {
            (1, Value::Bytes(key)) => return Some((0, key)),
            (1, Value::Varint(key)) => return Some((key, &[])),
            _ => {}
        }
    }
    Some((0, &[]))
}

enum Fault {
    Here(&'static str),
    Inside(TextError),
}

fn one(field: &Field, value: Value<'_>, depth: usize, out: &mut String) -> Result<(), Fault> {
    let indent = |out: &mut String| out.extend(std::iter::repeat_n("  ", depth));
    indent(out);
    out.push_str(field.name);
    if let (Kind::Message(message), Value::Bytes(bytes)) = (field.kind, value) {
        out.push_str(" {\n");
        fields(message, bytes, depth + 1, out).map_err(Fault::Inside)?;
        indent(out);
        out.push_str("}\n");
        return Ok(());
    }
    out.push_str(": ");
    scalar(field.kind, value, out).map_err(Fault::Here)?;
    out.push('\n');
    Ok(())
}

fn scalar(kind: Kind, value: Value<'_>, out: &mut String) -> Result<(), &'static str> {
    match (kind, value) {
        (Kind::String, Value::Bytes(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| "a string that is not UTF-8")?;
            out.push('"');
            escape::escape_str(text, out);
            out.push('"');
        }
        (Kind::Bytes, Value::Bytes(bytes)) => {
            out.push('"');
            escape::escape_bytes(bytes, out);
            out.push('"');
        }
        (Kind::Double, Value::Fixed64(bytes)) => {
            out.push_str(&float::shortest_f64(f64::from_le_bytes(bytes)));
        }
        (Kind::Float, Value::Fixed32(bytes)) => {
            out.push_str(&float::shortest_f32(f32::from_le_bytes(bytes)));
        }
        // Varints of 32-bit types are cut to 32 bits, as protocol buffers do.
        (Kind::Int32, Value::Varint(number)) => out.push_str(&(number as i32).to_string()),
        (Kind::Int64, Value::Varint(number)) => out.push_str(&(number as i64).to_string()),
        (Kind::Uint32, Value::Varint(number)) => out.push_str(&(number as u32).to_string()),
        (Kind::Uint64, Value::Varint(number)) => out.push_str(&number.to_string()),
        (Kind::Bool, Value::Varint(number)) => {
            out.push_str(if number == 0 { "false" } else { "true" });
        }
        (Kind::Enum(values), Value::Varint(number)) => enum_value(values, number as i32, out),
        _ => return Err("a field of another type than its number says"),
    }
    Ok(())
}

fn enum_value(values: &EnumType, number: i32, out: &mut String) {
    match values.name_of(number) {
        Some(name) => out.push_str(name),
        None => out.push_str(&number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    static COLOUR: EnumType = EnumType {
        name: "a colour",
        values: &[(0, "RED"), (1, "BLUE")],
    };
    static ENTRY: Message = Message {
        name: "Entry",
        fields: &[
            Field::single(1, "key", Kind::String),
            Field::single(2, "value", Kind::Message(&SHAPE)),
        ],
    };
    static SHAPE: Message = Message {
        name: "Shape",
        fields: &[
            Field::single(1, "colour", Kind::Enum(&COLOUR)),
            Field::repeated(2, "size", Kind::Int64),
            Field::map(3, "part", &ENTRY),
            Field::single(4, "raw", Kind::Bytes),
            Field::single(5, "solid", Kind::Bool),
        ],
    };

    #[test]
    fn fields_are_sorted_by_number_and_maps_by_key() {
        let text = "part { key: 'b' value { } } solid: true raw: '\\377' size: [3, -4] colour: BLUE \
                    part { key: 'a' value { size: 1 } }";
        let encoded = parse(&SHAPE, text).unwrap();
        let expected = "colour: BLUE\nsize: 3\nsize: -4\npart {\n  key: \"a\"\n  value {\n    size: \
                        1\n  }\n}\npart {\n  key: \"b\"\n  value {\n  }\n}\nraw: \"\\377\"\nsolid: \
                        true\n";
        assert_eq!(print(&SHAPE, &encoded).unwrap(), expected);
        assert_eq!(
            parse(&SHAPE, expected).map(|again| print(&SHAPE, &again)),
            Ok(Ok(expected.into()))
        );
    }

    #[test]
    fn packed_numbers_and_repeated_single_fields_print_as_python_prints_them() {
        assert_eq!(
            print(&SHAPE, &[0x12, 2, 5, 6, 0x08, 0, 0x08, 7]).unwrap(),
            "colour: 7\nsize: 5\nsize: 6\n"
        );
    }

    #[test]
    fn damaged_messages_are_refused() {
        for bad in [
            &[0x22_u8, 5, 1][..],
            &[0x08],
            &[0x80],
            &[0x0b],
            &[0x0a, 1, 1],
            &[0x12, 1, 0x80],
        ] {
            assert!(
                matches!(print(&SHAPE, bad), Err(TextError::BadWire { .. })),
                "{bad:x?}"
            );
        }
        let deep = (0..200).fold(Vec::new(), |inner: Vec<u8>, _| {
            let mut entry = Vec::new();
            wire::put_bytes(2, &inner, &mut entry);
            let mut outer = Vec::new();
            wire::put_bytes(3, &entry, &mut outer);
            outer
        });
        assert!(print(&SHAPE, &deep).is_err(), "nesting must be limited");
    }
}
