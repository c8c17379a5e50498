//! Equal fields at the root of a mutation, which the specification merges and the library runs once for
//! each time that they are written.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition,
    OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};

/// Merges the root fields of each mutation that are equal; answers the name of one that it cannot
/// merge, because it comes from a fragment or has a directive.
pub(in crate::graphql) fn merge_root_fields(document: &mut ExecutableDocument) -> Option<Name> {
    let ExecutableDocument { operations, fragments } = document;
    let operations: Vec<&mut OperationDefinition> = match operations {
        DocumentOperations::Single(operation) => vec![&mut operation.node],
        DocumentOperations::Multiple(all) => all.values_mut().map(|one| &mut one.node).collect(),
    };
    operations.into_iter().filter(|operation| operation.ty == OperationType::Mutation).find_map(
        |operation| {
            let set = &mut operation.selection_set.node;
            merge(set);
            twice(set, fragments, &mut HashSet::new())
        },
    )
}

fn merge(set: &mut SelectionSet) {
    let mut merged: Vec<Positioned<Selection>> = Vec::with_capacity(set.items.len());
    let mut places: HashMap<Name, usize> = HashMap::new();
    for mut selection in std::mem::take(&mut set.items) {
        if let Selection::Field(field) = &mut selection.node {
            let place =
                *places.entry(field.node.response_key().node.clone()).or_insert(merged.len());
            if let Some(Selection::Field(first)) = merged.get_mut(place).map(|one| &mut one.node)
                && equal(&first.node, &field.node)
            {
                first
                    .node
                    .selection_set
                    .node
                    .items
                    .append(&mut field.node.selection_set.node.items);
                continue;
            }
        }
        merged.push(selection);
    }
    set.items = merged;
}

/// Whether two fields of one response key do the same, whenever they do it.
fn equal(a: &Field, b: &Field) -> bool {
    let argument = |(name, value): &(Positioned<Name>, _)| {
        b.get_argument(&name.node).map(|other| &other.node) == Some(plain(value))
    };
    a.name.node == b.name.node
        && a.directives.is_empty()
        && b.directives.is_empty()
        && a.arguments.len() == b.arguments.len()
        && a.arguments.iter().all(argument)
}

fn plain<T>(value: &Positioned<T>) -> &T {
    &value.node
}

/// A response key that is there more than once. Fragments have been found to have no circles.
fn twice(
    set: &SelectionSet,
    fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
    seen: &mut HashSet<Name>,
) -> Option<Name> {
    set.items.iter().find_map(|selection| match &selection.node {
        Selection::Field(field) => {
            let key = &field.node.response_key().node;
            let does_something = field.node.name.node != "__typename";
            (!seen.insert(key.clone()) && does_something).then(|| key.clone())
        }
        Selection::InlineFragment(inline) => {
            twice(&inline.node.selection_set.node, fragments, seen)
        }
        Selection::FragmentSpread(spread) => {
            let fragment = fragments.get(&spread.node.fragment_name.node)?;
            twice(&fragment.node.selection_set.node, fragments, seen)
        }
    })
}
