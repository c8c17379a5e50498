//! Scans the tokens of a document before it is parsed. It limits the number of tokens and the nesting of
//! brackets, since parsers recurse.

use std::ops::Range;

use apollo_parser::{Lexer, Token, TokenKind};

use crate::config::Limits;

/// The maximum length of a name. An alias is repeated in the path of every error below it.
const MAX_NAME: usize = 255;

/// The result of a scan.
#[derive(Default)]
pub(super) struct Scanned {
    /// The positions of the descriptions of operations, fragments and variables.
    pub(super) descriptions: Vec<Range<usize>>,
    /// Whether a colon is missing after the name of an argument or an input field, which apollo-parser
    /// does not report.
    pub(super) no_colon: bool,
}

/// Checks the limits of a document; an error names the limit. Syntax errors are left to the parser.
pub(super) fn scan(text: &str, limits: &Limits) -> Result<Scanned, String> {
    let mut scan = Scan::default();
    // The parser reports the errors of the lexer.
    for token in Lexer::new(text).flatten() {
        match token.kind() {
            TokenKind::Whitespace | TokenKind::Comment | TokenKind::Comma | TokenKind::Eof => {}
            _ => scan.token(&token, limits)?,
        }
    }
    Ok(scan.found)
}

#[derive(Default)]
struct Scan {
    tokens: usize,
    /// The open brackets.
    open: Vec<Open>,
    last: Option<TokenKind>,
    /// A string that is a description if the next token can have one.
    pending: Option<Range<usize>>,
    found: Scanned,
}

/// An open bracket.
struct Open {
    kind: TokenKind,
    /// The expected token, where names and values alternate.
    next: Next,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Name,
    Colon,
    Value,
    /// Names and values do not alternate.
    Anything,
}

impl Scan {
    fn token(&mut self, token: &Token<'_>, limits: &Limits) -> Result<(), String> {
        self.tokens += 1;
        if self.tokens > limits.tokens {
            return Err(format!("The document has more than {} tokens.", limits.tokens));
        }
        let kind = token.kind();
        self.turn(token);
        match kind {
            TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket => {
                let next = self.begin(kind);
                self.open.push(Open { kind, next });
            }
            TokenKind::RCurly | TokenKind::RParen | TokenKind::RBracket => drop(self.open.pop()),
            TokenKind::Name if token.data().len() > MAX_NAME => {
                return Err(format!("A name has more than {MAX_NAME} characters."));
            }
            _ => {}
        }
        if self.open.len() > limits.nesting {
            return Err(format!("Brackets are nested more than {} levels deep.", limits.nesting));
        }
        self.describe(token);
        self.last = Some(kind);
        Ok(())
    }

    /// The expected first token in an opening bracket. Names and values alternate in the arguments of a
    /// field or directive, and in objects, which appear where a value is expected.
    fn begin(&self, kind: TokenKind) -> Next {
        let in_value = self.open.last().is_some_and(|open| {
            open.kind == TokenKind::LBracket
                || open.kind == TokenKind::LParen
                || open.next != Next::Anything
        });
        match kind {
            TokenKind::LParen if !self.open.is_empty() => Next::Name,
            TokenKind::LCurly if in_value => Next::Name,
            _ => Next::Anything,
        }
    }

    /// Alternates between names, colons and values.
    fn turn(&mut self, token: &Token<'_>) {
        let Some(open) = self.open.last_mut() else { return };
        open.next = match (open.next, token.kind()) {
            (Next::Name, TokenKind::Name) => Next::Colon,
            // The name of a variable follows a dollar sign.
            (Next::Colon, TokenKind::Colon) | (Next::Value, TokenKind::Dollar) => Next::Value,
            (Next::Colon, _) => {
                self.found.no_colon = true;
                Next::Anything
            }
            (Next::Value, _) => Next::Name,
            (next, _) => next,
        };
    }

    /// Outside all brackets, a string before a definition is a description. So is a string before a
    /// variable in the variable definitions of an operation; after `=` it is a default value.
    fn describe(&mut self, token: &Token<'_>) {
        let (described, may_follow) = match self.open[..] {
            [] => (
                token.kind() == TokenKind::Name,
                matches!(self.last, None | Some(TokenKind::RCurly)),
            ),
            [Open { kind: TokenKind::LParen, .. }] => {
                (token.kind() == TokenKind::Dollar, self.last != Some(TokenKind::Eq))
            }
            _ => (false, false),
        };
        let pending = self.pending.take();
        if described {
            self.found.descriptions.extend(pending);
        }
        if token.kind() == TokenKind::StringValue && may_follow {
            self.pending = Some(token.index()..token.index() + token.data().len());
        }
    }
}

/// Replaces these ranges with spaces, so that the rest keeps its position. (apollo-compiler 1 does not
/// support descriptions in documents, which the specification of September 2025 introduced.)
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
        Limits { nesting: 4, tokens: 100, ..config.unwrap().limits }
    }

    fn blanked(text: &str) -> String {
        blank(text, &scan(text, &limits()).unwrap().descriptions)
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
            r#"query "no" Q {a}"#,
            r#""no" "a" {a}"#,
        ] {
            assert_eq!(blanked(text), text);
        }
    }

    #[test]
    fn a_missing_colon_is_found() {
        let missing = |text| scan(text, &limits()).unwrap().no_colon;
        for text in [
            "{a(b: 1 c: $d e: [1 $f] g: \"x\") @h(i: true) {j}}",
            "{a(b: {c: 1})}",
            "query($a: I = 1 $b: [J!] = [1] @c(d: 1)) {a}",
        ] {
            assert!(!missing(text), "{text}");
        }
        for text in ["{a(b 1)}", "{a(b: 1 c)}", "{a @b(c d: 1)}", "{a(b: {c})}"] {
            assert!(missing(text), "{text}");
        }
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let nested = |text| scan(text, &limits()).is_err();
        assert!(!nested("{a(b: \"((((\") #((((\n}"));
        assert!(!nested("))) {a} {b} {c}"));
        assert!(!nested("{a(b: \"\"\"{{{\"\"\")}"));
        assert!(nested("{a{b{c{d{e}}}}}"));
    }

    #[test]
    fn tokens_and_names_are_counted() {
        assert!(scan(&"a ".repeat(100), &limits()).is_ok());
        assert!(scan(&"a,".repeat(101), &limits()).is_err());
        assert!(scan(&"a".repeat(256), &limits()).is_err());
    }
}
