//! Counts the values in a JSON text, before it is parsed.

/// The number of values within the outermost list or object of a JSON text, including nested lists and
/// objects.
pub(super) fn values_in(json: &str) -> usize {
    let (mut count, mut just_opened) = (0, false);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            // Before the first value, and between two values.
            b'[' | b'{' | b',' => count += 1,
            // The list or object was empty.
            b']' | b'}' if just_opened => count -= 1,
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
        just_opened = matches!(byte, b'[' | b'{');
    }
    count
}

fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted() {
        for (json, expected) in [
            ("{}", 0),
            ("{ }", 0),
            (r#"{"a":1}"#, 1),
            (r#"{"a":[],"b":{}}"#, 2),
            (r#"{"a":[1,[2, 3]], "b": {"c": "x,[\"{,"}}"#, 7),
            (r#"{"a":"\\","b":"\\\"","c":[ "]" , [ ] ]}"#, 5),
        ] {
            assert_eq!(values_in(json), expected, "{json}");
        }
    }
}
