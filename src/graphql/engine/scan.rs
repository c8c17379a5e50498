//! Scans the tokens of a document before it is parsed. It limits the number of tokens and the nesting of
//! brackets, since parsers recurse, and replaces with spaces what the parser need not see. It finds missing colons and
//! repeated fields of input objects, which apollo-parser and apollo-compiler do not report.

use std::collections::HashSet;
use std::ops::Range;

use apollo_parser::{Lexer, Token, TokenKind};

use crate::config::Limits;

/// The maximum length of a name. An alias is repeated in the path of every error below it.
const MAX_NAME: usize = 255;

/// The result of a scan.
#[derive(Default)]
pub(super) struct Scanned {
    /// The document up to its first invalid token. Spaces replace commas and comments, of which apollo-parser makes a
    /// node each (and it does not accept all commas), and the descriptions of operations, fragments and variables, which
    /// the specification of September 2025 introduced and apollo-compiler 1 does not support. The rest keeps its offset in bytes.
    pub(super) text: String,
    /// An invalid token, or a missing colon after the name of an argument or an input field, which apollo-parser does not
    /// report.
    pub(super) syntax_error: Option<&'static str>,
    /// A field that an input object has twice ("Input Object Field Uniqueness" of the specification, which
    /// apollo-compiler does not check).
    pub(super) repeated: Option<String>,
}

/// Checks the limits of a document; an error names the limit. Syntax errors are left to the parser.
pub(super) fn scan(text: &str, limits: &Limits) -> Result<Scanned, String> {
    let mut scan = Scan { blanked: text.as_bytes().to_vec(), ..Scan::default() };
    let mut end = 0;
    for token in Lexer::new(text) {
        let token = match token {
            Ok(token) => token,
            Err(error) => {
                // One error is enough: the parser would copy each of them.
                scan.blanked.truncate(end + error.data().len());
                scan.syntax_error = Some("Syntax error: unexpected character.");
                break;
            }
        };
        let place = token.index()..token.index() + token.data().len();
        end = place.end;
        match token.kind() {
            TokenKind::Whitespace | TokenKind::Eof => {}
            TokenKind::Comment | TokenKind::Comma => scan.blank(place),
            _ => scan.token(&token, limits)?,
        }
    }
    let text = String::from_utf8(scan.blanked).unwrap_or_default();
    let repeated = scan.repeated.map(str::to_owned);
    Ok(Scanned { text, syntax_error: scan.syntax_error, repeated })
}

#[derive(Default)]
struct Scan<'t> {
    tokens: usize,
    /// The open brackets.
    open: Vec<Open<'t>>,
    last: Option<TokenKind>,
    /// A string that is a description if the next token can have one.
    pending: Option<Range<usize>>,
    blanked: Vec<u8>,
    syntax_error: Option<&'static str>,
    repeated: Option<&'t str>,
}

/// An open bracket.
struct Open<'t> {
    kind: TokenKind,
    /// The expected token, where names and values alternate.
    next: Next,
    /// The names of the fields of an input object.
    fields: HashSet<&'t str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Name,
    Colon,
    Value,
    /// Names and values do not alternate.
    Anything,
}

impl<'t> Scan<'t> {
    fn token(&mut self, token: &Token<'t>, limits: &Limits) -> Result<(), String> {
        self.tokens += 1;
        if self.tokens > limits.tokens {
            return Err(format!("The document has more than {} tokens.", limits.tokens));
        }
        let kind = token.kind();
        self.turn(token);
        match kind {
            TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket => {
                let next = self.begin(kind);
                self.open.push(Open { kind, next, fields: HashSet::new() });
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
    fn turn(&mut self, token: &Token<'t>) {
        let Some(open) = self.open.last_mut() else { return };
        open.next = match (open.next, token.kind()) {
            (Next::Name, TokenKind::Name) => {
                if open.kind == TokenKind::LCurly && !open.fields.insert(token.data()) {
                    self.repeated.get_or_insert(token.data());
                }
                Next::Colon
            }
            // The name of a variable follows a dollar sign.
            (Next::Colon, TokenKind::Colon) | (Next::Value, TokenKind::Dollar) => Next::Value,
            (Next::Colon, _) => {
                self.syntax_error = Some("Syntax error: expected a colon after a name.");
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
        if let (true, Some(place)) = (described, pending) {
            self.blank(place);
        }
        if token.kind() == TokenKind::StringValue && may_follow {
            self.pending = Some(token.index()..token.index() + token.data().len());
        }
    }

    /// Replaces a token with spaces.
    fn blank(&mut self, place: Range<usize>) {
        for byte in self.blanked.get_mut(place).into_iter().flatten() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
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
        scan(text, &limits()).unwrap().text
    }

    #[test]
    fn descriptions_are_found_where_the_grammar_has_them() {
        for (text, expected) in [
            (r#""a" query Q {a}"#, r"    query Q {a}"),
            ("\"\"\"a\nb\"\"\"fragment F on Q {a}", "    \n    fragment F on Q {a}"),
            (r#"query("é" $a: Int = 1 "b" $b: Int){a}"#, r"query(     $a: Int = 1     $b: Int){a}"),
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
    fn commas_and_comments_are_spaces_and_the_first_invalid_token_is_the_end() {
        for (text, expected) in [
            ("{a,:b ...,F}# é\r\n#", "{a :b ... F}    \r\n "),
            ("{a(b:\"#,\",c:\"\"\",#\"\"\")}", "{a(b:\"#,\" c:\"\"\",#\"\"\")}"),
            ("{a ? b ? c}", "{a ?"),
            ("{a(b: 00) ?", "{a(b: 00"),
            ("{a(b: \"\\x\") ?", "{a(b: \"\\x\""),
            ("é{a}", "é"),
        ] {
            let scanned = scan(text, &limits()).unwrap();
            assert_eq!(scanned.text, expected);
            assert_eq!(scanned.syntax_error.is_some(), scanned.text.len() < text.len(), "{text}");
        }
    }

    #[test]
    fn a_missing_colon_is_found() {
        let missing = |text| scan(text, &limits()).unwrap().syntax_error.is_some();
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
    fn repeated_fields_of_input_objects_are_found() {
        let repeated = |text| scan(text, &limits()).unwrap().repeated;
        for text in [
            "{a(b: {c: 1 d: {c: 1}} e: {c: 1}) {c c}}",
            "query($c: I = {c: 1} $c: I = {c: {c: 1}}) {a(c: 1 c: 1)}",
            "{a(b: [{c: 1} {c: 1}] d: \"{c: 1 c: 1}\")}",
        ] {
            assert_eq!(repeated(text), None, "{text}");
        }
        for text in [
            "{a(b: {d: 1 c: {d: 1} c: 2})}",
            "{a(b: [{c: 1, c: $d}])}",
            "query($a: I = {c: 1 c: 1}) @b(d: 1) {e}",
            "query @b(d: {c: {} c: {}}) {e}",
            "{a {...F @b(d: {c: 1 c: 1})}}",
        ] {
            assert_eq!(repeated(text).as_deref(), Some("c"), "{text}");
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
