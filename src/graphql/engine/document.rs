//! From the text of a document to one that is valid, and those that were seen before.
//!
//! apollo-compiler parses and validates by the specification of September 2025. Beside it stand here: the
//! bounds, descriptions (`scan::blank`) and fields that stand twice in an input object.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use apollo_compiler::ast::{self, Definition, Selection, Value};
use apollo_compiler::executable::{ExecutableDocument, Operation};
use apollo_compiler::parser::{Parser, SourceSpan};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Name, Node, introspection};
use moka::sync::Cache;

use super::refusal::{Problem, Refusal};
use super::schema::TypeSystem;
use super::{measure, scan, usages};
use crate::config::Limits;
use crate::store::Mode;

/// How many bytes the documents may take, about.
const CAPACITY: u64 = 32 << 20;

/// How many bytes a valid document takes for each of its text, at most about: a field has some 300, and may
/// be written with three.
const PER_BYTE: usize = 100;

/// How often apollo's parser may call itself; each bracket costs up to four calls. Its own default, which
/// any stack has room for.
const MAX_RECURSION: usize = 500;

/// What takes the place of a document's text that has no name of its own.
const PATH: &str = "document";

/// A valid document with all its operations.
pub(super) struct Document {
    executable: Valid<ExecutableDocument>,
    /// The variables that must not be null, of each operation.
    required: Vec<(Option<Name>, Vec<Name>)>,
    /// How many statements it needed the last time that it was run; 0 before.
    statements: AtomicUsize,
}

impl Document {
    pub(super) fn executable(&self) -> &Valid<ExecutableDocument> {
        &self.executable
    }

    /// The variables of one of its operations that must not be null where they stand.
    pub(super) fn required(&self, operation: &Operation) -> &[Name] {
        let found = self.required.iter().find(|(name, _)| *name == operation.name);
        found.map_or(&[], |(_, required)| required)
    }

    /// How a query of it is read.
    pub(super) fn mode(&self) -> Mode {
        match self.statements.load(Ordering::Relaxed) {
            0 => Mode::Transaction,
            statements => Mode::Expect(statements),
        }
    }

    /// Notes how many statements a query needed.
    pub(super) fn note_statements(&self, statements: usize) {
        if statements != self.statements.load(Ordering::Relaxed) {
            self.statements.store(statements, Ordering::Relaxed);
        }
    }

    /// The operation that shall be run.
    pub(super) fn operation(&self, name: Option<&str>) -> Result<&Node<Operation>, Refusal> {
        let found = self.executable.operations.get(name);
        found.map_err(|_| {
            Refusal::invalid(match name {
                Some(_) => "The document has no operation of the name that operationName says.",
                None => {
                    "The document has several operations: say in operationName which one to run."
                }
            })
        })
    }
}

/// The documents that were asked for most often and latest, so that a text is parsed and validated once.
pub(super) struct Documents {
    known: Cache<String, Arc<Document>>,
    limits: Limits,
}

impl Documents {
    pub(super) fn new(limits: Limits) -> Self {
        let weight = |text: &String, _: &Arc<_>| {
            u32::try_from(text.len().saturating_mul(PER_BYTE)).unwrap_or(u32::MAX)
        };
        Self { known: Cache::builder().max_capacity(CAPACITY).weigher(weight).build(), limits }
    }

    /// The document of this text, if it is valid.
    pub(super) fn get(&self, types: &TypeSystem, text: &str) -> Result<Arc<Document>, Refusal> {
        if let Some(document) = self.known.get(text) {
            return Ok(document);
        }
        let document = Arc::new(parse(types, text, &self.limits)?);
        if !may_hold_secrets(text, &document.executable) {
            self.known.insert(text.to_owned(), Arc::clone(&document));
        }
        Ok(document)
    }
}

/// Passwords and refresh tokens that stand in the text itself, and not among the variables, are not kept.
fn may_hold_secrets(text: &str, document: &ExecutableDocument) -> bool {
    text.contains('"') && document.operations.iter().any(|one| !one.is_query())
}

/// Parses and validates a document that is not made to be slow.
fn parse(types: &TypeSystem, text: &str, limits: &Limits) -> Result<Document, Refusal> {
    let scanned = scan::scan(text, limits).map_err(Refusal::too_complex)?;
    let text = scan::blank(text, &scanned.descriptions);
    let parsed = Parser::new().recursion_limit(MAX_RECURSION).parse_ast(text, PATH);
    let document = parsed.map_err(|found| unparsable(&found.errors))?;
    if scanned.no_colon {
        return Err(Refusal::unparsable("Syntax error: a colon is missing behind a name."));
    }
    measure::check(&document, limits).map_err(Refusal::too_complex)?;
    unique_input_fields(&document)?;
    let document = document.to_executable_validate(&types.schema);
    let document = document.map_err(|found| invalid(&found.errors, types.told))?;
    let mut required = Vec::new();
    for operation in document.operations.iter() {
        introspection_allowed(types, &document, operation)?;
        required.push((operation.name.clone(), usages::check(types, &document, operation)?));
    }
    Ok(Document { executable: document, required, statements: AtomicUsize::new(0) })
}

/// Syntax errors name the place, not what stands there: it may be a password.
fn unparsable(errors: &DiagnosticList) -> Refusal {
    let problems = errors.iter().take(1).map(|error| {
        let error = error.to_json();
        let message = error.message.trim_start_matches("syntax error: ");
        let message = message.split(['"', '`', '\'']).next().unwrap_or_default().trim_end();
        let message = format!("Syntax error: {message}.").into();
        Problem { message, places: places(&error.locations) }
    });
    Refusal::unparsable_at(problems.collect())
}

fn invalid(errors: &DiagnosticList, told: bool) -> Refusal {
    let problems = errors.iter().map(|error| {
        let error = error.to_json();
        let message = if told { error.message.into() } else { HIDDEN.into() };
        Problem { message, places: places(&error.locations) }
    });
    Refusal::invalid_at(problems.collect())
}

/// What stands for messages that would tell of the schema.
const HIDDEN: &str = "The request does not fit the schema.";

fn places(locations: &[apollo_compiler::parser::LineColumn]) -> Vec<(usize, usize)> {
    locations.iter().map(|place| (place.line, place.column)).collect()
}

/// Introspection may be turned off, and must not go in circles.
fn introspection_allowed(
    types: &TypeSystem,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
) -> Result<(), Refusal> {
    let is_meta = |name: &str| matches!(name, "__schema" | "__type");
    if !types.told && operation.root_fields(document).any(|field| is_meta(&field.name)) {
        return Err(Refusal::invalid("Introspection is turned off."));
    }
    introspection::check_max_depth(document, operation)
        .map_err(|_| Refusal::too_complex("Lists of the introspection lie too deep in each other."))
}

/// "Input Object Field Uniqueness", which apollo-compiler leaves out.
fn unique_input_fields(document: &ast::Document) -> Result<(), Refusal> {
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                for variable in &operation.variables {
                    variable.default_value.iter().try_for_each(unique_fields)?;
                    unique_in_directives(&variable.directives)?;
                }
                unique_in_directives(&operation.directives)?;
                unique_in_selections(&operation.selection_set)?;
            }
            Definition::FragmentDefinition(fragment) => {
                unique_in_directives(&fragment.directives)?;
                unique_in_selections(&fragment.selection_set)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn unique_in_selections(set: &[Selection]) -> Result<(), Refusal> {
    set.iter().try_for_each(|selection| match selection {
        Selection::Field(field) => {
            unique_in_arguments(&field.arguments)?;
            unique_in_directives(&field.directives)?;
            unique_in_selections(&field.selection_set)
        }
        Selection::InlineFragment(inline) => {
            unique_in_directives(&inline.directives)?;
            unique_in_selections(&inline.selection_set)
        }
        Selection::FragmentSpread(spread) => unique_in_directives(&spread.directives),
    })
}

fn unique_in_directives(directives: &ast::DirectiveList) -> Result<(), Refusal> {
    directives.iter().try_for_each(|directive| unique_in_arguments(&directive.arguments))
}

fn unique_in_arguments(arguments: &[Node<ast::Argument>]) -> Result<(), Refusal> {
    arguments.iter().try_for_each(|argument| unique_fields(&argument.value))
}

fn unique_fields(value: &Node<Value>) -> Result<(), Refusal> {
    match &**value {
        Value::List(items) => items.iter().try_for_each(unique_fields),
        Value::Object(fields) => {
            let mut names = HashSet::new();
            fields.iter().try_for_each(|(name, value)| {
                if !names.insert(name) {
                    let message = format!("The input field {name} is given twice.");
                    return Err(Refusal::invalid(message));
                }
                unique_fields(value)
            })
        }
        _ => Ok(()),
    }
}

/// Where something begins in its document, in bytes.
pub(super) fn offset(place: Option<SourceSpan>) -> usize {
    place.map(|place| place.offset()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

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
