//! What is refused before anything else looks at it: documents that are made to be slow.
//!
//! The library's parser recurses for each bracket and its checks inline each fragment wherever it is
//! spread, so 4 kB of brackets end its process and 1 kB of doubling fragments cost 20 seconds. Both
//! are bounded here, in time that grows with the length of the document alone.

mod measure;
mod scan;

use async_graphql::parser::types::ExecutableDocument;

pub(super) use scan::nested_deeper;

use crate::config::Limits;

/// Why a document is refused: a sentence that says by how much.
pub(super) type TooComplex = String;

/// Why a text is not even parsed, as a sentence.
#[derive(Debug)]
pub(super) enum Refused {
    TooComplex(TooComplex),
    Unparsable(String),
}

/// Bounds tokens and the nesting of brackets, before parsing.
pub(super) fn check_text(query: &str, limits: &Limits) -> Result<(), Refused> {
    scan::check(query, limits)
}

/// Bounds what a parsed document asks for, before validation.
pub(super) fn check_document(
    document: &ExecutableDocument,
    limits: &Limits,
) -> Result<(), TooComplex> {
    measure::check(document, limits)
}
