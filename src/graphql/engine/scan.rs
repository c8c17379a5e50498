//! A look at the tokens of a document before it is parsed: there must not be too many, nor too many brackets
//! within each other, since parsers recurse.

use std::ops::Range;

use apollo_parser::{Lexer, Token, TokenKind};

use crate::config::Limits;

/// How long a name may be: an alias comes back in the path of every error beneath it.
const MAX_NAME: usize = 255;

/// Bounds the tokens of a document; answers where the descriptions of operations, fragments and variables
/// stand. An error says what there is too much of. Whether it is a document at all is for the parser to say.
pub(super) fn scan(text: &str, limits: &Limits) -> Result<Vec<Range<usize>>, String> {
    let mut scan = Scan::default();
    // Errors of the lexer are the parser's to tell.
    for token in Lexer::new(text).flatten() {
        match token.kind() {
            TokenKind::Whitespace | TokenKind::Comment | TokenKind::Comma | TokenKind::Eof => {}
            _ => scan.token(&token, limits)?,
        }
    }
    Ok(scan.descriptions)
}

#[derive(Default)]
struct Scan {
    tokens: usize,
    /// The brackets that are open.
    open: Vec<TokenKind>,
    last: Option<TokenKind>,
    /// A string that is a description, if what follows can have one.
    pending: Option<Range<usize>>,
    descriptions: Vec<Range<usize>>,
}

impl Scan {
    fn token(&mut self, token: &Token<'_>, limits: &Limits) -> Result<(), String> {
        self.tokens += 1;
        if self.tokens > limits.tokens {
            return Err(format!("The document has more than {} tokens.", limits.tokens));
        }
        let kind = token.kind();
        match kind {
            TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket => self.open.push(kind),
            TokenKind::RCurly | TokenKind::RParen | TokenKind::RBracket => drop(self.open.pop()),
            TokenKind::Name if token.data().len() > MAX_NAME => {
                return Err(format!("A name has more than {MAX_NAME} characters."));
            }
            _ => {}
        }
        if self.open.len() > limits.nesting {
            return Err(format!("Brackets are nested deeper than {}.", limits.nesting));
        }
        self.describe(token);
        self.last = Some(kind);
        Ok(())
    }

    /// A string before a definition outside of all brackets, or before a variable within the brackets of an
    /// operation's variables, is a description; after `=` it is a default value.
    fn describe(&mut self, token: &Token<'_>) {
        let described = match self.open[..] {
            [] => token.kind() == TokenKind::Name,
            [TokenKind::LParen] => token.kind() == TokenKind::Dollar,
            _ => false,
        };
        let pending = self.pending.take();
        if described {
            self.descriptions.extend(pending);
        }
        if token.kind() == TokenKind::StringValue && self.last != Some(TokenKind::Eq) {
            self.pending = Some(token.index()..token.index() + token.data().len());
        }
    }
}

/// The text with spaces in these places, so that what follows stays where it is. (apollo-compiler 1 does not
/// know of descriptions in documents, which came with the specification of September 2025.)
pub(super) fn blank(text: &str, places: &[Range<usize>]) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut end = 0;
    for place in places {
        blanked.push_str(&text[end..place.start]);
        let blank = |byte: u8| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' };
        blanked.extend(text[place.clone()].bytes().map(blank));
        end = place.end;
    }
    blanked.push_str(&text[end..]);
    blanked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn limits() -> Limits {
        let config = Config::from_lookup(|_| None);
        Limits { nesting: 2, tokens: 100, ..config.unwrap().limits }
    }

    fn blanked(text: &str) -> String {
        blank(text, &scan(text, &limits()).unwrap())
    }

    #[test]
    fn descriptions_are_found_where_the_grammar_has_them() {
        for (text, expected) in [
            (r#""a" query Q {a}"#, r"    query Q {a}"),
            ("\"\"\"a\nb\"\"\"fragment F on Q {a}", "    \n    fragment F on Q {a}"),
            (
                r#"query("é" $a: Int = 1, "b" $b: Int){a}"#,
                r"query(     $a: Int = 1,     $b: Int){a}",
            ),
            (
                r#"query($a: String = "x" "b" $b: Int){a}"#,
                r#"query($a: String = "x"     $b: Int){a}"#,
            ),
        ] {
            assert_eq!(blanked(text), expected);
        }
        for text in [
            r#""no" {a}"#,
            r#"{a(b: "x" c: $d)}"#,
            r#"query($a: String = "x" $b: Int){a}"#,
            r#"query($a: [String] = ["x" $b]){a}"#,
            r#"{a} "no""#,
        ] {
            assert_eq!(blanked(text), text);
        }
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let nested = |text| scan(text, &limits()).is_err();
        assert!(!nested("{a(b: \"((((\") #((((\n}"));
        assert!(!nested("))) {a} {b} {c}"));
        assert!(!nested("{a(b: \"\"\"{{{\"\"\")}"));
        assert!(nested("{a{b{c}}}"));
    }

    #[test]
    fn tokens_and_names_are_counted() {
        assert!(scan(&"a ".repeat(100), &limits()).is_ok());
        assert!(scan(&"a,".repeat(101), &limits()).is_err());
        assert!(scan(&"a".repeat(256), &limits()).is_err());
    }
}
