//! "Field Selection Merging" of the specification, for arguments with lists: apollo-compiler considers two lists
//! equal if one is a prefix of the other. It has checked everything else.

use apollo_compiler::Node;
use apollo_compiler::ast;
use apollo_compiler::executable::{ExecutableDocument, Field, SelectionSet};

use super::collect::{Conditions, Scope};
use crate::graphql::engine::request_error::RequestError;
use crate::graphql::engine::schema::TypeSystem;
use crate::graphql::engine::variables::Values;

/// Checks all operations. Most documents need no check, because they have no list.
pub(in crate::graphql::engine) fn check_list_arguments(
    types: &TypeSystem,
    text: &str,
    document: &ExecutableDocument,
) -> Result<(), RequestError> {
    if !text.contains('[') {
        return Ok(());
    }
    let values = Values::default();
    let scope = Scope::new(types, &document.fragments, &values, Conditions::Ignore);
    let mut operations = document.operations.iter();
    operations.try_for_each(|one| check(&scope, one.object_type(), &[&one.selection_set]))
}

/// Checks selection sets that are merged into one.
fn check(scope: &Scope<'_>, ty: &str, sets: &[&SelectionSet]) -> Result<(), RequestError> {
    scope.check_steps()?;
    let Some(groups) = scope.collect(ty, sets) else {
        let mut objects = scope.types.objects_of(ty).into_iter().flatten();
        return objects.try_for_each(|object| check(scope, object, sets));
    };
    groups.iter().try_for_each(|group| {
        if let Some(other) = group.others.iter().find(|one| !same_arguments(group.first, one)) {
            return Err(RequestError::invalid(format!(
                "{} is selected more than once with different arguments.",
                other.response_key()
            )));
        }
        check(scope, group.first.ty().inner_named_type(), &group.sets())
    })
}

fn same_arguments(one: &Field, other: &Field) -> bool {
    let same = |argument: &Node<ast::Argument>| {
        let value = other.specified_argument_by_name(&argument.name);
        value.is_some_and(|value| same_value(&argument.value, value))
    };
    one.arguments.len() == other.arguments.len() && one.arguments.iter().all(same)
}

fn same_value(one: &ast::Value, other: &ast::Value) -> bool {
    match (one, other) {
        (ast::Value::List(one), ast::Value::List(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (ast::Value::Object(one), ast::Value::Object(other)) => {
            let same = |(name, value): &(apollo_compiler::Name, Node<ast::Value>)| {
                let found = other.iter().find(|(own, _)| own == name);
                found.is_some_and(|(_, other)| same_value(value, other))
            };
            one.len() == other.len() && one.iter().all(same)
        }
        (one, other) => one == other,
    }
}
