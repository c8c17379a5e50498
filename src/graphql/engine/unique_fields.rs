//! "Input Object Field Uniqueness" of the specification, which apollo-compiler does not check.

use std::collections::HashSet;

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Definition, Selection, Value};

use super::request_error::RequestError;

/// Checks that no input object in a document has a field twice.
pub(super) fn check(document: &ast::Document) -> Result<(), RequestError> {
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                for variable in &operation.variables {
                    variable.default_value.iter().try_for_each(in_value)?;
                    in_directives(&variable.directives)?;
                }
                in_directives(&operation.directives)?;
                in_selections(&operation.selection_set)?;
            }
            Definition::FragmentDefinition(fragment) => {
                in_directives(&fragment.directives)?;
                in_selections(&fragment.selection_set)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn in_selections(set: &[Selection]) -> Result<(), RequestError> {
    set.iter().try_for_each(|selection| match selection {
        Selection::Field(field) => {
            in_arguments(&field.arguments)?;
            in_directives(&field.directives)?;
            in_selections(&field.selection_set)
        }
        Selection::InlineFragment(inline) => {
            in_directives(&inline.directives)?;
            in_selections(&inline.selection_set)
        }
        Selection::FragmentSpread(spread) => in_directives(&spread.directives),
    })
}

fn in_directives(directives: &ast::DirectiveList) -> Result<(), RequestError> {
    directives.iter().try_for_each(|directive| in_arguments(&directive.arguments))
}

fn in_arguments(arguments: &[Node<ast::Argument>]) -> Result<(), RequestError> {
    arguments.iter().try_for_each(|argument| in_value(&argument.value))
}

fn in_value(value: &Node<Value>) -> Result<(), RequestError> {
    match &**value {
        Value::List(items) => items.iter().try_for_each(in_value),
        Value::Object(fields) => {
            let mut names = HashSet::new();
            fields.iter().try_for_each(|(name, value)| {
                if !names.insert(name) {
                    let message = format!("The input field {name} is given more than once.");
                    return Err(RequestError::invalid(message));
                }
                in_value(value)
            })
        }
        _ => Ok(()),
    }
}
