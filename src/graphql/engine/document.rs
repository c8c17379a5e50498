//! Parses and validates documents, and caches valid ones.
//!
//! apollo-compiler parses and validates according to the specification of September 2025. This module
//! adds the limits, descriptions, and the rules in `scan`, `usages` and `plan/list_arguments`.

use std::borrow::Cow;
use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::executable::{ExecutableDocument, Operation};
use apollo_compiler::parser::{Parser, SourceSpan};
use apollo_compiler::validation::{DiagnosticList, Valid, WithErrors};
use moka::sync::Cache;

use super::operation::PreparedOperation;
use super::plan::check_list_arguments;
use super::position::{places, position};
use super::request_error::{Problem, RequestError};
use super::schema::TypeSystem;
use super::{measure, scan, usages};
use crate::config::Limits;
use crate::metrics::{self, Lookup, Refused};

/// The approximate capacity of the cache in bytes.
const CAPACITY: u64 = 32 << 20;

/// The approximate memory of a valid document for each byte of its text, at most: a field takes some 300
/// bytes, and its text at least three.
const PER_BYTE: usize = 100;

/// The recursion limit of apollo's parser; each bracket costs up to four calls. This is the default of
/// the parser, for which every stack is large enough.
const MAX_RECURSION: usize = 500;

/// The file name of documents for apollo-compiler.
const PATH: &str = "document";

/// A valid document with all its operations.
pub(super) struct Document {
    text: Arc<str>,
    operations: Vec<Arc<PreparedOperation>>,
}

impl Document {
    pub(super) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// False if the text itself may hold passwords or refresh tokens as literals.
    pub(super) fn may_be_kept(&self) -> bool {
        !self.text.contains('"') || self.operations.iter().all(|one| one.definition.is_query())
    }

    /// The operation to run.
    pub(super) fn operation(
        &self,
        name: Option<&str>,
    ) -> Result<&Arc<PreparedOperation>, RequestError> {
        match (name, &*self.operations) {
            (Some(name), all) => {
                let found = all.iter().find(|one| one.definition.name.as_deref() == Some(name));
                found.ok_or("The document has no operation with the name in operationName.")
            }
            (None, [only]) => Ok(only),
            (None, []) => Err("The document has no operation."),
            (None, _) => {
                Err("The document has several operations. Set operationName to the one to run.")
            }
        }
        .map_err(RequestError::invalid)
    }
}

/// A cache of the documents used most often and most recently, so that a text is parsed and validated
/// once.
pub(super) struct Documents {
    known: Cache<Arc<str>, Arc<Document>>,
    limits: Limits,
}

impl Documents {
    pub(super) fn new(limits: Limits) -> Self {
        let weight = |text: &Arc<str>, _: &Arc<_>| {
            u32::try_from(text.len().saturating_mul(PER_BYTE)).unwrap_or(u32::MAX)
        };
        Self { known: Cache::builder().max_capacity(CAPACITY).weigher(weight).build(), limits }
    }

    /// The document with this text; an error if it is not valid.
    pub(super) fn get(
        &self,
        types: &TypeSystem,
        text: &str,
    ) -> Result<Arc<Document>, RequestError> {
        let lookups = &metrics::get().documents.lookups;
        if let Some(document) = self.known.get(text) {
            lookups.of(Lookup::Hit).inc();
            return Ok(document);
        }
        lookups.of(Lookup::Miss).inc();
        let document = Arc::new(parse(types, text, &self.limits)?);
        if document.may_be_kept() {
            self.known.insert(Arc::clone(&document.text), Arc::clone(&document));
        }
        Ok(document)
    }
}

/// Parses and validates a document. Limits are checked first, so that validation cannot take long.
fn parse(types: &TypeSystem, text: &str, limits: &Limits) -> Result<Document, RequestError> {
    let scanned = scan::scan(text, limits).map_err(RequestError::too_complex)?;
    let parsed = Parser::new().recursion_limit(MAX_RECURSION).parse_ast(&scanned.text, PATH);
    let document = parsed.map_err(|found| unparsable(text, &found.errors))?;
    if let Some(message) = scanned.syntax_error {
        return Err(RequestError::unparsable(message));
    }
    measure::check(&document, limits).map_err(RequestError::too_complex)?;
    if let Some(field) = scanned.repeated {
        let message = format!("The input field {field} is given more than once.");
        return Err(RequestError::invalid(message));
    }
    let document = match document.to_executable_validate(&types.schema) {
        Ok(document) => document,
        Err(found) => has_only_merged_roots(found)
            .map_err(|errors| invalid(text, &errors, types.reveals_schema))?,
    };
    check_list_arguments(types, &scanned.text, &document)?;
    let (text, document) = (Arc::from(text), Arc::new(document));
    let prepare = |definition: &Node<Operation>| {
        introspection_allowed(types, &document, definition)?;
        let required = usages::check(types, &document, definition)?;
        Ok(Arc::new(PreparedOperation::new(types, &text, &document, definition, required)))
    };
    let operations = document.operations.iter().map(prepare).collect::<Result<_, _>>()?;
    Ok(Document { text, operations })
}

/// "Single Root Field" of the specification counts response keys. apollo-compiler counts fields, so it rejects a
/// subscription whose root field is selected twice, for instance by two fragments.
fn has_only_merged_roots(
    found: WithErrors<ExecutableDocument>,
) -> Result<Valid<ExecutableDocument>, DiagnosticList> {
    let WithErrors { partial: document, errors } = found;
    let is_about_roots = errors
        .iter()
        .all(|error| error.error.unstable_error_name() == Some("SubscriptionUsesMultipleFields"));
    let has_one_root = |operation: &Node<Operation>| {
        let mut keys = operation.root_fields(&document).map(|field| field.response_key());
        let first = keys.next();
        keys.all(|key| Some(key) == first)
    };
    let is_merged =
        document.operations.iter().filter(|one| one.is_subscription()).all(has_one_root);
    if is_about_roots && is_merged {
        return Ok(Valid::assume_valid(document));
    }
    Err(errors)
}

/// Syntax errors give the position but not the text found there, which may be a password.
fn unparsable(text: &str, errors: &DiagnosticList) -> RequestError {
    let problems = errors.iter().take(1).map(|error| {
        let message = error.error.to_string();
        let message = message.trim_start_matches("syntax error: ");
        let message = message.split(['"', '`', '\'']).next().unwrap_or_default().trim_end();
        (format!("Syntax error: {}.", expectation(message)).into(), error.error.location())
    });
    RequestError::at(Refused::Syntax, located(text, problems.collect()))
}

/// A message of apollo-parser with punctuators as in a document, and without the token that was found.
fn expectation(message: &str) -> String {
    const PUNCTUATORS: [(&str, &str); 4] =
        [("R_CURLY", "}"), ("R_PAREN", ")"), ("R_BRACK", "]"), ("AT", "@")];
    let Some((expected, found)) = message.split_once(", got ") else { return message.to_owned() };
    let kind = expected.strip_prefix("expected ").unwrap_or_default();
    let punctuator = PUNCTUATORS.iter().find(|(name, _)| *name == kind);
    let expected =
        punctuator.map_or_else(|| expected.to_owned(), |(_, sign)| format!("expected {sign}"));
    if found == "EOF" { expected + ", found the end of the document" } else { expected }
}

fn invalid(text: &str, errors: &DiagnosticList, reveals_schema: bool) -> RequestError {
    // apollo-compiler removes unknown fields, and then misses a selection set that has no other field.
    let has_unknown_field =
        errors.iter().any(|error| error.error.unstable_error_name() == Some("UndefinedField"));
    let problems = errors.iter().filter(|error| {
        !has_unknown_field || error.error.unstable_error_name() != Some("MissingSubselection")
    });
    let problems = problems.map(|error| {
        let message = if reveals_schema { error.error.to_string().into() } else { HIDDEN.into() };
        (message, error.error.location())
    });
    RequestError::at(Refused::Invalid, located(text, problems.collect()))
}

/// Replaces messages that would reveal the schema.
const HIDDEN: &str = "The document is not valid for this schema.";

/// Adds lines and columns of the document. Those of apollo-compiler are of the scanned text, which has spaces instead of
/// descriptions, and count characters, not the UTF-16 code units of graphql-js.
fn located(text: &str, found: Vec<(Cow<'static, str>, Option<SourceSpan>)>) -> Vec<Problem> {
    let known = places(
        text,
        found.iter().filter(|(_, span)| span.is_some()).map(|(_, span)| position(*span)),
    );
    let problem = |(message, span): (_, Option<SourceSpan>)| {
        let place = span.and_then(|span| known.get(&position(Some(span)).line).copied());
        Problem { message, place }
    };
    found.into_iter().map(problem).collect()
}

/// Rejects introspection if it is disabled.
fn introspection_allowed(
    types: &TypeSystem,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
) -> Result<(), RequestError> {
    let is_meta = |name: &str| matches!(name, "__schema" | "__type");
    if !types.reveals_schema && operation.root_fields(document).any(|field| is_meta(&field.name)) {
        return Err(RequestError::invalid("Introspection is disabled."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn syntax_errors_do_not_show_what_was_found() {
        let types = TypeSystem::of("type Query { a(x: Int): Int }", true).unwrap();
        let documents = Documents::new(Config::from_lookup(|_| None).unwrap().limits);
        for (text, message) in [
            ("{ a", "Syntax error: expected }, found the end of the document."),
            ("{ a(x: 1 23456) }", "Syntax error: expected )."),
            ("{ a(x: 1} }", "Syntax error: expected )."),
        ] {
            let error = documents.get(&types, text).err().unwrap();
            let told = format!("{error:?}");
            assert!(told.contains(&format!("{message:?}")), "{text}: {told}");
        }
    }

    #[test]
    fn an_unknown_field_is_the_only_error() {
        let types = TypeSystem::of("type Query { a: A } type A { b: Int }", true).unwrap();
        let documents = Documents::new(Config::from_lookup(|_| None).unwrap().limits);
        for (text, message) in [
            ("{ a { c } }", "type `A` does not have a field `c`"),
            ("{ a }", "interface, union and object types must have a subselection set"),
        ] {
            let told = format!("{:?}", documents.get(&types, text).err().unwrap());
            assert!(told.contains(message) && told.matches("message:").count() == 1, "{told}");
        }
    }

    #[test]
    fn locations_are_those_of_the_document() {
        let types = TypeSystem::of("type Query { a(x: String): Int }", true).unwrap();
        let documents = Documents::new(Config::from_lookup(|_| None).unwrap().limits);
        for (text, line, column) in [
            ("\"é😀\" query { b }", 1, 15),
            ("query(\"é\" $x: Int = 1) { a(x: ) }", 1, 31),
            ("{ a(x: \"😀\u{2028}\") b }", 1, 15),
            ("{ a #é\r b }", 2, 2),
        ] {
            let told = format!("{:?}", documents.get(&types, text).err().unwrap());
            let place = format!("Pos({line}:{column})");
            assert!(told.contains(&place), "{text}: {told}");
        }
    }

    #[test]
    fn passwords_are_not_kept() {
        let sdl = "type Query { a(x: String): Int } type Mutation { b(x: String): Int }";
        let types = TypeSystem::of(sdl, true).unwrap();
        let documents = Documents::new(Config::from_lookup(|_| None).unwrap().limits);
        for (text, kept) in [
            (r#"{ a(x: "board_1") }"#, true),
            ("mutation($x: String) { b(x: $x) }", true),
            (r#"mutation { b(x: "secret") }"#, false),
            (r#"query A { a } mutation B { b(x: """secret""") }"#, false),
        ] {
            documents.get(&types, text).map_err(drop).unwrap();
            assert_eq!(documents.known.get(text).is_some(), kept, "{text}");
        }
    }
}
