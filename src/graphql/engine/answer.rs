//! What became of a request.

use std::sync::Arc;

use apollo_compiler::executable::Operation;
use apollo_compiler::introspection;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use async_graphql::{Name, Response, Value, Variables};

use super::budget::Budget;
use super::document::Document;
use super::path::restore_path;
use super::plan::place;
use super::refusal::Refusal;
use super::schema::TypeSystem;
use crate::domain::Error;
use crate::graphql::error;

/// How much memory an answer takes that is small: at most about so much JSON.
const SMALL: usize = 128 << 10;

/// What became of a request.
pub struct Answer {
    /// What the client is told.
    pub response: Response,
    /// Whether it was run.
    pub verdict: Verdict,
    /// Whether it may hold tokens, which must not be compressed beside what others have written: the size
    /// would tell of them (BREACH).
    pub holds_tokens: bool,
    /// Whether it is too small to be sent in pieces.
    pub small: bool,
    /// The memory that the answer takes, until it is dropped: when all of it has been sent, or never will be. (What
    /// is small is one text by then, and no longer counted.)
    pub guard: Option<Box<dyn Send>>,
}

/// Whether a request was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was, perhaps with errors in some of its fields.
    Run,
    /// It was not: something is wrong with the request itself.
    Refused,
    /// It was not: the access token is of no use.
    Unauthenticated,
    /// It was not: the database did not say whose the access token is.
    Unavailable,
    /// It was not: the operation is not one of those that were allowed.
    OperationNotAllowed,
    /// It was not: it gives a hash in place of the document.
    OnlyHash,
}

impl Answer {
    pub(in crate::graphql) fn new(response: Response, verdict: Verdict) -> Self {
        Self { response, verdict, holds_tokens: false, small: false, guard: None }
    }

    pub(super) fn run(response: Response, budget: Arc<Budget>, holds_tokens: bool) -> Self {
        let small = budget.bytes() < SMALL;
        let guard: Option<Box<dyn Send>> = Some(Box::new(budget));
        Self { holds_tokens, small, guard, ..Self::new(response, Verdict::Run) }
    }

    /// The answer to a request whose variables or extensions (`what`) have more values than that.
    pub fn too_many_values(what: &str, max: usize) -> Self {
        Self::refused(Refusal::too_complex(format!("The {what} have more than {max} values.")))
    }

    /// The answer to a request that gives the hash of a document only.
    pub fn only_hash() -> Self {
        Self::new(Refusal::persisted_query_not_supported().into(), Verdict::OnlyHash)
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self::new(refusal.into(), Verdict::Refused)
    }

    pub(super) fn not_allowed() -> Self {
        Self::new(Refusal::operation_not_allowed().into(), Verdict::OperationNotAllowed)
    }

    pub(super) fn without_viewer(refusal: Error) -> Self {
        let verdict = match refusal {
            Error::BadToken { .. } => Verdict::Unauthenticated,
            _ => Verdict::Unavailable,
        };
        Self::new(error::of_request(refusal), verdict)
    }

    /// The answer to a query that takes more memory than there is.
    pub(super) fn too_large(refused: Error) -> Self {
        Self::new(error::of_request(refused), Verdict::Refused)
    }

    /// The answer to a query that could not read all of one state.
    pub(super) fn unavailable() -> Self {
        Self::new(error::of_request(Error::Unavailable), Verdict::Unavailable)
    }

    /// In how many seconds the client may try again what was too much.
    pub fn retry_after(&self) -> Option<u64> {
        self.response.errors.iter().filter_map(error::retry_after).max()
    }

    /// Puts what the introspection has told between the other fields, in the order of these keys.
    pub(super) fn add_introspection(&mut self, keys: Vec<Name>, told: Value) {
        let (Value::Object(data), Value::Object(mut told)) = (&mut self.response.data, told) else {
            return;
        };
        let mut own = std::mem::take(data);
        let entry = |key: Name| {
            let value = own.swap_remove(&key).or_else(|| told.swap_remove(&key));
            value.map(|value| (key, value))
        };
        *data = keys.into_iter().filter_map(entry).collect();
    }

    /// Gives errors their paths, their places in the document's text, and codes to those of the library.
    pub(super) fn complete(&mut self, text: &str, request_id: &str) {
        for error in &mut self.response.errors {
            restore_path(error);
            let places = error.locations.iter().filter_map(|found| place(text, *found));
            error.locations = places.collect();
        }
        error::complete(&mut self.response.errors, request_id);
    }
}

/// What the fields of the introspection answer.
pub(super) fn introspection(
    types: &TypeSystem,
    document: &Document,
    operation: &Operation,
    variables: &Variables,
) -> Option<Value> {
    let variables = serde_json::to_value(variables).ok()?;
    let variables: JsonMap = serde_json::from_value(variables).ok()?;
    let answer = introspection::partial_execute(
        &types.schema,
        &types.implementers,
        document.executable(),
        operation,
        Valid::assume_valid_ref(&variables),
    );
    async_graphql::to_value(answer.ok()?.data).ok()
}
