//! Positions in a document: what async-graphql carries instead of line and column, and back.

use std::collections::{BTreeSet, HashMap};

use apollo_compiler::parser::SourceSpan;
use async_graphql::Pos;

/// A location in the form that async-graphql carries: the offset, counted from 1, in place of the line.
/// Lines are computed only for errors.
pub(super) fn position(place: Option<SourceSpan>) -> Pos {
    Pos { line: place.map(|place| place.offset()).unwrap_or_default() + 1, column: 0 }
}

/// The lines and columns of locations made by [`position`], by their offsets. The text is read once.
pub(super) fn places(text: &str, places: impl Iterator<Item = Pos>) -> HashMap<usize, Pos> {
    let offsets: BTreeSet<_> =
        places.map(|place| place.line).filter(|offset| *offset > 0).collect();
    let mut rest = offsets.into_iter().peekable();
    let mut found = HashMap::new();
    let (mut place, mut last) = (Pos { line: 1, column: 1 }, '\0');
    for (index, character) in text.char_indices() {
        while let Some(offset) = rest.next_if(|offset| *offset <= index + 1) {
            found.insert(offset, place);
        }
        if rest.peek().is_none() {
            return found;
        }
        match character {
            '\n' if last == '\r' => {}
            '\n' | '\r' => place = Pos { line: place.line + 1, column: 1 },
            _ => place.column += character.len_utf16(),
        }
        last = character;
    }
    found.extend(rest.map(|offset| (offset, place)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_those_of_graphql_js() {
        let text = "{\r\n  é😀 a\n\rb\n";
        let at = |sign: char| Pos { line: text.find(sign).unwrap() + 1, column: 0 };
        let found = places(text, ['b', '{', 'a', 'é'].map(at).into_iter());
        for (sign, line, column) in [('{', 1, 1), ('é', 2, 3), ('a', 2, 7), ('b', 4, 1)] {
            assert_eq!(found[&at(sign).line], Pos { line, column }, "{sign}");
        }
    }
}
