//! The nodes of the documents that async-graphql executes.

use std::collections::HashMap;

use apollo_compiler::Node;
use apollo_compiler::executable::{Field, OperationType};
use async_graphql::parser::types as library;
use async_graphql::{Name, Pos, Positioned};

use super::arguments::Arguments;
use crate::graphql::engine::position::position;

/// A document with one operation, whose variables have these names.
pub(super) fn document<'n>(
    ty: OperationType,
    variables: impl Iterator<Item = &'n Name>,
    set: library::SelectionSet,
) -> library::ExecutableDocument {
    let definition = library::OperationDefinition {
        ty: match ty {
            OperationType::Mutation => library::OperationType::Mutation,
            // Payloads of subscriptions are executed as queries.
            OperationType::Query | OperationType::Subscription => library::OperationType::Query,
        },
        variable_definitions: variables.map(definition).collect(),
        directives: Vec::new(),
        selection_set: nowhere(set),
    };
    library::ExecutableDocument {
        operations: library::DocumentOperations::Single(nowhere(definition)),
        fragments: HashMap::new(),
    }
}

/// async-graphql needs the names of variables, but never their types.
fn definition(name: &Name) -> Positioned<library::VariableDefinition> {
    let any = library::BaseType::Named(name.clone());
    nowhere(library::VariableDefinition {
        name: nowhere(name.clone()),
        var_type: nowhere(library::Type { base: any, nullable: true }),
        directives: Vec::new(),
        default_value: None,
    })
}

/// A field.
pub(super) fn field(
    field: &Node<Field>,
    arguments: Arguments,
    set: library::SelectionSet,
) -> Positioned<library::Selection> {
    let place = position(field.location());
    let name = |name: &apollo_compiler::Name| Positioned::new(Name::new(name), place);
    let field = library::Field {
        alias: field.alias.as_ref().map(name),
        name: name(&field.name),
        arguments,
        directives: Vec::new(),
        selection_set: Positioned::new(set, place),
    };
    Positioned::new(library::Selection::Field(Positioned::new(field, place)), place)
}

/// Fields of an object type.
pub(super) fn on(
    object: &str,
    items: Vec<Positioned<library::Selection>>,
) -> Positioned<library::Selection> {
    let condition = library::TypeCondition { on: nowhere(Name::new(object)) };
    nowhere(library::Selection::InlineFragment(nowhere(library::InlineFragment {
        type_condition: Some(nowhere(condition)),
        directives: Vec::new(),
        selection_set: nowhere(library::SelectionSet { items }),
    })))
}

fn nowhere<T>(node: T) -> Positioned<T> {
    Positioned::new(node, Pos::default())
}
