//! Counts tokens and the nesting of brackets, one byte after the other.

use async_graphql::{Value, Variables};

use super::Refused;
use crate::config::Limits;

/// How long a name may be: an alias comes back in the path of every error beneath it.
const MAX_NAME: usize = 255;

/// Refuses a text with too many tokens, or with brackets nested too deep. Whether it is a document
/// at all is for the parser to say.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), Refused> {
    let (mut tokens, mut nesting) = (0, 0_usize);
    let mut rest = text.as_bytes();
    while let Some((token, behind)) = next_token(rest) {
        rest = behind;
        tokens += 1;
        if token == UNCLOSED {
            return Err(Refused::Unparsable("Syntax error: a block string is not closed.".into()));
        }
        if is_name(token[0]) && token.len() > MAX_NAME {
            return too_complex(format!("A name has more than {MAX_NAME} characters."));
        }
        match token[0] {
            b'{' | b'(' | b'[' => nesting += 1,
            b'}' | b')' | b']' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        if nesting > limits.nesting {
            return too_complex(format!("Brackets are nested deeper than {}.", limits.nesting));
        }
        if tokens > limits.tokens {
            return too_complex(format!("The document has more than {} tokens.", limits.tokens));
        }
    }
    Ok(())
}

fn too_complex(reason: String) -> Result<(), Refused> {
    Err(Refused::TooComplex(reason))
}

/// What stands for a block string that is not closed.
const UNCLOSED: &[u8] = b"\"\"\"";

/// The next token, which has at least one byte, and what is behind it; white space and comments are
/// passed over.
fn next_token(mut rest: &[u8]) -> Option<(&[u8], &[u8])> {
    loop {
        let behind = match rest {
            [] => return None,
            [b' ' | b'\t' | b'\n' | b'\r' | b',', behind @ ..] => {
                rest = behind;
                continue;
            }
            [b'#', behind @ ..] => {
                let end = behind.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                rest = &behind[end.unwrap_or(behind.len())..];
                continue;
            }
            [b'"', b'"', b'"', behind @ ..] => match behind_block_string(behind) {
                Some(behind) => behind,
                None => return Some((UNCLOSED, &[])),
            },
            [b'"', behind @ ..] => behind_string(behind),
            [b'.', b'.', b'.', behind @ ..] => behind,
            [first, behind @ ..] if first.is_ascii_digit() || *first == b'-' => {
                behind_all(behind, is_number)
            }
            [first, behind @ ..] if is_name(*first) => behind_all(behind, is_name),
            [_, behind @ ..] => behind,
        };
        return Some(rest.split_at(rest.len() - behind.len()));
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_number(byte: u8) -> bool {
    is_name(byte) || matches!(byte, b'.' | b'-' | b'+')
}

fn behind_all(rest: &[u8], belongs: fn(u8) -> bool) -> &[u8] {
    &rest[rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len())..]
}

/// A string ends with the line at the latest.
fn behind_string(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = match rest {
            [] => return rest,
            [b'"' | b'\n' | b'\r', behind @ ..] => return behind,
            [b'\\', _, behind @ ..] | [_, behind @ ..] => behind,
        }
    }
}

/// `None` if it is not closed. The parser then takes its first two quotation marks for an empty string
/// and goes on behind them, brackets and all.
fn behind_block_string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match rest {
            [] => return None,
            [b'"', b'"', b'"', behind @ ..] => return Some(behind),
            [b'\\', b'"', b'"', b'"', behind @ ..] | [_, behind @ ..] => behind,
        }
    }
}

/// Whether lists and objects within the variables are nested deeper than this.
pub(in crate::graphql) fn nested_deeper(variables: &Variables, limit: usize) -> bool {
    variables.values().any(|value| deeper(value, limit))
}

fn deeper(value: &Value, limit: usize) -> bool {
    match value {
        Value::List(items) => limit == 0 || items.iter().any(|item| deeper(item, limit - 1)),
        Value::Object(fields) => {
            limit == 0 || fields.values().any(|field| deeper(field, limit - 1))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> usize {
        let (mut count, mut rest) = (0, text.as_bytes());
        while let Some((_, behind)) = next_token(rest) {
            (count, rest) = (count + 1, behind);
        }
        count
    }

    #[test]
    fn tokens_are_counted_as_the_specification_has_them() {
        for (text, expected) in [
            ("", 0),
            (" ,\n\t", 0),
            ("# a { comment\r{", 1),
            ("{a}", 3),
            ("query A($a: [Int!]! = 5) { a(x: -1.5e+3) }", 22),
            (r#""a string { \" (" b"#, 2),
            ("\"not closed {\n{", 2),
            ("\"\"\"a block \" { \\\"\"\" ( \"\"\" b", 2),
            ("\"\"\"\"\"\" a", 2),
            ("\"\"\"never closed { (", 1),
            ("...F @x", 4),
            ("é", 2),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let (tokens, nesting, depth) = (100, 2, 1);
        let (selections, root_fields, aliases, directives) = (1, 1, 1, 1);
        let complexity = 1;
        let limits = Limits {
            complexity,
            text: 1,
            tokens,
            nesting,
            depth,
            selections,
            root_fields,
            aliases,
            directives,
        };
        assert!(check("{a(b: \"((((\") #((((\n}", &limits).is_ok());
        assert!(check("{a{b{c}}}", &limits).is_err());
        assert!(check("))) {a} {b} {c}", &limits).is_ok());
        assert!(check("{a(b: \"\"\"{{{\"\"\")}", &limits).is_ok());
        for unclosed in ["{a(b: \"\"\"{{{)}", "{a \"\"\"", "\"\"\"\"", "\"\"\"\\\"\"\""] {
            assert!(matches!(check(unclosed, &limits), Err(Refused::Unparsable(_))), "{unclosed}");
        }
    }

    #[test]
    fn variables_may_be_nested_too() {
        let nested = Variables::from_json(serde_json::json!({ "v": [[{ "a": [1] }]] }));
        assert!(nested_deeper(&nested, 3) && !nested_deeper(&nested, 4));
    }
}
