//! The result of a request.

use std::sync::Arc;

use apollo_compiler::introspection;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use async_graphql::{Name, Response, Value, Variables};

use super::budget::Budget;
use super::operation::PreparedOperation;
use super::path::restore_path;
use super::position::places;
use super::request_error::RequestError;
use super::schema::TypeSystem;
use super::verdict::Verdict;
use crate::domain::Error;
use crate::graphql::error;
use crate::metrics;

/// Responses that take less memory than this many bytes are small. Their JSON is at most about as long.
const SMALL: usize = 128 << 10;

/// The result of a request.
pub struct Answer {
    /// The GraphQL response.
    pub response: Response,
    /// Whether it was run.
    pub verdict: Verdict,
    /// Whether it may hold tokens. These must not be compressed next to text written by others: the
    /// compressed size would reveal them (BREACH).
    pub holds_secrets: bool,
    /// Whether it is known to be short enough to be serialized at once. False for requests that were not run.
    pub small: bool,
    /// Holds the memory of the response until all of it has been sent, or the client has gone. (A small
    /// response is already serialized by then, and no longer counted.)
    pub(in crate::graphql) memory: Option<Arc<Budget>>,
}

impl Answer {
    pub(in crate::graphql) fn new(response: Response, verdict: Verdict) -> Self {
        Self { response, verdict, holds_secrets: false, small: false, memory: None }
    }

    pub(super) fn of_run(response: Response, budget: Arc<Budget>, holds_secrets: bool) -> Self {
        let small = budget.bytes() < SMALL;
        Self { holds_secrets, small, memory: Some(budget), ..Self::new(response, Verdict::Run) }
    }

    /// The response to a request whose `what`, its variables or extensions, have more than `max` values.
    pub fn too_many_values(what: &str, max: usize) -> Self {
        Self::refused(RequestError::too_complex(format!("The {what} have more than {max} values.")))
    }

    pub(super) fn refused(error: RequestError) -> Self {
        let verdict = error.verdict;
        metrics::get().documents.refusals.of(error.reason).inc();
        Self::new(error.into(), verdict)
    }

    /// The response to a request that has no data because of an error.
    pub(super) fn failed(error: Error, request_id: &str) -> Self {
        let verdict = match error {
            Error::BadToken { .. } => Verdict::Unauthenticated,
            Error::TooLarge { .. } | Error::TooLong { .. } | Error::TooManyErrors { .. } => {
                Verdict::Refused
            }
            _ => Verdict::Unavailable,
        };
        let mut response = error::of_request(error);
        error::complete(&mut response.errors, request_id);
        Self::new(response, verdict)
    }

    /// Whether `data` is not null.
    pub fn has_data(&self) -> bool {
        self.response.data != Value::Null
    }

    /// The number of seconds after which the client may retry a rate-limited request.
    pub fn retry_after(&self) -> Option<u64> {
        self.response.errors.iter().filter_map(error::retry_after).max()
    }

    /// The different codes of the errors, in their order.
    pub fn codes(&self) -> Vec<&'static str> {
        let mut codes = Vec::new();
        for code in self.response.errors.iter().filter_map(error::code_of) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }

    /// Inserts the fields of the introspection between the other fields, in the order of `keys`.
    pub(super) fn add_introspection(&mut self, keys: Vec<Name>, introspection: Value) {
        let (Value::Object(data), Value::Object(mut introspection)) =
            (&mut self.response.data, introspection)
        else {
            return;
        };
        let mut own = std::mem::take(data);
        let entry = |key: Name| {
            let value = own.swap_remove(&key).or_else(|| introspection.swap_remove(&key));
            value.map(|value| (key, value))
        };
        *data = keys.into_iter().filter_map(entry).collect();
    }

    /// Completes the errors: their paths, their locations in the document, and codes for errors of the
    /// library.
    pub(super) fn complete(&mut self, text: &str, request_id: &str) {
        let errors = &mut self.response.errors;
        if errors.is_empty() {
            return;
        }
        let omitted = error::omit_many(errors);
        let found = places(text, errors.iter().flat_map(|error| error.locations.iter().copied()));
        for error in errors.iter_mut() {
            restore_path(error);
            let places = error.locations.iter().filter_map(|place| found.get(&place.line).copied());
            error.locations = places.collect();
        }
        error::complete(errors, request_id);
        error::tell_of_omitted(errors, omitted);
    }
}

/// Executes the introspection fields of an operation.
pub(super) fn introspection(
    types: &TypeSystem,
    operation: &PreparedOperation,
    variables: &Variables,
) -> Option<Value> {
    let variables = serde_json::to_value(variables).ok()?;
    let variables: JsonMap = serde_json::from_value(variables).ok()?;
    let answer = introspection::partial_execute(
        &types.schema,
        &types.implementers,
        &operation.document,
        &operation.definition,
        Valid::assume_valid_ref(&variables),
    );
    async_graphql::to_value(answer.ok()?.data).ok()
}
