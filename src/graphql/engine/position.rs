//! Positions in a document: what the library carries instead of line and column, and back.

use apollo_compiler::parser::SourceSpan;
use async_graphql::Pos;

/// A location in the form that the library carries: the offset, counted from 1, in place of the line.
/// Lines are computed only for errors.
pub(super) fn position(place: Option<SourceSpan>) -> Pos {
    Pos { line: place.map(|place| place.offset()).unwrap_or_default() + 1, column: 0 }
}

/// The line and column of a location made by [`position`].
pub(super) fn place(text: &str, place: Pos) -> Option<Pos> {
    let before = text.get(..place.line.checked_sub(1)?)?;
    let is_end = |(index, byte): &(usize, u8)| match byte {
        b'\n' => true,
        b'\r' => before.as_bytes().get(index + 1) != Some(&b'\n'),
        _ => false,
    };
    let ends = before.bytes().enumerate().filter(is_end);
    let (lines, start) = ends.fold((1, 0), |(lines, _), (index, _)| (lines + 1, index + 1));
    Some(Pos { line: lines, column: before.get(start..)?.encode_utf16().count() + 1 })
}
