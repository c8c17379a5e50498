//! Documents that have been run before, so that the text of an operation is looked at once: parsing it and
//! checking it against the schema take longer than the rest of a small query (of 17 µs, 14).
//!
//! What is kept has passed every check that its text alone decides. Those that read variables, or who is
//! asking, are not among them and run each time.

use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use moka::sync::Cache;

/// How many bytes the documents may take, about.
const CAPACITY: u64 = 32 << 20;

/// How many bytes a parsed document takes for each of its text, at most about: a field has some 300, and may
/// be written with three.
const PARSED: usize = 100;

/// The documents that were asked for most often and latest.
pub(super) struct Documents(Cache<String, Arc<ExecutableDocument>>);

impl Documents {
    pub(super) fn new() -> Self {
        let weight = |text: &String, _: &Arc<_>| {
            u32::try_from(text.len().saturating_mul(PARSED)).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(CAPACITY).weigher(weight).build())
    }

    /// A document that has been run.
    pub(super) fn get(&self, text: &str) -> Option<Arc<ExecutableDocument>> {
        self.0.get(text)
    }

    /// Keeps a document that was found to be valid, with all its operations.
    pub(super) fn keep(&self, text: String, document: Arc<ExecutableDocument>) {
        if !may_hold_secrets(&text, &document) {
            self.0.insert(text, document);
        }
    }
}

/// Passwords and refresh tokens that stand in the text itself, and not among the variables, are not kept.
fn may_hold_secrets(text: &str, document: &ExecutableDocument) -> bool {
    let mut operations = document.operations.iter();
    text.contains('"') && operations.any(|(_, one)| one.node.ty != OperationType::Query)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn passwords_are_not_kept() {
        let documents = Documents::new();
        for (text, kept) in [
            (r#"{ board(id: "board_1") { id } }"#, true),
            ("mutation($i: LogInInput!) { logIn(input: $i) { accessToken } }", true),
            (r#"mutation { logIn(input: { password: "secret" }) { accessToken } }"#, false),
            (r#"query A { a } mutation B { b(input: { c: """secret""" }) { d } }"#, false),
        ] {
            documents.keep(text.to_owned(), Arc::new(parse_query(text).unwrap()));
            assert_eq!(documents.get(text).is_some(), kept, "{text}");
        }
    }
}
